#!/usr/bin/env bash
# The same scenarios and the whole pools under shuttle: exhaustive where small, random and PCT where large.
source "$(dirname "$0")/common.sh"

# The protocols' own assertions are judged too: they cost no time that could be measured.
export CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true
with_cfg shuttle cargo test --locked --release -p raddle-verify --no-default-features \
  --test tables --test schedules
