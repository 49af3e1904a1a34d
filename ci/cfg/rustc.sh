#!/bin/sh
# As RUSTC_WORKSPACE_WRAPPER, by a link to this file: rustc with the cfg that the link is named after. It reaches the crates of
# the workspace alone. RUSTFLAGS reaches all crates, so what they depend on would be built once more for each cfg.
exec "$@" --cfg "${0##*/}"
