#!/usr/bin/env bash
# The protocols under loom: every interleaving and every allowed memory order, within each model's bound.
source "$(dirname "$0")/common.sh"

with_cfg loom cargo test --locked --release -p raddle-verify --no-default-features \
  --test tables --test models
