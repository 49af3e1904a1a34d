#!/usr/bin/env bash
# Without the feature `process`: no serde and no function before main. What is left is linted and tested.
source "$(dirname "$0")/common.sh"

cargo clippy --no-default-features --all-targets -- -D warnings
cargo test --no-default-features --lib --test threads_only
if cargo tree --no-default-features --edges normal | grep -q serde; then
  echo "serde is a dependency without the feature process" >&2
  exit 1
fi
