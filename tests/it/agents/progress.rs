//! What an agent tells while it works, on its card and at the command line.

use orchestrator_sandbox::Snowflake;
use serde_json::{Value, json};

use crate::world::{Founding, World};

/// Tells of its work line by line, then waits to be let go.
const WORKER: &str = "#!/bin/sh\n\
    echo '{\"type\":\"tool\",\"title\":\"cargo test\"}'\n\
    echo '{\"type\":\"call\",\"usage\":{\"in\":1200,\"out\":300},\"usd\":0.25}'\n\
    until [ -e \"$HOME/go\" ]; do sleep 0.02; done\n\
    echo '{\"type\":\"call\",\"usage\":{\"in\":10,\"out\":1},\"usd\":0.5}'\n\
    echo '{\"type\":\"end\",\"text\":\"It is done\"}'\n";

fn worker() -> Founding {
    let definition = json!({"command": "./worker.sh", "models": {}, "output": {
        "format": "jsonl",
        "text": {"where": {"/type": "end"}, "at": "/text"},
        "usage": {"where": {"/type": "call"}, "take": "sum", "input": "/usage/in", "output": "/usage/out", "cost": "/usd"},
        "progress": [{"tells": "tool_started", "where": {"/type": "tool"}, "at": "/title"}],
    }});
    Founding::new()
        .program("worker.sh", WORKER)
        .config("agents.worker", definition)
        .config("cards.show", json!("live"))
        .config("cards.threads", json!(false))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_agent_s_tool_tokens_and_cost_are_seen_before_it_ends() {
    let world = worker().start().await;

    let task = world.say("Test it [agent:worker]");

    let card = |part: &'static str| {
        move |world: &World| {
            let cards = world.said("task-queue").into_iter().filter(|message| message.reply_to == Some(task));
            cards.filter_map(|card| card.embeds.first()?["description"].as_str().map(str::to_owned)).any(|text| text.contains(part))
        }
    };
    world.until("the tool on the card", card("▸ cargo test")).await;
    world.until("the tokens on the card", card("1,200 in / 300 out")).await;
    world.until("the cost on the card", card("$0.25")).await;
    let (_, out, _) = world.run(&["status", &task.to_string(), "--json"]);
    let told: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(told["now"]["tells"], json!("▸ cargo test"), "{told}");
    assert_eq!((&told["now"]["cost_nanos"], &told["now"]["tokens"]["input"]), (&json!(250_000_000), &json!(1_200)), "{told}");

    std::fs::write(world.dir().join("go"), "").expect("a file");
    let entry = world.entry(task).await;
    assert!(entry.content.contains("It is done") && entry.content.contains("$0.75"), "{}", entry.content);
    world.until("all of the cost on the card", card("$0.75")).await;
    let (_, log, _) = world.run(&["logs", &task.to_string()]);
    assert!(log.contains("{\"type\":\"tool\"") && log.contains("] ▸ cargo test"), "its records, and what they tell: {log}");
    let (_, out, _) = world.run(&["status", &task.to_string(), "--json"]);
    let told: Value = serde_json::from_str(&out).expect("JSON");
    assert!(told["now"].is_null(), "{told}");
    world.finish().await;
}

/// Waits until the first call of the worker's model is known.
async fn until_followed(world: &World, task: Snowflake) {
    let known = |world: &World| {
        let (_, out, _) = world.run(&["status", &task.to_string(), "--json"]);
        serde_json::from_str::<Value>(&out).is_ok_and(|told| told["now"]["cost_nanos"] == json!(250_000_000))
    };
    world.until("what it has spent so far", known).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_was_taken_up_again_is_followed_from_its_beginning() {
    let mut world = worker().start().await;
    let task = world.say("Test it [agent:worker]");
    world.marked(task, "✅").await;
    until_followed(&world, task).await;

    world.kill_bot();
    world.start_bot();
    world.wait_until_online().await;

    until_followed(&world, task).await;
    std::fs::write(world.dir().join("go"), "").expect("a file");
    assert!(world.entry(task).await.content.contains("$0.75"));
    world.finish().await;
}
