#!/bin/sh
# Each fuzzer for FUZZ_SECONDS (20), two at a time, from the inputs in
# corpus/; what is found new stays in build/fuzz, a crash in
# build/fuzz/NAME-crash-*. `fuzz.sh NAME FILE...` runs one on given files.
set -eu
folder=build/fuzz
flags="-std=c11 -D_GNU_SOURCE -O1 -g -fno-omit-frame-pointer"
flags="$flags -fsanitize=fuzzer-no-link,address,undefined"
flags="$flags -fno-sanitize-recover=undefined"
packages="$(pkg-config --cflags --libs lua5.4 libcurl)"
mkdir -p "$folder/objects"

# Nothing here does I/O, so the rest of csrc is not needed.
parts="buffer failure framing head json_number json_reader json_writer mask"
parts="$parts request request_target response retry_after routes secret system"
parts="$parts source terminal judge placeholder unescape utf8"
rm -f "$folder"/*.log "$folder"/objects/*
for file in $(printf 'csrc/%s.c ' $parts) spec/fuzz/fuzz.c; do
  # shellcheck disable=SC2086
  clang $flags -c -o "$folder/objects/$(basename "$file" .c).o" "$file" \
    $(pkg-config --cflags lua5.4 libcurl)
done
for name in response json id headers mask judge; do
  # shellcheck disable=SC2086
  clang $flags -fsanitize=fuzzer -o "$folder/$name" \
    "spec/fuzz/fuzz_$name.c" "$folder"/objects/*.o $packages -lpthread -ldl
done

run() {
  mkdir -p "$folder/corpus/$1"
  "$folder/$1" -max_total_time="${FUZZ_SECONDS:-20}" -timeout=10 \
    -max_len=4096 -rss_limit_mb=1024 -artifact_prefix="$folder/$1-" \
    -print_final_stats=1 "$folder/corpus/$1" "spec/fuzz/corpus/$1" \
    > "$folder/$1.log" 2>&1 || {
    tail -n 40 "$folder/$1.log" >&2
    return 1
  }
  awk -v name="$1" '/cov: / { split($0, part, "cov: ");
      split(part[2], cover, " ") }
    /number_of_executed_units/ { runs = $2 }
    END { printf "%-9s %d runs, %d edges, nothing found\n", name, runs,
      cover[1] }' "$folder/$1.log"
}

if [ $# -gt 1 ]; then
  name=$1
  shift
  exec "$folder/$name" "$@"
fi
bad=0
for pair in "response json" "id headers" "mask judge"; do
  run "${pair% *}" &
  run "${pair#* }" || bad=1
  wait $! || bad=1
done
exit $bad
