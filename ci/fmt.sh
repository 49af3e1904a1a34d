#!/usr/bin/env bash
# Every source file is as rustfmt's defaults would have it.
source "$(dirname "$0")/common.sh"
need_component rustfmt fmt

cargo fmt --all --check
