#!/usr/bin/env bash
# Counts the instructions of the hot paths under callgrind, and installs what that needs. Arguments are those of
# the program `instructions` in benches: without any, a table.
source "$(dirname "$0")/common.sh"

if ! command -v valgrind >/dev/null; then
  echo "no valgrind: installing it"
  as_root apt-get update -qq
  as_root apt-get install -y -qq --no-install-recommends valgrind
fi

runner="$target/debug/raddle-counter"
cargo build --locked --quiet -p raddle-counter

# What is counted is built as the manifest says.
unset CARGO_PROFILE_RELEASE_DEBUG
cargo run --locked --quiet -p raddle-benches --bin instructions -- \
  --target "$target/counts" --runner "$(realpath "$runner")" "$@"
