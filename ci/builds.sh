#!/usr/bin/env bash
# A small program with a process pool, built in the ways in which people build programs, starts itself again each time.
# More of them are in tests/process_start.rs, with the library as it is tested.
source "$(dirname "$0")/common.sh"

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
host="$(rustc -vV | sed -n 's/^host: //p')"

# library TARGET: the library and what it needs, for that target, with what whole-program optimisation wants of it. Once for
# all programs.
library() {
  CARGO_PROFILE_RELEASE_LTO=fat CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_DEBUG=none \
    cargo build --locked --quiet --release --lib --target "$1" --target-dir "$target/builds"
}

# program NAME TARGET FLAGS...: builds it and runs it in several ways.
program() {
  local name="$1" triple="$2" file="$folder/$1" mode
  local lib="$target/builds/$triple/release"
  shift 2
  rustc --edition 2024 --cap-lints allow --target "$triple" --extern "raddle=$lib/libraddle.rlib" \
    -L "dependency=$lib/deps" -L "dependency=$target/builds/release/deps" \
    -C opt-level=1 -o "$file" "$@" tests/process_start/program.rs
  for mode in plain static within late main deleted; do
    # Says the answer, the worker's process and its own; with `late` three times.
    CALLS_WORKER_MAIN="" MODE=$mode "$file" >"$folder/said" || {
      echo "$name, $mode: failed; it said: $(cat "$folder/said")" >&2
      return 1
    }
    awk -v what="$name, $mode" '$1 != 42 || $2 == $3 || NF != 3 { print what ": " $0; bad = 1 } END { exit bad || !NR }' \
      "$folder/said"
  done
  printf '%-42s works\n' "$name"
}

library "$host"
program "as usual" "$host"
program "fat LTO, stripped" "$host" -C lto=fat -C codegen-units=1 -C strip=symbols
program "thin LTO, all optimised" "$host" -C lto=thin -C opt-level=3
program "at a fixed address" "$host" -C relocation-model=static
program "static glibc" "$host" -C target-feature=+crt-static
program "static glibc, fixed, LTO, stripped" "$host" \
  -C target-feature=+crt-static -C relocation-model=static -C lto=fat -C strip=symbols
program "without unused sections" "$host" -C opt-level=3 -C link-arg=-Wl,--gc-sections
program "panic=abort" "$host" -C panic=abort
if command -v ld.gold >/dev/null; then
  program "linked by gold" "$host" -C link-arg=-fuse-ld=gold
else
  echo "SKIPPED: no gold here"
fi
if command -v ld.lld >/dev/null; then
  program "linked by lld" "$host" -C link-arg=-fuse-ld=lld
else
  echo "SKIPPED: no lld here"
fi
# The section headers are no part of what the loader needs.
if objcopy --help 2>/dev/null | grep -q -- --strip-section-headers; then
  program "to be stripped" "$host"
  objcopy --strip-all --strip-section-headers "$folder/to be stripped" "$folder/bare" 2>/dev/null || true
fi
musl="${host/-gnu/-musl}"
if [ "$musl" != "$host" ] && [ -d "$(rustc --print target-libdir --target "$musl")" ]; then
  library "$musl"
  program "static musl" "$musl"
  program "static musl, fat LTO, stripped" "$musl" -C lto=fat -C strip=symbols
else
  echo "SKIPPED: no musl here: rustup target add $musl"
fi
