#!/usr/bin/env bash
# The dashboard's pages in a real browser: charts, links, keys, access, planted regressions. Screenshots are left in
# the build's folder. Without a browser the rest of its tests still run.
source "$(dirname "$0")/common.sh"
lint_as_built

if ! command -v chromium >/dev/null; then
  echo "no browser: installing chromium"
  as_root apt-get update -qq && as_root apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core ||
    echo "SKIPPED: chromium cannot be had: the pages are not looked at in a browser"
fi
# What is committed is what the lock file's packages made.
(cd benches/dashboard && sha256sum --quiet --check charts/SHA256SUMS)
cargo test --locked -p raddle-dashboard
