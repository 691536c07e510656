#!/usr/bin/env bash
# Does what the README's first command promises: starts the server as a newcomer does, on its default ports but with
# a data folder of its own, pastes the three curl lines that it prints, and asks it to stop.
#
# The last line is "N passed, N failed"; the exit code is 0 only if nothing failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

start_seconds=60
stop_seconds=5
work="$(mktemp -d)"
server=""
passed=0
failed=0

clean_up() {
    [[ -n "$server" ]] && kill -KILL "$server" 2>/dev/null
    rm -rf "$work"
}
trap clean_up EXIT

check() {
    local what="$1" ok="$2" seen="${3:-}"
    if [[ "$ok" == yes ]]; then
        passed=$((passed + 1))
        echo "smoke: $what"
    else
        failed=$((failed + 1))
        echo "smoke: NOT: $what${seen:+; seen: $seen}"
    fi
}

finish() {
    if [[ $failed -gt 0 ]]; then
        echo "smoke: the server's output:"
        sed 's/^/    /' "$work/output"
    fi
    echo "$passed passed, $failed failed"
    [[ $failed -eq 0 ]]
    exit
}

touch "$work/output"
for port in 8787 8788; do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
        check "port $port is free for the server" no
        finish
    fi
done

dotnet run -c Release --project src/Skerry.Server -- --data "$work/data" >"$work/output" 2>&1 &
server=$!

curl_lines() {
    sed -E 's/\x1b\[[0-9;]*[A-Za-z]//g' "$work/output" | sed -nE 's/^[[:space:]]*(\$ )?(curl .*)$/\2/p' | sed -E 's/[[:space:]]+$//'
}
deadline=$((SECONDS + start_seconds))
healthy=no
while [[ $SECONDS -lt $deadline ]] && kill -0 "$server" 2>/dev/null; do
    if curl -sf -o /dev/null http://127.0.0.1:8788/health && [[ "$(curl_lines | wc -l)" -ge 3 ]]; then
        healthy=yes
        break
    fi
    sleep 0.2
done
check "answers on /health and prints three curl lines within $start_seconds s" "$healthy"
[[ $healthy == yes ]] || finish

# The lines are pasted as they are. What a newcomer cannot see, the status, is asked for in curl's own configuration.
printf 'silent\nwrite-out = "\\n%%{http_code}\\n"\n' >"$work/.curlrc"
mapfile -t lines < <(curl_lines)
paste_line() { CURL_HOME="$work" bash -c "$1" 2>&1; }

answer="$(paste_line "${lines[0]}")"
[[ "${answer##*$'\n'}" == 2?? ]] && ok=yes || ok=no
check "books a seat" "$ok" "${lines[0]} -> $answer"
answer="$(paste_line "${lines[1]}")"
[[ "${answer##*$'\n'}" == 200 && "$answer" == *[\[{]* ]] && ok=yes || ok=no
check "lists the seats" "$ok" "${lines[1]} -> $answer"
answer="$(paste_line "${lines[2]}")"
[[ "${answer##*$'\n'}" == 409 ]] && ok=yes || ok=no
check "refuses a seat that is taken" "$ok" "${lines[2]} -> $answer"

kill -TERM "$server"
stopping=$SECONDS
for ((i = 0; i < stop_seconds * 10; i++)); do
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
done
if kill -0 "$server" 2>/dev/null; then
    check "ends within $stop_seconds s of SIGTERM" no
else
    wait "$server"
    code=$?
    server=""
    [[ $code -eq 0 ]] && ok=yes || ok=no
    check "ends with exit code 0 within $stop_seconds s of SIGTERM" "$ok" "code $code after $((SECONDS - stopping)) s"
fi
finish
