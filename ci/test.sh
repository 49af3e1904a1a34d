#!/usr/bin/env bash
# All checks, one after the other, each with its time; or those that are named:
#
#   ci/test.sh                 everything
#   ci/test.sh tests models    these two
#
# It stops at the first that fails.
source "$(dirname "$0")/common.sh"

steps=("$@")
if [ ${#steps[@]} -eq 0 ]; then
  steps=(fmt clippy features tests types builds wasm main_job docs fuzz models schedules planted delays benches dashboard instructions msrv)
fi
for step in "${steps[@]}"; do
  if [ ! -x "ci/$step.sh" ] || [ "$step" = test ]; then
    echo "ci/test.sh: there is no step '$step'" >&2
    exit 2
  fi
done

report=()
for step in "${steps[@]}"; do
  echo
  echo "=== $step"
  begin=$SECONDS
  if ! "ci/$step.sh"; then
    echo "=== $step FAILED after $((SECONDS - begin)) s" >&2
    exit 1
  fi
  report+=("$(printf '%-12s %4d s' "$step" $((SECONDS - begin)))")
done

echo
echo "=== all passed"
printf '%s\n' "${report[@]}"
