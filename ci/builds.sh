#!/usr/bin/env bash
# A small program with a process pool, in each kind of build that people use, starts itself again each time.
# More of them are in tests/process_start.rs, with the library as it is tested.
source "$(dirname "$0")/common.sh"

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
host="$(rustc -vV | sed -n 's/^host: //p')"

# library TARGET: the library and what it needs, for that target, as machine code and as what whole-program optimisation
# wants. Once for all programs.
library() {
  CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_DEBUG=none RUSTFLAGS="${RUSTFLAGS:-} -C embed-bitcode=yes" \
    cargo build --locked --quiet --release --lib --target "$1" --target-dir "$target/builds"
}

# program NAME TARGET FLAGS...: builds it and runs it in several ways.
program() {
  local name="$1" triple="$2" file="$folder/$1" mode
  local lib="$target/builds/$triple/release"
  shift 2
  local began=$SECONDS built
  rustc --edition 2024 --cap-lints allow --target "$triple" --extern "raddle=$lib/libraddle.rlib" \
    -L "dependency=$lib/deps" -L "dependency=$target/builds/release/deps" \
    -C opt-level=1 -o "$file" "$@" tests/process_start/program.rs
  built=$((SECONDS - began))
  for mode in plain static within late main deleted; do
    # Says the answer, the worker's process and its own; with `late` three times.
    CALLS_WORKER_MAIN="" MODE=$mode "$file" >"$folder/said" || {
      echo "$name, $mode: failed; it said: $(cat "$folder/said")" >&2
      return 1
    }
    awk -v what="$name, $mode" '$1 != 42 || $2 == $3 || NF != 3 { print what ": " $0; bad = 1 } END { exit bad || !NR }' \
      "$folder/said"
  done
  printf '%-40s works (built in %s s)\n' "$name" "$built"
}

library "$host"
program "fat LTO, stripped" "$host" -C lto=fat -C codegen-units=1 -C strip=symbols
program "panic=abort, at a fixed address" "$host" -C panic=abort -C relocation-model=static
musl="${host/-gnu/-musl}"
if [ "$musl" != "$host" ] && [ -d "$(rustc --print target-libdir --target "$musl")" ]; then
  library "$musl"
  program "static musl" "$musl"
else
  echo "SKIPPED: no musl here: rustup target add $musl"
fi
