#!/bin/sh
# Torture on Lua 5.4 and LuaJIT, as it is and under AddressSanitizer and
# UBSan; see torture.c. TORTURE_SHORT=1 takes few of the points;
# `torture.sh coverage` runs one program that notes what it reaches.
set -eu
sanitize="-fsanitize=address,undefined -fno-sanitize-recover=undefined"
# The names of calls.c and memory.c.
wrap=$(sed -n -e 's/.*__wrap_\([a-z0-9_]*\)(.*/\1/p' \
  -e 's/^MACHINE([^(]*, \([a-z0-9_]*\), (.*/\1/p' \
  -e 's/^OPTIONS([^(]*, \([a-z0-9_]*\), (.*/\1/p' spec/torture/*.c |
  sort -u | sed 's/^/-Wl,--wrap=/')

export LUA_PATH="lua/?.lua;lua/?/init.lua;;"

# program NAME VM FLAGS
program() {
  folder=build/torture/$1
  make --no-print-directory -s LUA="$2" BUILD="$folder" \
    CFLAGS="-O1 -g -fno-omit-frame-pointer $3" build
  objects=
  for file in csrc/*.c; do
    objects="$objects $folder/$(basename "$file" .c).o"
  done
  # shellcheck disable=SC2086,SC2046
  cc -std=c11 -D_GNU_SOURCE -Wall -Wextra -O1 -g $3 -o "build/torture/$1-run" \
    spec/torture/*.c $objects $wrap -Wl,-E -lpthread -ldl \
    $(pkg-config --cflags --libs "$2" libcurl)
}

if [ "${1:-}" = coverage ]; then
  program coverage lua5.4 \
    "-O0 --coverage -fprofile-update=atomic -DCURL_DISABLE_TYPECHECK"
  exec python3 -B spec/torture/run.py build/torture/coverage-run:1:2
fi
program lua5.4 lua5.4 "" &
program luajit luajit ""
wait $!
program lua5.4-asan lua5.4 "$sanitize" &
program luajit-asan luajit "$sanitize"
wait $!
if [ -n "${TORTURE_SHORT:-}" ]; then
  strides="lua5.4:23:37 luajit:23:37 lua5.4-asan:41:0 luajit-asan:0:61"
else
  strides="lua5.4:1:1 luajit:1:2 lua5.4-asan:3:7 luajit-asan:3:7"
fi
# shellcheck disable=SC2046
exec python3 -B spec/torture/run.py $(for each in $strides; do
  echo "build/torture/${each%%:*}-run:${each#*:}"
done)
