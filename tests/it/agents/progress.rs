//! What an agent tells while it works, on its card and at the command line.

use orchestrator_sandbox::Snowflake;
use serde_json::{Value, json};

use crate::world::{Founding, PATIENCE, World};

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

    world.sandbox.wait_until(|world| world.commands().count() > 0, PATIENCE).await.expect("the commands stand");
    let asked =
        world.sandbox.person("admin").command("general", "status", &json!([{"name": "task", "type": 3, "value": task.to_string()}]));
    let asked = asked.expect("the command is taken");
    let answered = |world: &orchestrator_sandbox::World| {
        let interaction = world.interaction(asked)?;
        world.message(interaction.channel, interaction.original?)?.embeds.first()?["description"].as_str().map(str::to_owned)
    };
    let answer = world.sandbox.wait_for(answered, PATIENCE).await.expect("an answer");
    assert!(answer.contains("**Now:** ▸ cargo test · 1,200 in / 300 out tokens · $0.25 so far · last heard <t:"), "{answer}");

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

#[tokio::test(flavor = "multi_thread")]
async fn what_a_running_agent_tells_holds_no_secret_and_no_half_of_one() {
    let teller = "#!/bin/sh\n\
        t=$(sed -n s/^ORCHESTRATOR_AGENT_TOKEN=//p \"$HOME/discord-config.env\")\n\
        printf '{\"type\":\"tool\",\"title\":\"curl -H %s\"}\\n' \"$t\"\n\
        until [ -e \"$HOME/half\" ]; do sleep 0.02; done\n\
        printf '{\"type\":\"tool\",\"title\":\"it begins with %.20s\"}\\n' \"$t\"\n\
        until [ -e \"$HOME/go\" ]; do sleep 0.02; done\n\
        echo '{\"type\":\"end\",\"text\":\"It is done\"}'\n";
    let world = worker().program("worker.sh", teller).start().await;
    let task = world.say("Test it [agent:worker]");
    world.marked(task, "✅").await;
    let tells = |part: &'static str| {
        move |world: &World| world.status_of(task)["now"]["tells"].as_str().is_some_and(|tells| tells.starts_with(part))
    };

    world.until("what it tells, without the token", tells("▸ curl -H [secret]")).await;
    std::fs::write(world.dir().join("half"), "").expect("a file");
    world.until("what it tells, without the half of it", tells("▸ it begins with [secret]")).await;

    std::fs::write(world.dir().join("go"), "").expect("a file");
    world.entry(task).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_tells_nothing_of_its_work_is_seen_by_the_last_line_of_its_log() {
    let world = World::new().await;
    let token = "$(sed -n s/^ORCHESTRATOR_AGENT_TOKEN=//p $HOME/discord-config.env)";
    let task = world.say(&format!("echo one; echo two {token}; until [ -e $HOME/go ]; do sleep 0.02; done; echo ok > RESULT.txt"));

    world.marked(task, "✅").await;
    world.until("its last line", |world| world.status_of(task)["now"]["tells"] == "two [secret]").await;
    let (_, shown, _) = world.run(&["status", &task.to_string()]);
    assert!(shown.contains("two [secret]"), "{shown}");

    std::fs::write(world.dir().join("go"), "").expect("a file");
    world.entry(task).await;
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

/// A worker that has written half of its result, and then says no more.
fn silent_worker(stall_seconds: u64) -> Founding {
    let program = "#!/bin/sh\necho '{\"type\":\"tool\",\"title\":\"cargo test\"}'\necho half of it > RESULT.txt\n\
                   until [ -e \"$HOME/go\" ]; do sleep 0.02; done\n";
    worker().program("worker.sh", program).config("agents.worker.stall_seconds", json!(stall_seconds))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_silent_for_too_long_is_stopped_and_keeps_what_there_is() {
    let world = silent_worker(2).start().await;

    let task = world.say("Test it [agent:worker] [timeout:10m]");

    let entry = world.entry(task).await.content;
    for part in ["**[TIMEOUT]**", "stalled: nothing heard for 2s", "**Partial result:**\n```\nhalf of it"] {
        assert!(entry.contains(part), "{part:?} is not in {entry}");
    }
    world.marked(task, "⏱").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_counts_while_the_orchestrator_is_down() {
    let mut world = silent_worker(2).start().await;
    let task = world.say("Test it [agent:worker] [timeout:10m]");
    world.until("it works", |world| world.task_file(task, "RESULT.txt").is_some_and(|text| text.ends_with(b"\n"))).await;

    world.kill_bot();
    world.until("it was stopped with nobody there", |world| world.processes_left().is_empty()).await;
    world.start_bot();
    world.wait_until_online().await;

    let entry = world.entry(task).await.content;
    assert!(entry.contains("**[TIMEOUT]**") && entry.contains("stalled: nothing heard for 2s"), "{entry}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_agent_is_tried_again_where_that_is_declared() {
    let world = silent_worker(1).config("attempts.task", json!(2)).start().await;

    let task = world.say("Test it [agent:worker] [timeout:10m]");

    let entry = world.entry(task).await.content;
    assert!(entry.contains("**[TIMEOUT]**"), "{entry}");
    let (_, out, _) = world.run(&["status", &task.to_string(), "--json"]);
    let told: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(told["attempts"].as_array().map(Vec::len), Some(2), "{told}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_has_removed_its_log_is_heard_all_the_same() {
    let program = "#!/bin/sh\necho '{\"type\":\"tool\",\"title\":\"rm\"}'\nuntil [ -s agent-output.log ]; do sleep 0.02; done\nrm agent-output.log\n\
                   sleep 2; echo '{\"type\":\"tool\",\"title\":\"cargo test\"}'\nuntil [ -e \"$HOME/go\" ]; do sleep 0.02; done\n";
    let world = worker().program("worker.sh", program).start().await;

    let task = world.say("Test it [agent:worker]");

    let mut told = Value::Null;
    world
        .until("its second tool", |world| {
            let (_, out, _) = world.run(&["status", &task.to_string(), "--json"]);
            told = serde_json::from_str(&out).unwrap_or_default();
            told["now"]["tells"] == json!("▸ cargo test")
        })
        .await;
    let at = |value: &Value| value.as_str().and_then(|text| text.parse::<chrono::DateTime<chrono::Utc>>().ok()).expect("a time");
    assert!(at(&told["now"]["heard_at"]) - at(&told["started_at"]) >= chrono::TimeDelta::seconds(1), "{told}");
    std::fs::write(world.dir().join("go"), "").expect("a file");
    world.entry(task).await;
    world.finish().await;
}
