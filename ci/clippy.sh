#!/usr/bin/env bash
# No warning of rustc or clippy anywhere, and a Cargo.lock that fits the manifests. What only the
# builds of the checkers and the instruction counts compile is linted in those builds.
source "$(dirname "$0")/common.sh"
need_component clippy clippy

cargo clippy --locked --workspace --all-targets -- -D warnings
for checker in loom shuttle; do
  RUSTFLAGS="${RUSTFLAGS:-} --cfg raddle_$checker" \
    cargo clippy --locked -p raddle-verify --all-targets --target-dir "$target/$checker"
done
RUSTFLAGS="${RUSTFLAGS:-} --cfg raddle_counts" \
  cargo clippy --locked -p raddle-instructions --all-targets --target-dir "$target/counts" -- -D warnings
