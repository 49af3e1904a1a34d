#!/usr/bin/env bash
# Without the feature `process`: no serde and no function before main. What is left is linted and tested.
source "$(dirname "$0")/common.sh"

cargo clippy --no-default-features --all-targets -- -D warnings
cargo test --no-default-features --lib --test threads_only
if cargo tree --no-default-features --edges normal | grep -q serde; then
  echo "serde is a dependency without the feature process" >&2
  exit 1
fi

# What checks the library binds nobody who uses it: its program has no checker in its lock file, or the one that it wants.
user="$(mktemp -d)"
trap 'rm -rf "$user"' EXIT
mkdir "$user/src"
touch "$user/src/lib.rs"
printf '[package]\nname = "user"\nedition = "2024"\n\n[workspace]\n\n[dependencies]\nraddle = { path = "%s" }\n' "$PWD" >"$user/Cargo.toml"
cargo generate-lockfile --quiet --manifest-path "$user/Cargo.toml"
if grep -E '^name = "(loom|shuttle)"' "$user/Cargo.lock"; then
  echo "a user's lock file has a checker in it" >&2
  exit 1
fi
for version in =0.7.1 0.7; do
  sed "\$ a loom = \"$version\"" -i "$user/Cargo.toml"
  cargo generate-lockfile --quiet --manifest-path "$user/Cargo.toml"
  echo "a program that uses raddle and loom $version gets" "$(sed -n '/^name = "loom"/{n;p}' "$user/Cargo.lock")"
  sed '/^loom = /d' -i "$user/Cargo.toml"
done
