#!/usr/bin/env bash
# The reference builds without a warning: no broken link, no public item undocumented.
source "$(dirname "$0")/common.sh"

RUSTDOCFLAGS="${RUSTDOCFLAGS:-} -D warnings" cargo doc --locked --no-deps -p raddle
