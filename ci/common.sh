# Every script here sources this file first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null
export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-auto}"

# Builds with other flags have folders of their own in it: they do not replace the usual build, nor it them.
target="${CARGO_TARGET_DIR:-target}"

# with_cfg NAME COMMAND...: the crates of this workspace are built with `--cfg raddle_NAME`, beside their usual builds.
with_cfg() {
  RUSTC_WORKSPACE_WRAPPER="$PWD/ci/cfg/raddle_$1" "${@:2}"
}

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
