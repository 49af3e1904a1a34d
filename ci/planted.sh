#!/usr/bin/env bash
# Logic bugs, planted one at a time into a copy of the sources: each has a model or schedule that fails with it. Arguments are
# those of `planted` in verify.
source "$(dirname "$0")/common.sh"

cargo run --locked --quiet -p raddle-verify --bin planted -- "$@"
