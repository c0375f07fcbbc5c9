#!/bin/sh
# The specs on Lua 5.4 under valgrind's memcheck; a definite leak or a bad
# access is a failure.
#   valgrind.sh [spec files]
set -eu
make --no-print-directory -s LUA=lua5.4 build-test
[ $# -gt 0 ] || set -- spec
exec valgrind --quiet --error-exitcode=9 --leak-check=full \
  --errors-for-leak-kinds=definite --show-leak-kinds=definite \
  --child-silent-after-fork=yes \
  lua5.4 spec/support/run.lua "$@"
