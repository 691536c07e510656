#!/usr/bin/env bash
# Checks the models of the relay's protocol (test/Model) with spin: every interleaving of the protocol as it is written
# down, then variants of it that are broken in one place each, which have to be found wrong, and witnesses, which show that
# the models reach what they are about. docs/model.md explains them.
#
#   eng/model-check.sh [pattern]    only rows whose name matches the pattern (an extended regular expression)
#
# What a broken variant does wrong is shown by its trail: artifacts/model/NAME, `spin -t -p` in that folder.
# The last line is "N passed, N failed".
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

pattern="${1:-}"
# No row needs more than a quarter of either on an idle core; one that does has become another model.
time_limit_seconds=600
memory_limit_mib=4000

for tool in spin gcc; do
    command -v "$tool" >/dev/null || { eng/install-tools.sh --tests || exit 1; }
done

models="$PWD/test/Model"
work="$PWD/artifacts/model"
names=()
row='%-30s %-9s %11s %6s %8s %7s  %s\n'

# check NAME holds|broken|witness MODEL DEFINES...
# Begins a row: as many run at a time as there are cores, and what came of each is shown in the order in which they began.
check() {
    [[ -z "$pattern" || "$1" =~ $pattern ]] || return 0
    while [[ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]]; do wait -n; done
    names+=("$1")
    rm -rf "${work:?}/$1" && mkdir -p "$work/$1" || exit 1
    run "$@" >"$work/$1/verdict" 2>&1 &
}

run() {
    local name="$1" kind="$2" model="$3"
    shift 3
    cd "$work/$name" || exit 1
    cp "$models/$model.pml" .
    # For `spin -t`, which has to be told the same.
    echo "spin -t -p $* $model.pml" >replay
    if ! spin -a "$@" "$model.pml" >spin.log 2>&1 ||
        ! gcc -O2 -DSAFETY -DCOLLAPSE -DNOFAIR -DMEMLIM="$memory_limit_mib" -o pan pan.c >gcc.log 2>&1; then
        tail -n 5 spin.log gcc.log 2>/dev/null
        verdict "$name" "$kind" 0 - - - - "does not build"
        return
    fi

    # -E: processes that wait for ever are frozen or dead, not wrong.
    # Its own time, not that of the clock: the machine may have other work.
    local TIMEFORMAT=%U seconds
    seconds="$({ time timeout "$time_limit_seconds" ./pan -m10000 -E >pan.log 2>&1; } 2>&1 | tail -n 1)"
    local states depth memory errors what=""
    states="$(sed -nE 's/^ *([0-9]+) states, stored.*/\1/p' pan.log)"
    depth="$(sed -nE 's/.*depth reached ([0-9]+), errors.*/\1/p' pan.log | head -n 1)"
    errors="$(sed -nE 's/.*depth reached [0-9]+, errors: ([0-9]+).*/\1/p' pan.log | head -n 1)"
    memory="$(sed -nE 's/^ *([0-9.]+)\ttotal actual memory usage.*/\1/p' pan.log)"
    local good=0
    if [[ -z "$errors" || -z "$memory" ]] || grep -qE 'max search depth too small|Search not completed' pan.log && [[ "$kind" == holds ]]; then
        what="not all states visited: $(grep -vE '^$' pan.log | head -n 1)"
    elif [[ "$kind" == holds ]]; then
        if [[ "$errors" -eq 0 ]]; then good=1; else what="$(grep -m 1 'assertion violated' pan.log)"; fi
    elif [[ "$errors" -gt 0 ]] && grep -q 'assertion violated' pan.log; then
        good=1
        what="after $(sed -nE 's/.*assertion violated .*\(at depth ([0-9]+)\).*/\1/p' pan.log | head -n 1) steps"
    else
        what="not found"
    fi

    verdict "$name" "$kind" "$good" "${states:--}" "${depth:--}" "${memory:--}" "${seconds:--}" "$what"
    # What was built is large, and can be built again.
    rm -f pan pan.? pan_*
}

verdict() {
    local name="$1" kind="$2" good="$3" shown="$2"
    shift 3
    [[ "$good" -eq 1 ]] && touch good || shown="$kind?!"
    # shellcheck disable=SC2059
    printf "$row" "$name" "$shown" "$1" "$2" "$3" "$4" "${5:-}"
}

# shellcheck disable=SC2059
printf "$row" name kind states depth MiB seconds ""

# The protocol as it is.
change=(-DCHANGE -DE=1 -DN=1)
lease=(-DLEASE -DE=1 -DN=1 -DNO_UPLOAD -DSYNC_AT_ONCE)
leaseChange=(-DLEASE -DE=1 -DN=0 -DNO_UPLOAD -DSYNC_AT_ONCE -DCHANGE)
check takeover                  holds takeover
check takeover-3-records        holds takeover -DN=3 -DE=1
check change                    holds takeover "${change[@]}"
check change-2-records          holds takeover -DCHANGE -DE=1 -DNO_UPLOAD
check change-shrinks            holds takeover "${change[@]}" -DSET1=3 -DS1=1
check change-grows              holds takeover "${change[@]}" -DSET0=3 -DS0=1
check lease                     holds takeover "${lease[@]}"
check lease-change              holds takeover "${leaseChange[@]}"
check ownership                 holds ownership
check ownership-2-sessions      holds ownership -DS=2 -DC=4 -DW=3

# Broken in one place.
check seal-skipped              broken takeover -DSKIP_SEAL
check seal-by-1-of-3            broken takeover -DS0=1
check seal-not-durable          broken takeover -DSEAL_NOT_DURABLE
check seal-answer-stale         broken takeover -DSEAL_ANSWER_STALE
check seal-forgotten            broken takeover -DFORGET_SEAL
check confirm-at-1-of-3         broken takeover -DQ0=1
check acknowledged-not-durable  broken takeover -DACK_BEFORE_DURABLE
check gap-accepted              broken takeover -DACCEPT_GAP
check claim-before-sealed       broken takeover -DCLAIM_BEFORE_SEALED
check change-without-joint      broken takeover "${change[@]}" -DNO_JOINT
check change-to-empty           broken takeover "${change[@]}" -DEMPTY_NEWCOMER
check change-newcomers-only     broken takeover "${change[@]}" -DSET1=3 -DS1=1 -DNEWCOMER_ONLY
check change-read-back-believed broken takeover "${change[@]}" -DBELIEVE_READ_BACK
check lease-not-waited-for      broken takeover "${lease[@]}" -DLEASE_IGNORED
check lease-of-1-of-3           broken takeover "${lease[@]}" -DLEASES=1
check lease-from-receipt        broken takeover "${lease[@]}" -DLEASE_FROM_RECEIPT
check lease-lost-by-restart     broken takeover "${lease[@]}" -DRESTART_WITHOUT_LEASE
check lease-before-read         broken takeover "${lease[@]}" -DLEASE_BEFORE_READ
check lease-not-for-waiting     broken takeover "${lease[@]}" -DWAITING_READ
check lease-change-no-joint     broken takeover "${leaseChange[@]}" -DNO_JOINT_LEASE
check append-before-claim       broken ownership -DAPPEND_BEFORE_CLAIM
check release-unconfirmed       broken ownership -DRELEASE_UNCONFIRMED
check release-while-running     broken ownership -DRELEASE_RUNNING
check release-read-back         broken ownership -DBELIEVE_READ_BACK
check take-unpromoted           broken ownership -DTAKE_UNPROMOTED
check take-from-open            broken ownership -DCLAIM_OPEN

# That the models get to where it is interesting.
check unconfirmed-recovered     witness takeover -DWITNESS_UNCONFIRMED
check second-recoverer-ends     witness takeover -DWITNESS_SECOND
check forgotten-while-read      witness takeover -DWITNESS_GAP
check recovered-from-new-set    witness takeover "${change[@]}" -DWITNESS_NEW_SET
check lease-while-sealed        witness takeover "${lease[@]}" -DWITNESS_LEASE
check owned-thrice              witness ownership -DWITNESS_THRICE

wait
passed=0
for name in "${names[@]}"; do
    cat "$work/$name/verdict"
    [[ -e "$work/$name/good" ]] && passed=$((passed + 1))
done

failed=$((${#names[@]} - passed))
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
