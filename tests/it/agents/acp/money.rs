//! What agents that are spoken with cost, and that they are held to what they may.

use orchestrator_sandbox::Snowflake;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{agent, begins, ends, hears, recording, says, tells, writes};
use crate::world::{Founding, World};

/// It tells what its session has cost so far.
fn has_cost(amount: f64) -> Value {
    tells(&json!({"sessionUpdate": "usage_update", "used": 10, "size": 100, "cost": {"amount": amount, "currency": "USD"}}))
}

async fn run(steps: &[Value], budget: &str) -> (World, TempDir, Snowflake) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = recording(folder.path(), "recording.jsonl", steps);
    let mut definition = agent(&path, &json!({}));
    definition["env"]["ACP_SEEN"] = json!(folder.path().join("seen"));
    let world = Founding::new().config("agents.spoken", definition).start().await;
    let task = world.say(&format!("Do it [agent:spoken] {budget}"));
    (world, folder, task)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_tells_only_what_its_session_has_cost_so_far_is_asked_to_end_at_its_budget() {
    let mut steps = begins();
    steps.extend([
        writes("Half of it."),
        has_cost(0.2),
        has_cost(0.4),
        has_cost(0.6),
        hears(&json!({"method": "session/cancel"})),
        has_cost(0.65),
        says(&json!({"jsonrpc": "2.0", "id": 3, "result": {"stopReason": "cancelled"}})),
    ]);
    let (world, folder, task) = run(&steps, "[budget:0.50]").await;

    let entry = world.entry(task).await.content;

    assert!(entry.starts_with("**[OVER BUDGET]**") && entry.contains("Half of it."), "{entry}");
    assert!(entry.contains("it had used $0.6 of its budget of $0.5") && entry.contains("$0.65"), "{entry}");
    let seen = std::fs::read_to_string(folder.path().join("seen")).expect("what it was told");
    assert!(seen.contains("session/cancel"), "{seen}");
    let (_, costs, _) = world.run(&["cost", "--json"]);
    let costs: Value = serde_json::from_str(&costs).expect("JSON");
    assert_eq!(costs["total"]["cost_nanos"], json!(650_000_000), "the ledger has all of it: {costs}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cost_so_far_that_becomes_smaller_is_not_believed() {
    let mut steps = begins();
    steps.extend([has_cost(0.4), has_cost(0.1), writes("Done."), ends()]);
    let (world, _folder, task) = run(&steps, "").await;

    let entry = world.entry(task).await.content;

    assert!(entry.contains("**Cost:** $0.4"), "{entry}");
    assert!(entry.contains("the agent told its cost so far as 0.1 after 0.4: the highest counts"), "{entry}");
    world.finish().await;
}
