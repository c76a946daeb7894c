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
# The local Discord is judged by bots of other people's libraries.
command -v node >/dev/null || lacking+=(nodejs)
command -v npm >/dev/null || lacking+=(npm)
python3 -c 'import venv, ensurepip' 2>/dev/null || lacking+=(python3-venv)
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

# Those tests would rather fail, too; a machine that cannot have a library is told so here, and that test alone is left out.
for client in discord.js discord.py; do
    bin-scripts/test-clients.sh --install "$client" || export ORCH_TEST_WITHOUT_CLIENTS="${ORCH_TEST_WITHOUT_CLIENTS:-} $client"
done

# Its accessibility is judged by axe-core, which is run from disk within the page. Without it those tests say so and judge nothing.
axe=4.14.1
axe_sha512=1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b734f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5
axe_dir=${XDG_CACHE_HOME:-$HOME/.cache}/orchestrator-tests/axe-core-$axe
if [[ ! -s $axe_dir/axe.min.js ]] && command -v npm >/dev/null; then
    mkdir -p "$axe_dir"
    if (cd "$axe_dir" && npm pack --silent "axe-core@$axe" >/dev/null && echo "$axe_sha512  axe-core-$axe.tgz" | sha512sum --check --quiet); then
        tar -xzOf "$axe_dir/axe-core-$axe.tgz" package/axe.min.js >"$axe_dir/axe.min.js.new"
        mv "$axe_dir/axe.min.js.new" "$axe_dir/axe.min.js"
    fi
fi
if [[ -s $axe_dir/axe.min.js ]]; then
    export ORCH_TEST_AXE=$axe_dir/axe.min.js
else
    echo "!!! NOT TESTED: the page's accessibility: axe-core $axe could not be fetched from the npm registry" >&2
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
