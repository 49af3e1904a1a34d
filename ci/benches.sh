#!/usr/bin/env bash
# The benches still compile, and the tools around them (documents, statistics, exports) work. What they measure is not
# judged here: time on a shared machine says nothing.
source "$(dirname "$0")/common.sh"

cargo check --locked -p raddle-benches --all-targets --features raddle
cargo test --locked -p raddle-benches --lib --tests
