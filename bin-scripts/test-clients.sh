#!/usr/bin/env bash
# Lets programs that know nothing of this project judge the local Discord: bots written with discord.js, discord.py and serenity.
#
#   test-clients.sh                         installs them, and runs each against an `orchestrator sandbox` of its own
#   test-clients.sh discord.js discord.py   runs these only
#   test-clients.sh --install               only installs them
#   test-clients.sh --env FILE discord.js   runs it against a local Discord that is there; FILE is what `sandbox --write-env` wrote
#
# They come from their registries, as pinned in tests/clients, into $ORCH_TEST_CLIENTS_DIR (default: target/clients).
# Exit code 77: one can't be had on this machine; the reason is told.
set -euo pipefail

cd -P "$(dirname "${BASH_SOURCE[0]}")/.."
programs=$PWD/tests/clients
target=${CARGO_TARGET_DIR:-$PWD/target}
cache=${ORCH_TEST_CLIENTS_DIR:-$target/clients}
readonly cannot=77

missing() {
    printf '!!! %s is not tried: %s\n' "$1" "$2" >&2
    return "$cannot"
}

# Two who install at once would be in each other's way.
alone() {
    mkdir -p "$cache"
    exec 9>"$cache/$1.lock"
    flock 9
}

# The folder for what is pinned in these files: another version is another folder.
place() {
    printf '%s/%s-%s' "$cache" "$1" "$(cat "${@:2}" | sha256sum | cut -c1-12)"
}

install_discord_js() {
    command -v node >/dev/null && command -v npm >/dev/null || missing discord.js 'node and npm are needed: apt-get install nodejs npm' || return
    alone discord.js
    js=$(place discord.js "$programs/discord.js/package-lock.json")
    [[ -e $js/.installed ]] && return
    rm -rf "$js" && mkdir -p "$js"
    cp "$programs/discord.js/package.json" "$programs/discord.js/package-lock.json" "$js"
    (cd "$js" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2) || missing discord.js 'its registry could not be reached' || return
    touch "$js/.installed"
}

install_discord_py() {
    python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
        missing discord.py 'python 3.11 or newer with venv is needed: apt-get install python3-venv' || return
    alone discord.py
    py=$(place discord.py "$programs"/discord.py/requirements*.txt)
    [[ -e $py/.installed ]] && return
    rm -rf "$py"
    { python3 -m venv "$py" && "$py/bin/pip" install --quiet --require-hashes -r "$programs/discord.py/requirements.txt" &&
        "$py/bin/pip" install --quiet --require-hashes --target "$py/zstd" -r "$programs/discord.py/requirements-zstd.txt"; } >&2 ||
        missing discord.py 'its registry could not be reached' || return
    touch "$py/.installed"
}

# Lets go of the lock, so that others may run at the same time.
installed() {
    case $1 in
        discord.js) install_discord_js ;;
        discord.py) install_discord_py ;;
        serenity) ;;
        *) missing "$1" 'nobody knows it here' ;;
    esac
    local code=$?
    exec 9>&-
    return "$code"
}

run() {
    case $1 in
        discord.js) NODE_PATH=$js/node_modules node "$programs/discord.js/main.js" ;;
        discord.py)
            export PYTHONDONTWRITEBYTECODE=1
            "$py/bin/python" "$programs/discord.py/main.py" &&
                # It speaks Zstandard instead of zlib as soon as it finds that.
                PYTHONPATH=$py/zstd "$py/bin/python" "$programs/discord.py/main.py" messages connection
            ;;
    esac
}

# Reads the settings of a local Discord.
meet() {
    set -a
    # shellcheck disable=SC1090 # Written by the program itself.
    source "$1"
    set +a
}

judge() {
    local client=$1 home
    if [[ $client == serenity ]]; then
        cargo test --quiet --locked -p orchestrator-sandbox --test it clients::serenity
        return
    fi
    if [[ -n $env ]]; then
        meet "$env"
        run "$client"
        return
    fi
    cargo build --quiet --locked --bin orchestrator
    home=$(mktemp -d)
    "$target/debug/orchestrator" sandbox --listen 127.0.0.1:0 --limits discord/10 --write-env "$home/env" >"$home/log" 2>&1 &
    local sandbox=$! code=0
    for _ in {1..100}; do
        [[ -s $home/env ]] && break
        sleep 0.1
    done
    (meet "$home/env" && run "$client") || code=$?
    kill "$sandbox"
    wait "$sandbox" || true
    rm -rf "$home"
    return "$code"
}

env='' only_install='' clients=()
while [[ $# -gt 0 ]]; do
    case $1 in
        --env) env=$2 && shift ;;
        --install) only_install=1 ;;
        *) clients+=("$1") ;;
    esac
    shift
done
[[ ${#clients[@]} -gt 0 ]] || clients=(discord.js discord.py serenity)

result=0 js='' py=''
for client in "${clients[@]}"; do
    code=0
    installed "$client" || code=$?
    if [[ $code == 0 && -z $only_install ]]; then
        judge "$client" || code=1
    fi
    # A client that is wrong counts for more than one that can't be had.
    [[ $code == 0 || $result == 1 ]] || result=$code
done
exit "$result"
