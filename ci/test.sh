#!/usr/bin/env bash
# All checks, one after the other, each with its time; or those that are named:
#
#   ci/test.sh                 everything
#   ci/test.sh tests models    these two
#   ci/test.sh models+types    these two beside each other
#
# It stops at the first that fails. What stands beside another step is mostly the compiler, which leaves a core idle now and then; it
# builds in another profile, or one would wait for the other. What it says is shown when both are over.
source "$(dirname "$0")/common.sh"

steps=("$@")
if [ ${#steps[@]} -eq 0 ]; then
  steps=(fmt clippy features tests builds wasm main_job docs fuzz models+types schedules planted delays benches dashboard instructions msrv)
fi
for step in "${steps[@]//+/ }"; do
  for one in $step; do
    if [ ! -x "ci/$one.sh" ] || [ "$one" = test ]; then
      echo "ci/test.sh: there is no step '$one'" >&2
      exit 2
    fi
  done
done

said="$(mktemp -d)"
trap 'rm -rf "$said"' EXIT

# timed STEP: runs it, and writes how long it took and whether it passed.
timed() {
  local begin=$SECONDS code=0
  "ci/$1.sh" || code=$?
  echo "$((SECONDS - begin)) $code" >"$said/$1.end"
}

report=()
for step in "${steps[@]//+/ }"; do
  read -ra together <<<"$step"
  echo
  echo "=== ${together[*]}"
  for one in "${together[@]:1}"; do
    timed "$one" >"$said/$one.log" 2>&1 &
  done
  timed "${together[0]}"
  wait
  failed=0
  for one in "${together[@]}"; do
    if [ -e "$said/$one.log" ]; then
      echo
      echo "=== $one"
      cat "$said/$one.log"
    fi
    read -r took code <"$said/$one.end"
    if [ "$code" -ne 0 ]; then
      echo "=== $one FAILED after $took s" >&2
      failed=1
    fi
    report+=("$(printf '%-12s %4d s' "$one" "$took")")
  done
  [ $failed -eq 0 ] || exit 1
done

echo
echo "=== all passed in $SECONDS s"
printf '%s\n' "${report[@]}"
