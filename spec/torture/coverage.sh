#!/bin/sh
# Lines and branches of csrc that the specs on Lua 5.4 and memory torture
# reach, by gcov; the page is build/coverage/index.html.
set -eu
folder=build/coverage
# libcurl's own checks of types would count as branches; two threads count.
flags="-O0 -g --coverage -fprofile-update=atomic -DCURL_DISABLE_TYPECHECK"
rm -rf "$folder" build/torture/coverage*
make --no-print-directory -s LUA=lua5.4 BUILD="$folder" CFLAGS="$flags" \
  build-test
# Left out: gcov exports symbols of its own.
TRUTO_BUILD="$folder" lua5.4 spec/support/run.lua \
  --filter-out="exports one symbol" spec ||
  echo "some specs failed; the figures are of this run" >&2
sh spec/torture/torture.sh coverage > "$folder/torture"
tail -n 1 "$folder/torture"
gcovr --root . --filter csrc/ --object-directory build \
  --exclude-unreachable-branches --html-details "$folder/index.html" \
  --print-summary --txt "$folder/lines.txt" build/coverage build/torture
gcovr --root . --filter csrc/ --branches --exclude-unreachable-branches \
  build/coverage build/torture
cat "$folder/lines.txt"
