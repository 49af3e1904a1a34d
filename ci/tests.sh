#!/usr/bin/env bash
# The library as users have it: unit, integration and doc tests, and the small examples run.
source "$(dirname "$0")/common.sh"
lint_as_built

cargo test --locked -p raddle
for example in hello nested shutdown executors; do
  cargo run --locked --quiet --example "$example"
done
