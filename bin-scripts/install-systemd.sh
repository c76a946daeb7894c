#!/usr/bin/env bash
# Writes a systemd unit for the service: for the whole system as root, else for this user.
#   install-systemd.sh [--print] [--user | --system] [--dir FOLDER] [--name NAME] [--run-as ACCOUNT] [--enable]
set -euo pipefail

usage() {
    sed -n '2,3s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
}

root=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
print=no enable=no dir=$root name=orchestrator scope=user account=
if [[ $(id -u) == 0 ]]; then
    scope=system
fi
while [[ $# -gt 0 ]]; do
    case $1 in
        --print) print=yes ;;
        --enable) enable=yes ;;
        --user) scope=user ;;
        --system) scope=system ;;
        --dir | --name | --run-as)
            if [[ $# -lt 2 ]]; then
                echo "$1 needs a value" >&2
                exit 1
            fi
            case $1 in
                --dir) dir=$(cd -P "$2" && pwd) ;;
                --name) name=$2 ;;
                --run-as) account=$2 ;;
            esac
            shift
            ;;
        -h | --help)
            usage
            exit 0
            ;;
        *)
            echo "unknown argument: $1" >&2
            usage >&2
            exit 1
            ;;
    esac
    shift
done

program=
for candidate in "${CARGO_TARGET_DIR:-$root/target}/dist/orchestrator" "${CARGO_TARGET_DIR:-$root/target}/release/orchestrator" "$(command -v orchestrator || true)" "${CARGO_TARGET_DIR:-$root/target}/debug/orchestrator"; do
    if [[ -n $candidate && -x $candidate ]]; then
        program=$candidate
        break
    fi
done
if [[ -z $program && $print == yes ]]; then
    program=$root/target/release/orchestrator
elif [[ -z $program ]]; then
    echo "Build it first: cargo build --release" >&2
    exit 1
fi

# systemd reads % as the beginning of a specifier, and backslashes and quotes inside quotes.
escaped() {
    local text=${1//%/%%}
    text=${text//\\/\\\\}
    printf '%s' "${text//\"/\\\"}"
}

unit() {
    cat <<UNIT
[Unit]
Description=Orchestrator for AI agents in Discord
Documentation=file://${root// /%%20}/docs/cli.md
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
WorkingDirectory=${dir//%/%%}
ExecStart="$(escaped "$program")" run --dir "$(escaped "$dir")"
Restart=always
RestartSec=5
# A configuration that can't be used is not better the next time.
RestartPreventExitStatus=1
# Agents outlive the service and are found again: only its own process is ended, and cgroups below it are its own.
KillMode=process
Delegate=yes
OOMPolicy=continue
TimeoutStopSec=60
UNIT
    if [[ $scope == system && -n $account ]]; then
        echo "User=$account"
    fi
    echo
    echo "[Install]"
    if [[ $scope == system ]]; then
        echo "WantedBy=multi-user.target"
    else
        echo "WantedBy=default.target"
    fi
}

if [[ $print == yes ]]; then
    unit
    exit 0
fi

if [[ $scope == system ]]; then
    folder=/etc/systemd/system
    control=(systemctl)
else
    folder=${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user
    control=(systemctl --user)
fi
mkdir -p "$folder"
file=$folder/$name.service
if [[ -e $file ]] && ! unit | cmp -s - "$file"; then
    cp "$file" "$file.old"
    echo "What was there is kept as $file.old"
fi
unit >"$file"
echo "Wrote $file"
if [[ $enable == yes ]]; then
    "${control[@]}" daemon-reload
    "${control[@]}" enable --now "$name"
else
    echo "Start it: ${control[*]} daemon-reload && ${control[*]} enable --now $name"
fi
if [[ $scope == user ]]; then
    echo "To keep it running while you are logged out: loginctl enable-linger"
fi
