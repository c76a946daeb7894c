//! Agents that are spoken with: through the real program, with one that says what real ones have said.

mod asking;
mod money;
mod patience;
mod recordings;
mod trouble;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::world::{Founding, World};

/// A program of ours for tests, by its name.
fn fake() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agents/acp_agent.pl")
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/agents").join(name)
}

/// An agent that says what a recording has, and its definition's other keys.
fn agent(recording: &Path, more: &Value) -> Value {
    let mut definition = json!({
        "command": "perl", "args": [fake(), recording], "protocol": "acp", "permissions": "allow", "grace_seconds": 5,
        "env": {"ACP_SEEN": "{task_dir}/../../seen"},
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        definition[key] = value.clone();
    }
    definition
}

/// A line that the client says.
fn hears(message: &Value) -> Value {
    json!({"dir": "c->a", "m": message})
}

/// A line that the agent says.
fn says(message: &Value) -> Value {
    json!({"dir": "a->c", "m": message})
}

/// A piece of its answer.
fn writes(text: &str) -> Value {
    tells(&json!({"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": text}}))
}

/// Something that it tells of its session.
fn tells(update: &Value) -> Value {
    says(&json!({"jsonrpc": "2.0", "method": "session/update", "params": {"sessionId": "s-1", "update": update}}))
}

/// It asks whether it may run a command.
fn asks(id: &Value, command: &str, options: &Value) -> Value {
    let call = json!({"toolCallId": "call-1", "title": command, "kind": "execute", "rawInput": {"command": command}});
    let params = json!({"sessionId": "s-1", "toolCall": call, "options": options});
    says(&json!({"jsonrpc": "2.0", "id": id, "method": "session/request_permission", "params": params}))
}

/// The answers that most agents offer.
fn usual() -> Value {
    json!([
        {"optionId": "once", "name": "Yes", "kind": "allow_once"},
        {"optionId": "always", "name": "Yes, and all of its kind", "kind": "allow_always"},
        {"optionId": "no", "name": "No", "kind": "reject_once"},
    ])
}

/// It is told what was answered.
fn is_answered(id: &Value) -> Value {
    hears(&json!({"id": id, "result": {}}))
}

/// Comes to an understanding, and is asked something.
fn begins() -> Vec<Value> {
    vec![
        hears(&json!({"id": 1, "method": "initialize"})),
        says(&json!({"jsonrpc": "2.0", "id": 1, "result": {"protocolVersion": 1, "agentCapabilities": {}, "agentInfo": {"name": "fake"}}})),
        hears(&json!({"id": 2, "method": "session/new"})),
        says(&json!({"jsonrpc": "2.0", "id": 2, "result": {"sessionId": "s-1"}})),
        hears(&json!({"id": 3, "method": "session/prompt"})),
    ]
}

/// Has done what it was asked.
fn ends() -> Value {
    let usage = json!({"inputTokens": 100, "outputTokens": 7, "totalTokens": 107});
    says(&json!({"jsonrpc": "2.0", "id": 3, "result": {"stopReason": "end_turn", "usage": usage}}))
}

/// Writes a recording to be said.
fn recording(folder: &Path, name: &str, steps: &[Value]) -> PathBuf {
    let path = folder.join(name);
    let lines: Vec<String> = steps.iter().map(ToString::to_string).collect();
    std::fs::write(&path, lines.join("\n")).expect("it is written");
    path
}

/// Runs a trial of an agent that says what a recording has: exit code, and what was told.
async fn tried(steps: &[Value], more: &Value, args: &[&str]) -> (i32, Value, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = recording(folder.path(), "recording.jsonl", steps);
    let mut definition = agent(&path, more);
    let seen = folder.path().join("seen");
    definition["env"]["ACP_SEEN"] = json!(seen);
    let world = Founding::new().config("agents.spoken", definition).silent().await;
    let (code, told) = trial(&world, "spoken", args);
    world.finish_unsaid().await;
    (code, told, std::fs::read_to_string(seen).unwrap_or_default())
}

fn trial(world: &World, agent: &str, more: &[&str]) -> (i32, Value) {
    let args: Vec<&str> = ["agents", "test", "--json", agent].iter().chain(more).copied().collect();
    let (code, out, err) = world.run(&args);
    (code, serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}")))
}
