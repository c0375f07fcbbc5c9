#!/bin/sh
# Runs all specs on each VM named, three VMs at a time, then prints the sum over
# all of them. What a VM printed comes in one piece.
set -u
folder=build/test
rm -rf "$folder"
mkdir -p "$folder"

# The interpreter itself: what a version manager puts in its place takes most
# of a second for each server that the specs start.
PYTHON=$(python3 -c "import sys; print(sys.executable)")
export PYTHON

# shellcheck disable=SC2016
printf '%s\n' "$@" | xargs -P 3 -I VM sh -c '
  TRUTO_TEST_RESULTS=$1/VM.results VM spec/support/run.lua spec \
    > "$1/VM.log" 2>&1
  echo $? > "$1/VM.status"
  cat "$1/VM.log"' - "$folder"

broken=0
for vm in "$@"; do
  # Written at the end: missing where the runner did not come to it.
  [ -s "$folder/$vm.results" ] || {
    echo "$vm ended before its specs did" >&2
    broken=1
  }
  [ "$(cat "$folder/$vm.status")" = 0 ] || broken=1
done
cat "$folder"/*.results | awk '
  { passed += $1; failed += $2; pending += $3 }
  END { printf "%d passed, %d failed%s\n", passed, failed,
    pending ? ", " pending " skipped" : "" }'
exit $broken
