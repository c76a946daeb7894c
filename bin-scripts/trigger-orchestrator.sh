#!/usr/bin/env bash
# Makes a running service look at the queue at once; without one, runs what waits.
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/run-program.sh" trigger "$@"
