#!/usr/bin/env bash
# Counts the instructions of the hot paths under callgrind, and installs what that needs. Arguments are those of
# the program `instructions` in benches: without any, a table.
source "$(dirname "$0")/common.sh"

if ! command -v valgrind >/dev/null; then
  echo "no valgrind: installing it"
  as_root apt-get update -qq
  as_root apt-get install -y -qq --no-install-recommends valgrind
fi

# gungraun and its runner are of one version, the lock file's. Without optimisation it builds in half the time, and runs
# valgrind all the same.
version="$(sed -n '/^name = "gungraun-runner"$/{n;s/^version = "\(.*\)"$/\1/p}' Cargo.lock)"
tools="$target/tools"
runner="$tools/bin/gungraun-runner"
if [ "$("$runner" --version 2>/dev/null | grep -o '[0-9][0-9.]*' | head -n 1)" != "$version" ]; then
  begin=$SECONDS
  CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --locked --debug --force "gungraun-runner@$version" \
    --root "$tools" --target-dir "$tools/build"
  rm -rf "$tools/build"
  echo "gungraun-runner $version installed in $((SECONDS - begin)) s"
fi

# What is counted is built as the manifest says.
unset CARGO_PROFILE_RELEASE_DEBUG
cargo run --locked --quiet -p raddle-benches --bin instructions -- \
  --target "$target/counts" --runner "$(realpath "$runner")" "$@"
