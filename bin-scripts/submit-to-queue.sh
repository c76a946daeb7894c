#!/usr/bin/env bash
# Posts a task into #task-queue and prints its id: submit-to-queue.sh "text" [model] [thinking] [--wait]
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/run-program.sh" submit "$@"
