#!/usr/bin/env bash
# Runs all tests. What they need and this machine lacks is installed from Debian's packages (as root), or named.
# Further arguments go to Cargo: test.sh -p orchestrator-core
set -euo pipefail

cd -P "$(dirname "${BASH_SOURCE[0]}")/.."

# The page of the local Discord is tested in a browser.
lacking=()
command -v chromium >/dev/null || command -v google-chrome >/dev/null || lacking+=(chromium)
command -v chromedriver >/dev/null || lacking+=(chromium-driver)
command -v shellcheck >/dev/null || lacking+=(shellcheck)
if [[ ${#lacking[@]} -gt 0 ]]; then
    if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${lacking[@]}"
    else
        echo "Tests that need them are left out until these are installed: apt-get install ${lacking[*]}" >&2
        # The browser tests would rather fail than be left out in silence.
        [[ " ${lacking[*]} " != *" chromium"* ]] || export ORCH_TEST_WITHOUT_BROWSER=1
    fi
fi

if [[ $# -eq 0 ]]; then
    set -- --workspace
fi
if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run "$@"
    # Examples in the documentation are not nextest's business.
    exec cargo test --doc "$@"
fi
exec cargo test "$@"
