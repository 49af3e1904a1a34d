#!/usr/bin/env bash
# Random programs over the public API against models: the corpus and fixed seeds; and, where the machine
# has the tools for it, a few seconds of cargo-fuzz for each target.
source "$(dirname "$0")/common.sh"
need_component rustfmt fmt
need_component clippy clippy
export CARGO_TARGET_DIR="$target/fuzz"
case "$target" in /*) ;; *) CARGO_TARGET_DIR="$PWD/$target/fuzz" ;; esac

cd fuzz
cargo fmt --check
cargo clippy --locked --quiet --all-targets -- -D warnings
# A bound on what hangs in a way that the programs' own watchdog does not see.
timeout 600 cargo test --locked --test programs
./campaign.sh 5
