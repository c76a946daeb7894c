#!/usr/bin/env bash
# Runs the orchestrator with the given arguments: a built one, else the one in PATH, else Cargo builds it.
# The other scripts are one verb each. Settings are looked for in the current folder, else in the repository's.
set -euo pipefail

root=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

if [[ -z ${ORCHESTRATOR_CONFIG_DIR-} ]]; then
    if [[ -e discord-config.env || -e orchestrator_config.json ]]; then
        export ORCHESTRATOR_CONFIG_DIR=$PWD
    else
        export ORCHESTRATOR_CONFIG_DIR=$root
    fi
fi

target=${CARGO_TARGET_DIR:-$root/target}
for program in "$target/dist/orchestrator" "$target/release/orchestrator" "$target/debug/orchestrator"; do
    if [[ -x $program ]]; then
        exec "$program" "$@"
    fi
done
if program=$(command -v orchestrator); then
    exec "$program" "$@"
fi
if command -v cargo >/dev/null; then
    exec cargo run --quiet --release --manifest-path "$root/Cargo.toml" -- "$@"
fi
echo "There is no orchestrator in $target or in PATH, and no Cargo to build one: https://rustup.rs" >&2
exit 1
