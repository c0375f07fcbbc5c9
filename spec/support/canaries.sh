#!/bin/sh
# The specs with all events printed; none of their secrets, which begin with
# "canary", may stand in what comes out. On LuaJIT that includes nginx, whose
# logs support/nginx.lua looks through.
set -eu
for vm in lua5.4 luajit; do
  output=build/canaries-$vm.log
  make --no-print-directory -s LUA=$vm build-test
  # Specs that compare all that a child prints fail with the events in
  # between, so how many pass says nothing here.
  TRUTO_LOG=debug $vm spec/support/run.lua spec > "$output" 2>&1 || true
  if grep -n 'canary-' "$output"; then
    echo "$vm: the lines above have a secret" >&2
    exit 1
  fi
  counts=$(grep ' passed, ' "$output" | tail -n 1 || true)
  if [ -z "$counts" ]; then
    echo "$vm ended before its specs did" >&2
    exit 1
  fi
  events=$(grep -c '^truto: ' "$output" || true)
  if [ "$events" -lt 1000 ]; then
    echo "$vm: only $events events were printed: nothing was checked" >&2
    exit 1
  fi
  grep '^SKIPPED' "$output" || true
  echo "$counts; no canary in $(wc -l < "$output") lines, $events of events"
done
