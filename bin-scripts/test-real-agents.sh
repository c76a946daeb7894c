#!/usr/bin/env bash
# Runs the real agent programs through the orchestrator, against a model on a loopback port that costs nothing: an answer, a refused key (401), a
# busy provider (429), a failing one (500), one that never answers, and a tool that leaves a process behind. Prints a table in Markdown.
#
# Usage: bin-scripts/test-real-agents.sh [--into FOLDER] [--modes "ok 401 …"] [--walled] [AGENT …]
#   --into FOLDER   use what is installed there (npm packages); without it they are installed into a temporary folder, about 2 GB
#   --walled        each with its files walled and the model's host as the only one that it reaches, over its gate: docs/isolation.md
#   ORCHESTRATOR    the program (target/debug/orchestrator)
#
# By hand: it needs the npm registry. What can't be installed is said and left out.
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD
orchestrator=$(realpath "${ORCHESTRATOR:-target/debug/orchestrator}")
into='' modes='ok 401 429 500 hang tool' host=127.0.0.1
while [ $# -gt 0 ]; do
  case "$1" in
    --into) into=$2; shift 2 ;;
    --modes) modes=$2; shift 2 ;;
    # An address of this machine towards others: loopback would have a door past the gate.
    --walled) host=$(python3 -c 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(("192.0.2.1", 9)); print(s.getsockname()[0])'); shift ;;
    -h|--help) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) echo "unknown option $1" >&2; exit 1 ;;
    *) break ;;
  esac
done
agents=("$@")
[ ${#agents[@]} -gt 0 ] || agents=(claude codex opencode gemini pi openclaw-exec claude-acp codex-acp opencode-acp gemini-acp llm)
[ -x "$orchestrator" ] || { echo "$orchestrator is not there: cargo build, or set ORCHESTRATOR" >&2; exit 1; }

work=$(mktemp -d)
endpoint=''
finish() {
  [ -z "$endpoint" ] || kill "$endpoint" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

declare -A package=(
  [claude]=@anthropic-ai/claude-code@2.1.329 [codex]=@openai/codex@0.169.0 [opencode]=opencode-ai@1.18.33 [gemini]=@google/gemini-cli@0.61.0
  [claude-acp]=@agentclientprotocol/claude-agent-acp@0.100.0 [codex-acp]=@agentclientprotocol/codex-acp@2.6.0
  [opencode-acp]=opencode-ai@1.18.33 [gemini-acp]=@google/gemini-cli@0.61.0
  [pi]=@earendil-works/pi-coding-agent@0.87.1 [openclaw-exec]=openclaw@2026.9.6
)
if [ -z "$into" ]; then
  into=$work/npm
  mkdir -p "$into"
  (cd "$into" && npm init -y >/dev/null)
  install() {
    echo "Installing $1 …" >&2
    (cd "$into" && PATH="$into/node_modules/node/bin:$PATH" npm install --no-audit --no-fund --loglevel=error "$1" >>npm.log 2>&1) && return
    echo "$1 can't be installed: $(grep 'npm error' "$into/npm.log" | tail -4 | head -1)" >&2
  }
  # Some of them refuse an older Node.js than this.
  install node@24
  for agent in "${agents[@]}"; do [ -z "${package[$agent]:-}" ] || install "${package[$agent]}"; done
fi
modules=$(realpath "$into")/node_modules
# Scripts of Node.js look for `node` in PATH; some packages bring their program for this platform in a package of its own.
export PATH="$modules/node/bin:$modules/.bin:$PATH"
program() {
  local known
  case "$1" in
    claude) known=$(compgen -G "$modules/@anthropic-ai/claude-code-linux-*/claude") ;;
    codex) known=$(compgen -G "$modules/@openai/codex-linux-*/vendor/*/bin/codex") ;;
    opencode|opencode-acp) known=$(compgen -G "$modules/opencode-linux-*/bin/opencode") ;;
    openclaw-exec) known=$modules/.bin/openclaw ;;
    claude-acp) known=$modules/.bin/claude-agent-acp ;;
    gemini-acp) known=$modules/.bin/gemini ;;
    *) known=$modules/.bin/$1 ;;
  esac
  # The plain one comes first in the alphabet: others are for other C libraries or older processors.
  echo "${known%%$'\n'*}"
}

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("'"$host"'", 0)); print(s.getsockname()[1])')
python3 "$here/tests/agents/model_endpoint.py" "$port" "$host" &
endpoint=$!
for _ in $(seq 100); do
  python3 -c "import urllib.request as r; r.urlopen('http://$host:$port/ok/models')" 2>/dev/null && break
  kill -0 "$endpoint" 2>/dev/null || { echo "the model on port $port has not started" >&2; exit 1; }
  sleep 0.1
done

export ANTHROPIC_API_KEY=dummy-key OPENAI_API_KEY=dummy-key GEMINI_API_KEY=dummy-key OPENROUTER_API_KEY=dummy-key LLM_API_KEY=dummy-key
unset CODEX_API_KEY CLAUDE_CODE_OAUTH_TOKEN 2>/dev/null || true

# The configuration of one mode: where each agent's model is. `python3` writes it, so that every text is quoted as JSON wants it.
configure() {
  python3 - "$1" "$2" "http://$host:$port/$2" "${@:3}" <<'PYTHON'
import json, sys
folder, mode, base = sys.argv[1:4]
programs = dict(pair.split("=", 1) for pair in sys.argv[4:])
model = {"id": "fake-model", "name": "Fake", "reasoning": True, "input": ["text"], "contextWindow": 200000, "maxTokens": 8192,
         "cost": {"input": 1.0, "output": 2.0, "cacheRead": 0.1, "cacheWrite": 0}}
provider = {"baseUrl": f"{base}/v1", "apiKey": "dummy-key", "api": "openai-completions", "models": [model]}
agents = {
    "claude": {"args": ["-p", "--output-format", "stream-json", "--verbose", ["--model", "{model}"], "--permission-mode", "acceptEdits", "--allowedTools", "Bash"],
               "env": {"ANTHROPIC_BASE_URL": base}, "default_model": "claude-sonnet-4-5"},
    "codex": {"args": ["exec", "--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "-C", "{task_dir}", ["-m", "{model}"], "-"],
              "default_model": "fake-model",
              "files": {"{home}/.codex/config.toml": 'model_provider = "fake"\n[model_providers.fake]\nname = "fake"\n'
                        f'base_url = "{base}/v1"\nenv_key = "OPENAI_API_KEY"\nwire_api = "responses"\nrequest_max_retries = 1\nstream_max_retries = 1\n'}},
    "opencode": {"env": {"OPENCODE_DISABLE_MODELS_FETCH": "1"}, "default_model": "fake/fake-model", "files": {"{config_dir}/opencode.json": {
        "autoupdate": False, "share": "disabled", "small_model": "fake/fake-model", "permission": {"*": "allow"},
        "provider": {"fake": {"npm": "@ai-sdk/openai-compatible", "name": "Fake", "options": {"baseURL": f"{base}/v1", "apiKey": "dummy-key"},
                              "models": {"fake-model": {"name": "Fake", "cost": {"input": 1.0, "output": 2.0, "cache_read": 0.1, "cache_write": 0},
                                                        "limit": {"context": 200000, "output": 8192}}}}}}}},
    "gemini": {"env": {"GOOGLE_GEMINI_BASE_URL": base}, "default_model": "gemini-2.5-flash"},
    "pi": {"default_model": "fake/fake-model", "files": {"{home}/.pi/agent/models.json": {"providers": {"fake": provider}}}},
    "openclaw-exec": {"home": "own"},
    "claude-acp": {"env": {"ANTHROPIC_BASE_URL": base}, "default_model": "claude-sonnet-4-5", "permissions": "allow"},
    "codex-acp": {"permissions": "allow"},
    "opencode-acp": {"permissions": "allow"},
    "gemini-acp": {"env": {"GOOGLE_GEMINI_BASE_URL": base}, "default_model": "gemini-2.5-flash", "permissions": "allow"},
    "llm": {"env": {"LLM_BASE_URL": f"{base}/v1", "LLM_MODEL": "fake-model"}},
}
if not base.startswith("http://127.0.0.1:"):
    walls = {"file_system": "workspace", "home": "own", "isolation_required": True, "network": {"hosts": [base.split("/")[2]]}}
    agents = {name: {**definition, **walls} for name, definition in agents.items()}
# The same settings over the protocol.
agents["codex-acp"]["files"] = {path: 'model = "fake-model"\n' + text for path, text in agents["codex"]["files"].items()}
agents["opencode-acp"] |= {key: agents["opencode"][key] for key in ("env", "default_model")}
agents["opencode-acp"]["files"] = {path: {**value, "permission": {"*": "ask"}} for path, value in agents["opencode"]["files"].items()}
for name, definition in agents.items():
    if name in programs:
        definition["command"] = programs[name]
json.dump({"agents": agents, "prices": {"unit": "per_million"}}, open(f"{folder}/orchestrator_config.json", "w"))
primary = {"model": {"primary": "fake/fake-model"}}
json.dump({"models": {"mode": "replace", "providers": {"fake": provider}}, "agents": {"defaults": primary}}, open(f"{folder}/openclaw.json", "w"))
PYTHON
}

pairs=()
ready=()
for agent in "${agents[@]}"; do
  path=$([ "$agent" = llm ] && echo "$orchestrator" || program "$agent" || true)
  if [ -x "$path" ]; then
    ready+=("$agent")
    [ "$agent" = llm ] || pairs+=("$agent=$path")
  else
    echo "$agent: no program of it was installed; left out" >&2
  fi
done

echo "| Agent | Mode | Outcome | Class | Tokens (in/out/cached) | Cost | Exit | Time | Processor | Memory | Swept | Left |"
echo "|---|---|---|---|---|---|---|---|---|---|---|---|"
failed=0
for mode in $modes; do
  root=$work/$mode
  mkdir -p "$root"
  configure "$root" "$mode" "${pairs[@]}"
  for agent in "${ready[@]}"; do
    text='What is 6 times 7?' limit=90s mark="sleep 98$RANDOM"
    [ "$mode" != hang ] || limit=30s
    [ "$mode" != tool ] || text="Run the command RUN{{nohup $mark >/dev/null 2>&1 & echo ran}} and say what it printed."
    # Trials end as the task would: only what is printed counts here.
    LLM_BASE_URL="http://$host:$port/$mode/v1" LLM_MODEL=fake-model "$orchestrator" --config-dir "$root" --json agents test "$agent" --text "$text" --timeout "$limit" --thinking low \
      >"$work/told.json" 2>"$work/told.err" </dev/null || true
    sleep 0.2
    left=$(pgrep -fc "^$mark" || true)
    python3 - "$agent" "$mode" "$work/told.json" "$work/told.err" "$left" <<'PYTHON' || failed=1
import json, sys
agent, mode, out, err, left = sys.argv[1:6]
try:
    told = json.load(open(out))
except ValueError:
    words = open(err).read().strip().splitlines()
    print(f"| {agent} | {mode} | not run: {words[-1] if words else '?'} | | | | | | | | | |")
    sys.exit(1)
tokens = told["tokens"]
shown = f"{tokens['input']}/{tokens['output']}/{tokens['cache_read']}" if tokens else "unknown"
memory = (told["peak_rss_kib"] or 0) // 1024
print(f"| {agent} | {mode} | {told['outcome']} | {told['class'] or ''} | {shown} | {told['cost_usd'] or 'N/A'} | {told['exit']} | "
      f"{told['wall_ms'] / 1000:.1f} s | {(told['cpu_ms'] or 0) / 1000:.1f} s | {memory} MiB | {told['processes_left_running']} | {left} |", flush=True)
good = {"ok": told["outcome"] == "succeeded" and "42" in told["text"], "tool": told["outcome"] == "succeeded"}.get(mode, told["outcome"] != "succeeded")
for remark in told["remarks"]:
    if remark.startswith("it asked for "):
        print(f"{agent} {mode}: {remark}", file=sys.stderr)
if not good:
    print(f"{agent} {mode}: {told['outcome']}: {told['reason']} {told['remarks']} {told['text'][:200]!r}", file=sys.stderr)
sys.exit(0 if good and left == "0" else 1)
PYTHON
  done
done
[ "$failed" = 0 ] || { echo "Something was not as it should be: see above." >&2; exit 1; }
