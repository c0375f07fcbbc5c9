#!/bin/sh
# Runs all specs on each VM named, then prints the sum over all of them.
set -u
results=build/test-results
mkdir -p build
: > "$results"
broken=0
for vm in "$@"; do
  TRUTO_TEST_RESULTS=$results "$vm" spec/support/run.lua spec || broken=1
done
# Each VM appends a line "passed failed pending"; one that is missing means
# that its runner did not come to its end.
[ "$(wc -l < "$results")" -eq $# ] || {
  echo "a VM's run ended before its specs did" >&2
  broken=1
}
awk '{ passed += $1; failed += $2; pending += $3 }
  END { printf "%d passed, %d failed%s\n", passed, failed,
    pending ? ", " pending " skipped" : "" }' "$results"
exit $broken
