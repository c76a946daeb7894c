#!/usr/bin/env bash
# Builds the program and plays seeded histories against it: tasks, changes of mind, kills and faults, judged from outside.
#   torture.sh -n 10000                    torture.sh --seed 4711              torture.sh soak --minutes 30 --rate 10
#   torture.sh --seed 4711 --shrink        torture.sh --replay short.ops       torture.sh --help
# With --debug first, the debug build is taken instead of the release build.
set -euo pipefail

root=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
profile=release
build=(--release)
if [[ ${1:-} == --debug ]]; then
    profile=debug
    build=()
    shift
fi
cargo build --quiet --manifest-path "$root/Cargo.toml" --locked "${build[@]}" --bin orchestrator --package discord-orchestrator
cargo build --quiet --manifest-path "$root/Cargo.toml" --locked "${build[@]}" --bin torture --package orchestrator-torture
target=${CARGO_TARGET_DIR:-$root/target}/$profile

# The program to be judged is told, unless somebody names another one; a subcommand comes first.
given=("$@")
own=(--bin "$target/orchestrator")
for argument in "$@"; do
    if [[ $argument == --bin || $argument == --bin=* || $argument == --help || $argument == -h ]]; then
        own=()
    fi
done
exec "$target/torture" "${given[@]}" "${own[@]}"
