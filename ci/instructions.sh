#!/usr/bin/env bash
# No hot path takes more instructions than benches/baseline/instructions.json says. Counts repeat exactly, so this is judged
# here, unlike time.
source "$(dirname "$0")/common.sh"
baseline=benches/baseline/instructions.json
now="$target/counts/now.json"

mkdir -p "$target/counts"
ci/count.sh --out "$now" >"$target/counts/table.txt"
code=0
cargo run --locked --quiet -p raddle-benches --bin gate -- "$baseline" "$now" || code=$?
case $code in
  0) ;;
  1)
    echo
    echo "If this is what it should cost, say why and commit that: ci/baseline.sh \"the reason\""
    exit 1
    ;;
  3)
    echo
    echo "############################################################################"
    echo "# CANNOT TELL whether instruction counts have grown: see the reasons above. #"
    echo "# Not a failure. To guard again: ci/baseline.sh \"now with ...\"              #"
    echo "############################################################################"
    ;;
  *) exit "$code" ;;
esac
