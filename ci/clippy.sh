#!/usr/bin/env bash
# No warning of rustc or clippy in what the other steps do not lint as they build it, and a Cargo.lock that fits the manifests.
source "$(dirname "$0")/common.sh"

cargo clippy --locked -p raddle-verify -p raddle-instructions --all-targets -- -D warnings
with_cfg counts cargo check --locked -p raddle-instructions --all-targets
