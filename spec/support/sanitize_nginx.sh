#!/bin/sh
# Updates inside nginx with the module under AddressSanitizer (leaks too),
# then under ThreadSanitizer: the load of the benchmark, then reloads.
#   sanitize_nginx.sh [seconds of each load, default 4] [reloads, default 30]
set -eu
status=0
for kind in address thread; do
  folder=build/nginx-$kind
  mkdir -p "$folder"
  rm -f "$folder"/report.*
  make --no-print-directory -s LUA=luajit BUILD="$folder" \
    CFLAGS="-O1 -g -fno-omit-frame-pointer -fsanitize=$kind" build
  short=$(echo "$kind" | cut -c1)san
  echo "$kind:"
  options="log_path=$PWD/$folder/report"
  export TRUTO_BUILD="$folder"
  TRUTO_NGINX_ENVIRONMENT="LD_PRELOAD=$(cc -print-file-name="lib$short.so")"
  TRUTO_NGINX_ENVIRONMENT="$TRUTO_NGINX_ENVIRONMENT ASAN_OPTIONS=$options"
  TRUTO_NGINX_ENVIRONMENT="$TRUTO_NGINX_ENVIRONMENT TSAN_OPTIONS=$options"
  export TRUTO_NGINX_ENVIRONMENT
  lua5.4 spec/bench/nginx.lua "${1:-4}" || status=1
  lua5.4 spec/bench/nginx_reload.lua "${2:-30}" || status=1
  for report in "$folder"/report.*; do
    [ -e "$report" ] || continue
    cat "$report"
    status=1
  done
done
[ $status = 0 ] && echo "no reports"
exit $status
