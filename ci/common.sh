# Every script here sources this file first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null
export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-auto}"

# The checkers' builds have flags of their own. In folders of their own they do not replace the
# usual build, nor it them.
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
