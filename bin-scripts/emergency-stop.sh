#!/usr/bin/env bash
# Starts nothing more and ends every agent, even if the service is dead. `orchestrator resume` goes on.
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/run-program.sh" panic "$@"
