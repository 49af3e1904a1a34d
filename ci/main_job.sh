#!/usr/bin/env bash
# file_stats over a real folder (default /usr/share) has the totals of find and wc, and prints the same with each executor.
source "$(dirname "$0")/common.sh"
folder="${1:-/usr/share}"

cargo build --locked --quiet --release --example file_stats
threads="$(mktemp)" isolates="$(mktemp)" processes="$(mktemp)"
trap 'rm -f "$threads" "$isolates" "$processes"' EXIT
# All go on after a file that they cannot read, and report it by their exit code.
"$target/release/examples/file_stats" --executor thread "$folder" >"$threads" || true
"$target/release/examples/file_stats" --executor isolate "$folder" >"$isolates" || true
"$target/release/examples/file_stats" --executor process "$folder" >"$processes" || true
cmp "$threads" "$isolates"
cmp "$threads" "$processes"
ours="$(tail -n 1 "$threads")"
theirs="$(find "$folder" -type f -print0 | LC_ALL=C wc -lwc --files0-from=- | tail -n 1 || true)"

read -r lines words bytes counted <<<"$ours"
read -r wc_lines wc_words wc_bytes _ <<<"$theirs"
# wc 9.5 and later count words without a printable character too.
if [ "$(printf '\200' | LC_ALL=C wc -w)" -ne 0 ]; then
  echo "this wc counts unprintable words: words are not compared"
  wc_words="$words"
fi
echo "file_stats: $lines lines, $words words, $bytes bytes ($counted)"
echo "wc:         $wc_lines lines, $wc_words words, $wc_bytes bytes"
[ "$lines $words $bytes" = "$wc_lines $wc_words $wc_bytes" ]
