#!/usr/bin/env bash
# Installs what tests and benchmarks need beside the .NET SDK.
#
#   eng/install-tools.sh --tests   curl, Chromium, a font, Redis, PostgreSQL, Ceph's S3 server (about 70 MB), spin and gcc,
#                                  libfaketime, ip and tc for networks of namespaces, the cloudflare SDK and
#                                  oidc-provider (from npm, pinned)
#   eng/install-tools.sh --bench   the same, and wrk and workerd (from npm, pinned)
#
# Installs nothing that is there already, and says nothing then. Works as root, or through sudo.
set -euo pipefail

workerd_version="1.20261117.1"
cloudflare_version="7.3.0"
# The last line of versions that runs on the Node.js that Debian 12 has.
oidc_provider_version="8.8.1"
# Another apt run (unattended upgrades, say) may hold the lock; it is waited for this long.
apt_lock_seconds=300

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
tools="$root/artifacts/tools"

usage() {
    echo "usage: eng/install-tools.sh --tests | --bench" >&2
    exit 2
}

fail() {
    echo "install-tools: $1" >&2
    exit 1
}

[[ $# -eq 1 ]] || usage
case "$1" in
    --tests | --bench) wanted="$1" ;;
    *) usage ;;
esac

has() { command -v "$1" >/dev/null 2>&1; }
has_chromium() { has chromium || has chromium-browser || has google-chrome; }
# Without a font Chromium draws boxes, and the screenshots that the browser tests take are worthless.
has_font() { compgen -G '/usr/share/fonts/truetype/dejavu/*.ttf' >/dev/null || { has fc-list && [[ -n "$(fc-list 2>/dev/null)" ]]; }; }
has_postgres() { has postgres && has initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }
# A real S3 server; eng/s3-server.sh runs it.
has_faketime() { compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null; }
has_s3() { has radosgw && has ceph-mon && has ceph-osd; }
# A package from npm, in a folder of its own.
has_npm_package() {
    local manifest="$tools/$1/node_modules/$1/package.json"
    [[ -f "$manifest" ]] && grep -q "\"version\": \"$2\"" "$manifest"
}

packages=()
has curl || packages+=(curl)
has sqlite3 || packages+=(sqlite3)
has_chromium || packages+=(chromium)
has_font || packages+=(fonts-dejavu-core)
has redis-server || packages+=(redis-server)
has_postgres || packages+=(postgresql-15)
has spin || packages+=(spin)
has gcc || packages+=(gcc libc6-dev)
has_faketime || packages+=(libfaketime)
has ip && has tc || packages+=(iproute2)
has_s3 || packages+=(radosgw ceph-mon ceph-osd)
has npm || packages+=(npm)
[[ "$wanted" == --bench ]] && { has wrk || packages+=(wrk); }

if [[ ${#packages[@]} -gt 0 ]]; then
    has apt-get || fail "this is not Debian or Ubuntu (no apt-get). Install by hand, then run this again: ${packages[*]} \
(or what your distribution calls them; PostgreSQL may be any version from 14 on, Chromium may be Google Chrome)."
    as_root=()
    if [[ "$(id -u)" -ne 0 ]]; then
        has sudo || fail "installing needs root, and there is no sudo. As root: apt-get install ${packages[*]}"
        as_root=(sudo)
    fi
    apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o "DPkg::Lock::Timeout=$apt_lock_seconds")

    # Ubuntu has PostgreSQL under another number, and Chromium only as a snap; its own Chrome is usually there.
    echo "install-tools: installing ${packages[*]}" >&2
    "${apt[@]}" update >/dev/null || echo "install-tools: apt-get update failed; trying with the package lists that are here" >&2
    for index in "${!packages[@]}"; do
        if [[ "${packages[$index]}" == postgresql-15 ]] && ! apt-cache show postgresql-15 >/dev/null 2>&1; then
            packages[index]=postgresql
        fi
    done
    # The servers that Debian's packages start by themselves are of no use here: tests and benchmarks run private ones.
    log="$(mktemp)"
    if ! "${apt[@]}" install --no-install-recommends "${packages[@]}" >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        fail "apt-get could not install: ${packages[*]}"
    fi
    rm -f "$log"
fi

npm_package() {
    has_npm_package "$1" "$2" && return
    echo "install-tools: installing $1 $2 from npm into $tools/$1" >&2
    mkdir -p "$tools/$1"
    npm install --silent --no-audit --no-fund --prefix "$tools/$1" "$1@$2" || fail "npm could not install $1 $2"
    has_npm_package "$1" "$2" || fail "npm installed $1, but not version $2"
}

npm_package cloudflare "$cloudflare_version"
npm_package oidc-provider "$oidc_provider_version"
if [[ "$wanted" == --bench ]]; then
    npm_package workerd "$workerd_version"
fi
