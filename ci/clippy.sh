#!/usr/bin/env bash
# No warning of rustc or clippy anywhere, and a Cargo.lock that fits the manifests.
source "$(dirname "$0")/common.sh"
need_component clippy clippy

cargo clippy --locked --workspace --all-targets -- -D warnings
