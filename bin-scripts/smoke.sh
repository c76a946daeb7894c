#!/usr/bin/env bash
# One task through the whole program: the demonstration is started in a folder of its own, answers a task, and ends. Usage: smoke.sh [BINARY]
set -euo pipefail
binary=$(realpath "${1:-target/debug/orchestrator}")
folder=$(mktemp -d)
cd "$folder"
"$binary" demo --listen 127.0.0.1:0 --agent demo >demo.out 2>demo.err &
demo=$!
finish() {
  kill "$demo" 2>/dev/null || true
  wait "$demo" 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT
for _ in $(seq 1 300); do
  "$binary" status >/dev/null 2>&1 && break
  kill -0 "$demo" 2>/dev/null || { cat demo.out demo.err; exit 1; }
  sleep 0.1
done
"$binary" submit "Count the words of this sentence, please" --wait || { cat demo.err; exit 1; }
"$binary" list
