#!/usr/bin/env bash
# Cancels every task that waits. Asks first; --yes does not.
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/run-program.sh" cancel --waiting "$@"
