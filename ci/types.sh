#!/usr/bin/env bash
# What services hand over travels to a process and back: the types of many crates, and all attributes of serde.
source "$(dirname "$0")/common.sh"

CARGO_PROFILE_DEV_DEBUG=none CARGO_PROFILE_TEST_DEBUG=none \
  timeout 900 cargo test --locked -p raddle-types --target-dir "$target/types"
