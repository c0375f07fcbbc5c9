#!/bin/sh
# The specs with all events printed; none of their secrets, which begin with
# "canary", may stand in what comes out.
set -eu
output=build/canaries.log
make --no-print-directory -s LUA=lua5.4 build-test
# Specs that compare all that a child prints fail with the events in between,
# so how many pass says nothing here.
TRUTO_LOG=debug lua5.4 spec/support/run.lua spec > "$output" 2>&1 || true
events=$(grep -c '^truto: ' "$output" || true)
if [ "$events" -lt 1000 ]; then
  echo "only $events events were printed: nothing was checked" >&2
  exit 1
fi
if grep -n 'canary-' "$output"; then
  echo "the lines above have a secret" >&2
  exit 1
fi
echo "no canary in $(wc -l < "$output") lines of output, $events of events"
