#!/usr/bin/env bash
# The values that services send travel to a process and back: the types of many crates, and all attributes of serde.
source "$(dirname "$0")/common.sh"
lint_as_built

timeout 1200 cargo test --locked -p raddle-types
