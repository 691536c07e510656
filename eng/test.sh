#!/usr/bin/env bash
# Runs all tests: installs what they need, builds once, and runs every test project in Release, one after another,
# for tests that look at time must not share the machine.
#
#   eng/test.sh [--long] [--no-build] [project ...]
#
#   --long      the long crash and simulation runs too (sets SKERRY_LONG=1)
#   --no-build  takes what the last Release build made
#   project     names of folders in test/; all of them if none is given
#
# The last line is "N passed, N failed"; the exit code is 0 only if nothing failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

# The counts are read from the runner's summary, which it would otherwise translate.
export DOTNET_CLI_UI_LANGUAGE=en DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
project_timeout=15m
build=1
projects=()
for argument in "$@"; do
    case "$argument" in
        --long)
            export SKERRY_LONG=1
            project_timeout=3h
            ;;
        --no-build) build=0 ;;
        -*)
            echo "usage: eng/test.sh [--long] [--no-build] [project ...]" >&2
            exit 2
            ;;
        *) projects+=("$argument") ;;
    esac
done
if [[ ${#projects[@]} -eq 0 ]]; then
    for file in test/*/*.csproj; do
        projects+=("$(basename "$(dirname "$file")")")
    done
fi

eng/install-tools.sh --tests || exit 1
if [[ $build -eq 1 ]]; then
    dotnet build Skerry.slnx -c Release --nologo -v quiet || { echo "0 passed, 1 failed"; exit 1; }
fi

output="$(mktemp)"
trap 'rm -f "$output"' EXIT
total_passed=0
total_failed=0
for project in "${projects[@]}"; do
    started=$SECONDS
    timeout --kill-after=30s "$project_timeout" \
        dotnet test "test/$project/$project.csproj" -c Release --no-build --nologo --logger "console;verbosity=minimal" >"$output" 2>&1
    code=$?

    # "Passed!  - Failed:     0, Passed:    12, Skipped:     0, Total:    12, Duration: 3 s - X.dll (net10.0)"
    summary="$(grep -E '(Passed|Failed)! +- Failed: ' "$output" | tail -n 1)"
    passed="$(sed -nE 's/.* Passed: +([0-9]+).*/\1/p' <<<"$summary")"
    failed="$(sed -nE 's/.* - Failed: +([0-9]+).*/\1/p' <<<"$summary")"
    passed=${passed:-0}
    failed=${failed:-0}

    # A project that ends without a summary, or badly without a failed test, has crashed, hung or holds no tests.
    reason=""
    if [[ $code -eq 124 || $code -eq 137 ]]; then
        reason="did not end within $project_timeout"
    elif [[ -z "$summary" ]]; then
        reason="has run no tests"
    elif [[ $code -ne 0 && $failed -eq 0 ]]; then
        reason="ended with exit code $code"
    fi
    [[ -n "$reason" && $failed -eq 0 ]] && failed=1

    printf '%-24s %5d passed %5d failed %5d s  %s\n' "$project" "$passed" "$failed" $((SECONDS - started)) "$reason"
    if [[ $failed -gt 0 ]]; then
        sed 's/^/    /' "$output"
    fi
    total_passed=$((total_passed + passed))
    total_failed=$((total_failed + failed))
done

echo "$total_passed passed, $total_failed failed"
[[ $total_failed -eq 0 ]]
