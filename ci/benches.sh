#!/usr/bin/env bash
# Every bench runs once and checks its results, and the tools around them (documents, statistics, exports) work. The times
# are not judged here: time on a shared machine says nothing.
source "$(dirname "$0")/common.sh"
lint_as_built

timeout 900 cargo test --locked -p raddle-document -p raddle-benches --lib --tests --benches
