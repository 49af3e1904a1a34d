# Every script here sources this file first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null
export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-auto}"

# Builds with other flags have folders of their own in it: they do not replace the usual build, nor it them.
target="${CARGO_TARGET_DIR:-target}"

# As root, or through sudo where we are not root.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# A linker is all that Rust needs from the system.
if ! command -v cc >/dev/null; then
  echo "no C linker: installing gcc"
  as_root apt-get update -qq
  as_root apt-get install -y -qq --no-install-recommends gcc libc6-dev
fi

# need_component NAME CARGO_SUBCOMMAND: a part of the toolchain that minimal installs leave out.
need_component() {
  if ! cargo "$2" --version >/dev/null 2>&1; then
    echo "no $1 in this toolchain: installing it"
    rustup component add "$1"
  fi
}

# From here on what a step builds is linted with clippy as it is built, and no warning is allowed: no other step has to check it.
lint_as_built() {
  need_component clippy clippy
  export RUSTC_WORKSPACE_WRAPPER="$PWD/ci/cfg/clippy.sh"
}

# with_cfg NAME COMMAND...: the crates of this workspace are built with `--cfg raddle_NAME`, beside their usual builds, and linted.
with_cfg() {
  need_component clippy clippy
  RUSTC_WORKSPACE_WRAPPER="$PWD/ci/cfg/clippy/raddle_$1" "${@:2}"
}
