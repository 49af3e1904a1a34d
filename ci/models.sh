#!/usr/bin/env bash
# The protocols under loom: every interleaving and every allowed memory order, within each model's bound.
source "$(dirname "$0")/common.sh"

RUSTFLAGS="${RUSTFLAGS:-} --cfg raddle_loom" \
  cargo test --locked --release -p raddle-verify --target-dir "$target/loom"
