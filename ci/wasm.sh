#!/usr/bin/env bash
# The pool whose workers are WebAssembly instances, and its guests, which are built from their sources. The crates are linted as they
# are built: a run of clippy of its own would check all of wasmtime a second time.
source "$(dirname "$0")/common.sh"
need_component clippy clippy

for guest in wasm32-wasip2 wasm32-unknown-unknown; do
  if [ ! -d "$(rustc --print target-libdir --target "$guest")" ]; then
    echo "no $guest in this toolchain: installing it"
    rustup target add "$guest"
  fi
done
export RUSTC_WORKSPACE_WRAPPER="$PWD/ci/cfg/clippy.sh"
# Of the benches only that they build: the tool that runs them is that of `benches`.
cargo test --locked -p raddle-wasm -p raddle-guest -p raddle-test-guests -p raddle-wasm-benches
