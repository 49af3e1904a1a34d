#!/usr/bin/env bash
# The same scenarios and the whole pools under shuttle: exhaustive where small, random and PCT where large.
source "$(dirname "$0")/common.sh"

with_cfg shuttle cargo test --locked --release -p raddle-verify --no-default-features \
  --test tables --test schedules
