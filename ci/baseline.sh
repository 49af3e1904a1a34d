#!/usr/bin/env bash
# ci/baseline.sh "reason": counts anew and writes benches/baseline/instructions.json, with the reason in it. It prints
# the changes. Commit the file with the change that caused them.
source "$(dirname "$0")/common.sh"
reason="${1:-}"
if [ -z "${reason// /}" ] || [ $# -ne 1 ]; then
  echo "usage: ci/baseline.sh \"why the counts are what they are now\"" >&2
  exit 2
fi
baseline=benches/baseline/instructions.json
before="$(mktemp)"
trap 'rm -f "$before"' EXIT
cp "$baseline" "$before"

ci/count.sh --baseline "$baseline" --reason "$reason" >/dev/null
cargo run --locked --quiet -p raddle-benches --bin gate -- "$before" "$baseline" || true
echo
echo "Written: $baseline. Commit it together with what changed the counts."
