#!/bin/sh
# C04 under ThreadSanitizer: threads with Lua states of their own load the
# module at once. Reports inside libcurl and OpenSSL are not ours.
set -eu
folder=build/tsan
flags="-O1 -g -fno-omit-frame-pointer -fsanitize=thread"
mkdir -p "$folder"
make --no-print-directory -s LUA=lua5.4 BUILD="$folder" CFLAGS="$flags" \
  build-test
# shellcheck disable=SC2086,SC2046
cc $flags -o "$folder/host" spec/support/host.c \
  $(pkg-config --cflags --libs lua5.4) -Wl,-E
export TRUTO_BUILD="$folder" TRUTO_LUA="$PWD/$folder/host"
printf 'called_from_lib:libcurl\ncalled_from_lib:libssl\n' > "$folder/others"
printf 'called_from_lib:libcrypto\n' >> "$folder/others"
export TSAN_OPTIONS="suppressions=$PWD/$folder/others:exitcode=66"
exec "$TRUTO_LUA" spec/support/run.lua spec/core/process_spec.lua \
  --filter=C04
