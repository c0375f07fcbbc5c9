#!/bin/sh
# The specs on Lua 5.4 with the module, the interpreter's program and the
# specs' own C under AddressSanitizer (leaks too) and UBSan.
#   sanitize.sh [spec files]
set -eu
folder=build/sanitize
flags="-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined"
flags="$flags -fno-sanitize-recover=undefined"
mkdir -p "$folder"
make --no-print-directory -s LUA=lua5.4 BUILD="$folder" CFLAGS="$flags" \
  build-test
# shellcheck disable=SC2086,SC2046
cc $flags -o "$folder/host" spec/support/host.c \
  $(pkg-config --cflags --libs lua5.4) -Wl,-E
export TRUTO_BUILD="$folder" TRUTO_LUA="$PWD/$folder/host"
# A spec preloads a resolver, and setlocale of the C library leaks a name.
echo leak:argz_add_sep > "$folder/leaks"
export LSAN_OPTIONS="suppressions=$PWD/$folder/leaks:print_suppressions=0"
export ASAN_OPTIONS=verify_asan_link_order=0
[ $# -gt 0 ] || set -- spec
exec "$TRUTO_LUA" spec/support/run.lua "$@"
