#!/bin/sh
# As rustc.sh, for `cargo check`: clippy, no warning allowed. `cargo clippy` sets a wrapper of its own.
exec clippy-driver "$@" --cfg "${0##*/}" -D warnings
