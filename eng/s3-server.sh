#!/usr/bin/env bash
# Starts and stops a real S3 server on loopback: Ceph's radosgw over one monitor and one storage daemon, all in memory.
#
#   eng/s3-server.sh start DIR PORT   serves http://127.0.0.1:PORT; PORT+1 is the monitor's; DIR gets logs and pid files
#   eng/s3-server.sh stop DIR         ends what start has left running in DIR
#
# There is one user, access key "skerry-test", secret "skerry-test-secret", and one bucket, "skerry". Everything is gone
# when it stops. It needs Debian's packages ceph-mon, ceph-osd and radosgw (eng/install-tools.sh --tests).
#
# Its limits, as of version 16.2. Conditional writes are atomic, but:
# - If-Match is compared as it is sent: the version has to come without quotes, which the probe at start finds out;
# - who loses a race of swaps may get 500 instead of 412, and has to look what is there.
set -euo pipefail

access_key="skerry-test"
secret_key="skerry-test-secret"
bucket="skerry"
start_seconds=60

usage() {
    echo "usage: eng/s3-server.sh start DIR PORT | stop DIR" >&2
    exit 2
}

fail() {
    echo "s3-server: $1" >&2
    exit 1
}

# The daemons write their own pid files only when they go to the background; here they stay children of nobody.
launch() {
    local name="$1"
    shift
    setsid "$@" </dev/null >"$dir/$name.out" 2>&1 &
    echo $! >"$dir/$name.pid"
}

# A number that has since been given to another program is not ours; what nobody has waited for is not alive.
alive() {
    local process
    [[ -f "$dir/$1.pid" ]] || return 1
    process="/proc/$(cat "$dir/$1.pid")"
    grep -qsE '^(ceph-mon|ceph-osd|radosgw|setsid|bash)$' "$process/comm" && grep -qsE '^State:\s+[^ZX]' "$process/status"
}

# Waits until a command succeeds, as long as the daemon lives.
await() {
    local name="$1"
    shift
    local deadline=$((SECONDS + start_seconds))
    until "$@" >/dev/null 2>&1; do
        alive "$name" || { tail -n 20 "$dir/$name.out" >&2; stop; fail "$name has ended; its output is above, and in $dir"; }
        [[ $SECONDS -lt $deadline ]] || { stop; fail "$name did not come up within $start_seconds s; see $dir"; }
        sleep 0.2
    done
}

start() {
    for tool in ceph-mon ceph-osd radosgw radosgw-admin monmaptool osdmaptool curl; do
        command -v "$tool" >/dev/null || fail "$tool is missing. Run eng/install-tools.sh --tests, or install ceph-mon, ceph-osd, radosgw and curl."
    done
    mkdir -p "$dir/mon" "$dir/osd"
    local fsid monitor=$((port + 1)) conf="$dir/ceph.conf"
    fsid="$(cat /proc/sys/kernel/random/uuid)"
    cat >"$conf" <<CONF
[global]
fsid = $fsid
mon host = [v1:127.0.0.1:$monitor]
mon initial members = a
ms bind msgr2 = false
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
run dir = $dir
admin socket =
log file = $dir/\$name.log
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon data avail crit = 0
paxos propose interval = 0.02
paxos min wait = 0.01
[mon]
mon data = $dir/mon
[osd]
osd data = $dir/osd
osd objectstore = memstore
memstore device bytes = 4294967296
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:$port
keyring = $dir/none
CONF
    monmaptool --create --clobber --fsid "$fsid" --addv a "[v1:127.0.0.1:$monitor]" "$dir/monmap" >/dev/null
    osdmaptool --createsimple 1 "$dir/osdmap" -c "$conf" --clobber >/dev/null 2>&1
    ceph-mon -c "$conf" --mkfs -i a --monmap "$dir/monmap" --osdmap "$dir/osdmap"
    ceph-osd -c "$conf" --mkfs -i 0 --no-mon-config --osd-uuid "$(cat /proc/sys/kernel/random/uuid)" 2>/dev/null

    launch mon ceph-mon -c "$conf" -i a -f
    launch osd ceph-osd -c "$conf" -i 0 -f --no-mon-config
    launch rgw radosgw -c "$conf" -n client.rgw -f --no-mon-config
    await rgw curl -s -o /dev/null "http://127.0.0.1:$port/"
    timeout "$start_seconds" radosgw-admin -c "$conf" --no-mon-config user create --uid skerry --display-name skerry \
        --access-key "$access_key" --secret-key "$secret_key" >/dev/null 2>"$dir/admin.out" || { stop; fail "no user could be made; see $dir/admin.out"; }
    await rgw curl -sf -o /dev/null -X PUT "http://127.0.0.1:$port/$bucket" --aws-sigv4 aws:amz:us-east-1:s3 \
        -u "$access_key:$secret_key" -H x-amz-content-sha256:UNSIGNED-PAYLOAD
}

stop() {
    # A shutdown in good order takes them seconds, and everything is in memory.
    local name
    for name in rgw osd mon; do
        if alive "$name"; then
            kill -9 "$(cat "$dir/$name.pid")" 2>/dev/null || true
        fi
        rm -f "$dir/$name.pid"
    done
}

[[ $# -ge 2 ]] || usage
dir="$(realpath -m "$2")"
case "$1:$#" in
    start:3)
        port="$3"
        start
        ;;
    stop:2) stop ;;
    *) usage ;;
esac
