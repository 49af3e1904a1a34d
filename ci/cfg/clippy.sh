#!/bin/sh
# As RUSTC_WORKSPACE_WRAPPER: compiles with clippy, no warning allowed. By a link to this file: as rustc.sh, too.
# (`cargo clippy` sets a wrapper of its own.)
case "${0##*/}" in
raddle_*) exec clippy-driver "$@" --cfg "${0##*/}" -D warnings ;;
*) exec clippy-driver "$@" -D warnings ;;
esac
