#!/usr/bin/env bash
# The library compiles with the oldest compiler that Cargo.toml promises.
source "$(dirname "$0")/common.sh"

oldest="$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)"
toolchain="$(rustup toolchain list 2>/dev/null | grep -o "^$oldest[^ ]*" | head -n 1 || true)"
if [ -z "$toolchain" ]; then
  if rustup toolchain install "$oldest" --profile minimal --no-self-update; then
    toolchain="$oldest"
  else
    echo "SKIPPED: Rust $oldest is not installed and cannot be fetched"
    exit 0
  fi
fi
cargo "+$toolchain" check --locked -p raddle --lib --target-dir "$target/msrv"
