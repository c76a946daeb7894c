#!/usr/bin/env bash
# Measures how near the machine's and Discord's limits we come, and prints one table; docs/performance.md says what each figure means.
# Usage: bench.sh [--quick] [--json | --markdown] [PART…], the parts being claim event idle interactions outputs spawn whole pueue depth delivery.
# The peer is measured too where it is installed: on PATH, or in the folder that PUEUE names.
set -euo pipefail

# A folder that was named from where we were called means the same below.
if [[ -n "${PUEUE:-}" ]]; then
    PUEUE=$(realpath "$PUEUE")
    export PUEUE
fi
cd -P "$(dirname "${BASH_SOURCE[0]}")/.."

# What is measured is built as it is installed; the build is not measured, and what it says goes to standard error.
cargo bench --profile dist --locked --quiet --bench floors --no-run >&2
{
    echo "machine: $(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n1), Linux $(uname -r)"
    echo "disk: $(df --output=source,fstype . | tail -n1 | tr -s ' '); load before: $(cut -d' ' -f1-3 /proc/loadavg); commit $(git describe --always --dirty 2>/dev/null || echo unknown); $(date -u +%F)"
} >&2
exec cargo bench --profile dist --locked --quiet --bench floors -- "$@"
