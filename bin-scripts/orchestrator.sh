#!/usr/bin/env bash
# Runs what waits, posts it and ends: the form for cron.
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/run-program.sh" once "$@"
