#!/usr/bin/env bash
# Fuzzes each target for so many seconds, or those that are named:
#
#   fuzz/campaign.sh 3600
#   fuzz/campaign.sh 600 pool_ops
#
# It needs a nightly toolchain, cargo-fuzz and a C++ compiler; without them it says so and does nothing. What it
# finds lies in fuzz/artifacts; what it learns, in fuzz/corpus, which git ignores but for what has a name.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
exec </dev/null

seconds="${1:?usage: fuzz/campaign.sh SECONDS [TARGET..]}"
shift
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  targets=(codec_ops future_ops guest_ops lane_ops map_ops pool_ops)
fi

skip() {
  echo "SKIPPED: fuzzing with cargo-fuzz: $1" >&2
  exit 0
}
cargo +nightly --version >/dev/null 2>&1 || skip "there is no nightly toolchain (rustup toolchain install nightly)"
cargo fuzz --version >/dev/null 2>&1 || skip "there is no cargo-fuzz (cargo install --locked cargo-fuzz)"
command -v c++ >/dev/null || skip "there is no C++ compiler for its engine"

failed=()
for target in "${targets[@]}"; do
  echo "=== $target, $seconds s"
  # A program takes milliseconds: one that takes half a minute hangs.
  if ! cargo +nightly fuzz run --fuzz-dir . "$target" -- \
    -max_total_time="$seconds" -timeout=30 -max_len=1024 -print_final_stats=1; then
    failed+=("$target")
  fi
done
if [ ${#failed[@]} -gt 0 ]; then
  echo "=== found something: ${failed[*]}; see fuzz/artifacts" >&2
  exit 1
fi
