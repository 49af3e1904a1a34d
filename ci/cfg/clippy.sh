#!/bin/sh
# As RUSTC_WORKSPACE_WRAPPER: lints with clippy, no warning allowed, then compiles. By a link to this file: with a flag, as rustc.sh.
# (`cargo clippy` sets a wrapper of its own.)
# clippy-driver leaves MIR as it is, so what it compiles is larger and slower: here it checks only, and rustc compiles.
compiler="$1"
shift
case "${0##*/}" in
raddle_*) flag="--cfg ${0##*/}" ;;
*) flag="" ;;
esac

# lint FOLDER ARGUMENTS...: the same crate, into that folder; cargo is not told of what is there.
lint() {
  folder="$1"
  shift
  left=$# before=""
  while [ "$left" -gt 0 ]; do
    argument="$1"
    shift
    case "$argument" in
    --emit=*) argument="--emit=metadata" ;;
    --json=*) argument="$(printf '%s' "$argument" | sed 's/artifacts,//')" ;;
    esac
    if [ "$before" = --out-dir ]; then argument="$folder"; fi
    before="$argument" left=$((left - 1))
    set -- "$@" "$argument"
  done
  # shellcheck disable=SC2086 # No word or two.
  clippy-driver "$compiler" "$@" $flag -D warnings
}

# Cargo asks the compiler for its version and targets, too.
case " $* " in
*" --out-dir "*)
  folder="$(mktemp -d)"
  lint "$folder" "$@"
  code=$?
  rm -r "$folder"
  [ "$code" -eq 0 ] || exit "$code"
  ;;
esac
# shellcheck disable=SC2086
exec "$compiler" "$@" $flag
