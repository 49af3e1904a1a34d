#!/usr/bin/env bash
# The process pool in a build with random delays between atomic operations: a minute of storms, in which every
# task gets its own result. RADDLE_STORM_SECONDS=3600 makes it an hour; RADDLE_DELAYS_SEED and RADDLE_STORM_SEED make it another one.
source "$(dirname "$0")/common.sh"

export RADDLE_STORM_SECONDS="${RADDLE_STORM_SECONDS:-60}"
with_cfg delays cargo test --locked -p raddle --test process -- --nocapture \
  the_storm every_answer_is_its_own many_threads_submit_and_wait
