#!/usr/bin/env bash
# No warning of rustc or clippy anywhere, and a Cargo.lock that fits the manifests. What only the
# builds of the checkers and the instruction counts compile is linted in those builds. raddle-checked is the sources of raddle.
source "$(dirname "$0")/common.sh"
need_component clippy clippy

cargo clippy --locked --workspace --exclude raddle-checked --exclude raddle-wasm --exclude raddle-wasm-benches --exclude raddle-test-guests --all-targets -- -D warnings
for checker in loom shuttle; do
  RUSTC_WORKSPACE_WRAPPER="$PWD/ci/cfg/clippy/raddle_$checker" cargo check --locked -p raddle-verify --all-targets
done
RUSTC_WORKSPACE_WRAPPER="$PWD/ci/cfg/clippy/raddle_counts" cargo check --locked -p raddle-instructions --all-targets
