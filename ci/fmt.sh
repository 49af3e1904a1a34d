#!/usr/bin/env bash
# Every source file is formatted by rustfmt's defaults.
source "$(dirname "$0")/common.sh"
need_component rustfmt fmt

cargo fmt --all --check
