#!/usr/bin/env bash
# Configures a real Discord, step by step.
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/run-program.sh" setup "$@"
