#!/usr/bin/env bash
# The pool whose workers are WebAssembly instances, and its guests, which are built from their sources.
source "$(dirname "$0")/common.sh"
lint_as_built

for guest in wasm32-wasip2 wasm32-unknown-unknown; do
  if [ ! -d "$(rustc --print target-libdir --target "$guest")" ]; then
    echo "no $guest in this toolchain: installing it"
    rustup target add "$guest"
  fi
done
# Of the benches only that they build: the tool that runs them is that of `benches`.
cargo test --locked -p raddle-wasm -p raddle-guest -p raddle-test-guests -p raddle-wasm-benches
