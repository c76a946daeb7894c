//! What a task may cost holds while its agent works: through the real program, with an agent that tells of each call.

use orchestrator_sandbox::{Snowflake, world::message::Message};
use serde_json::{Value, json};

use crate::world::{Founding, PATIENCE, World};

/// Twenty calls of $0.20, each told when it has been made, so many seconds apart as `pace` says, and something of a result from the beginning; before
/// the third it waits to be let go.
const SPENDER: &str = "#!/bin/sh\n\
    echo 'Half of it.' > RESULT.txt\n\
    cp TASK.txt \"$HOME/.told\"; mv \"$HOME/.told\" \"$HOME/told-$(ls \"$HOME\" | grep -c told-)\"\n\
    for call in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do\n\
    [ $call = 3 ] && until [ -e \"$HOME/go\" ]; do sleep 0.02; done\n\
    echo call >> \"$HOME/calls\"\n\
    echo '{\"type\":\"call\",\"usage\":{\"in\":1200,\"out\":300},\"usd\":0.2}'\n\
    sleep \"$(cat \"$HOME/pace\" 2>/dev/null || echo 1)\"\n\
    done\n\
    echo '{\"type\":\"end\",\"text\":\"All of it\"}'\n";
/// One call, told as soon as it is made; ends when it is let go.
const WAITER: &str = "#!/bin/sh\n\
    echo '{\"type\":\"call\",\"usage\":{\"in\":1200,\"out\":300},\"usd\":0.25}'\n\
    until [ -e \"$HOME/go\" ]; do sleep 0.02; done\n\
    echo '{\"type\":\"end\",\"text\":\"It is done\"}'\n";
/// Tells all at its end.
const LATE: &str = "#!/bin/sh\nuntil [ -e \"$HOME/go\" ]; do sleep 0.02; done\necho '{\"text\":\"It is done\",\"usd\":0.9}'\n";

/// Much that is of no worth, and then calls of $0.20 until it is stopped.
const TALKER: &str = "#!/bin/sh\n\
    line=$(printf '%02000d' 0)\n\
    for part in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do echo \"{\\\"type\\\":\\\"noise\\\",\\\"text\\\":\\\"$line\\\"}\"; done\n\
    for call in 1 2 3 4 5 6 7 8 9 10; do\n\
    echo '{\"type\":\"call\",\"usage\":{\"in\":1200,\"out\":300},\"usd\":0.2}'\n\
    echo \"{\\\"type\\\":\\\"noise\\\",\\\"text\\\":\\\"$line\\\"}\"\n\
    [ $call = 3 ] && sleep 60\n\
    done\n";

fn world() -> Founding {
    let stream = |command: &str| {
        json!({"command": command, "models": {}, "grace_seconds": 1, "output": {
            "format": "jsonl",
            "text": {"where": {"/type": "end"}, "at": "/text"},
            "usage": {"where": {"/type": "call"}, "take": "sum", "input": "/usage/in", "output": "/usage/out", "cost": "/usd"},
        }})
    };
    let late = json!({"command": "./late.sh", "models": {}, "output": {"format": "json", "text": "/text", "usage": {"cost": "/usd"}}});
    Founding::new()
        .program("spender.sh", SPENDER)
        .program("waiter.sh", WAITER)
        .program("late.sh", LATE)
        .program("talker.sh", TALKER)
        .config("agents.talker", stream("./talker.sh"))
        .config("agents.spender", stream("./spender.sh"))
        .config("agents.waiter", stream("./waiter.sh"))
        .config("agents.late", late)
        .config("cards.show", json!("live"))
        .config("cards.live_seconds", json!(1))
        .config("cards.edit_gap_ms", json!(0))
        .config("cards.threads", json!(false))
}

impl World {
    pub(super) fn card(&self, task: Snowflake) -> Option<Message> {
        self.said("task-queue").into_iter().find(|message| message.reply_to == Some(task) && message.embeds.len() == 1)
    }

    pub(super) fn face(&self, task: Snowflake) -> String {
        let card = self.card(task);
        card.and_then(|card| card.embeds[0]["description"].as_str().map(str::to_owned)).unwrap_or_default()
    }

    pub(super) async fn shows(&self, task: Snowflake, part: &str) {
        self.until(part, |world| world.face(task).contains(part)).await;
    }

    /// The labels of its card's buttons, with what each is known by.
    fn card_buttons(&self, task: Snowflake) -> Vec<(String, String)> {
        let rows = self.card(task).map(|card| card.components.clone()).unwrap_or_default();
        let inside = rows.iter().flat_map(|row| row["components"].as_array().cloned().unwrap_or_default());
        inside.filter_map(|one| Some((one["label"].as_str()?.to_owned(), one["custom_id"].as_str()?.to_owned()))).collect()
    }

    pub(super) fn labels(&self, task: Snowflake) -> Vec<String> {
        self.card_buttons(task).into_iter().map(|(label, _)| label).collect()
    }

    pub(super) fn press_on_card(&self, task: Snowflake, label: &str) {
        let known_by = self.card_buttons(task).into_iter().find(|(stands, _)| stands == label).unwrap_or_else(|| panic!("{label}")).1;
        let card = self.card(task).expect("its card").id;
        self.sandbox.person("admin").press(card, &known_by).expect("the local Discord takes the press");
    }

    pub(super) fn status_of(&self, task: Snowflake) -> Value {
        let (_, out, _) = self.run(&["status", &task.to_string(), "--json"]);
        serde_json::from_str(&out).expect("JSON")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_reaches_its_budget_is_stopped_within_one_call_and_keeps_what_it_has() {
    let world = world().start().await;
    std::fs::write(world.dir().join("pace"), "0").expect("a file");

    let task = world.say("Do it [agent:spender] [budget:0.50]");
    world.shows(task, "⚠️ used $0.4 of $0.5").await;
    assert_eq!(world.labels(task), ["+ $1", "Logs", "Why?", "Cancel"]);
    std::fs::write(world.dir().join("pace"), "10").expect("a file");
    std::fs::write(world.dir().join("go"), "").expect("a file");
    let entry = world.entry_within(task, PATIENCE).await;

    assert!(entry.content.starts_with("**[OVER BUDGET]**"), "{}", entry.content);
    assert!(entry.content.contains("Half of it.") && entry.content.contains("$0.6"), "{}", entry.content);
    assert!(entry.content.contains("it had used $0.6 of its budget of $0.5"), "{}", entry.content);
    assert_eq!(world.text("calls").lines().count(), 3, "0.2, 0.4, and the call that went beyond");
    world.shows(task, "used $0.6 of $0.5").await;
    world.until("the decision", |world| world.labels(task).starts_with(&["+ $1".into(), "Finish with what there is".into()])).await;
    world.marked(task, "❌").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dollar_more_lets_it_run_once_more_and_tells_it_what_it_has_left() {
    let world = world().start().await;
    std::fs::write(world.dir().join("go"), "").expect("a file");
    std::fs::write(world.dir().join("pace"), "0.3").expect("a file");
    let task = world.say("Do it [agent:spender] [budget:0.30]");
    world.entry_within(task, PATIENCE).await;
    world.until("the decision", |world| world.labels(task).contains(&"+ $1".into())).await;

    world.press_on_card(task, "+ $1");

    world.shows(task, "of $1.3").await;
    world.until("the second run", |world| world.has_file("told-1")).await;
    assert!(world.text("told-1").contains("What attempt 1 has left (over budget)") && world.text("told-1").contains("Half of it."));
    let two = |world: &World| world.count_entries(task) == 2;
    world.until("the second end", two).await;
    let cost = world.status_of(task)["cost_nanos"].as_i64().expect("its cost");
    assert!(cost >= 1_300_000_000, "both attempts count, and the second has gone on: {cost}");
    let made = i64::try_from(world.text("calls").lines().count()).expect("few") * 200_000_000;
    assert!((cost..=cost + 400_000_000).contains(&made), "each call that was told is accounted for: {made}, {cost}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_there_is_can_be_taken_as_it_is() {
    let world = world().start().await;
    let task = world.say("Do it [agent:spender] [budget:0.10]");
    world.entry_within(task, PATIENCE).await;
    world.until("the decision", |world| world.labels(task).contains(&"Finish with what there is".into())).await;

    world.press_on_card(task, "Finish with what there is");

    world.shows(task, "🏁 **Taken as it is** by admin").await;
    world.until("no decision any more", |world| !world.labels(task).contains(&"+ $1".into())).await;
    world.marked(task, "🏁").await;
    assert_eq!(world.run(&["accept", &task.to_string()]).0, 9, "it was taken already");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_task_s_budget_is_raised_from_the_command_line_and_it_goes_on() {
    let world = world().start().await;
    let (_, out, _) = world.run(&["submit", "Wait [agent:waiter]", "--budget", "0.26"]);
    let task: Snowflake = out.trim().parse().expect("the id is printed");
    world.shows(task, "⚠️ used $0.25 of $0.26").await;
    assert!(world.task_text(task, "AGENTS.md").contains("- Budget: $0.26 in all"), "its agent knows");

    let (code, out, error) = world.run(&["raise", &task.to_string(), "1"]);
    assert_eq!((code, out.trim()), (0, format!("`{task}` may cost $1.26 in all now.").as_str()), "{error}");
    world.shows(task, "used $0.25 of $1.26").await;
    assert_eq!(world.status_of(task)["budget"], json!("$1.26"));
    std::fs::write(world.dir().join("go"), "").expect("a file");

    assert!(world.entry(task).await.content.starts_with("**[SUCCESS]**"));
    let (code, _, error) = world.run(&["raise", &task.to_string(), "-1"]);
    assert_eq!(code, 1, "{error}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ceiling_holds_after_a_restart_too() {
    let mut world = world().start().await;
    let task = world.say("Do it [agent:spender] [budget:0.50]");
    world.until("its first call", |world| world.has_file("calls")).await;

    world.kill_bot();
    std::fs::write(world.dir().join("go"), "").expect("a file");
    world.start_bot();
    world.wait_until_online().await;

    let entry = world.entry_within(task, PATIENCE).await;
    assert!(entry.content.starts_with("**[OVER BUDGET]**"), "{}", entry.content);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_tells_its_cost_at_its_end_alone_is_said_to() {
    let world = world().start().await;
    let task = world.say("Do it [agent:late] [budget:0.50]");

    world.shows(task, "budget $0.5 (its agent tells what it costs at its end alone)").await;
    std::fs::write(world.dir().join("go"), "").expect("a file");

    let entry = world.entry(task).await;
    assert!(entry.content.starts_with("**[SUCCESS]**") && entry.content.contains("$0.9"), "{}", entry.content);
    assert!(entry.content.contains("more than its budget of $0.5"), "{}", entry.content);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_s_day_is_bounded_and_what_does_not_fit_waits_and_says_so() {
    let world = world().config("budgets.user_day_usd", json!(0.5)).config("budgets.estimate_usd", json!(0.3)).start().await;
    let first = world.say("Wait [agent:waiter]");
    world.shows(first, "$0.25").await;

    let second = world.say("Wait [agent:waiter]");
    world.shows(second, "💵 **Waiting for money**").await;
    let (_, why, _) = world.run(&["why", &second.to_string()]);
    assert!(why.contains("its requester's tasks may cost today is spent or held back"), "{why}");
    let another = world.sandbox.person("stranger").say("task-queue", "Wait [agent:waiter]").expect("said");
    world.shows(another, "Running").await;

    std::fs::write(world.dir().join("go"), "").expect("a file");
    world.entry(first).await;
    world.until("it is known", |world| world.status_of(second)["state"] == "parked").await;
    world.entry(another).await;
    assert_eq!(world.run(&["cancel", &second.to_string()]).0, 0);
    world.entry(second).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_share_a_ceiling_are_held_to_it_together() {
    let world = world().config("budgets.user_day_usd", json!(0.4)).start().await;
    let first = world.say("Wait [agent:waiter]");
    world.shows(first, "$0.25").await;

    let second = world.say("Wait [agent:waiter]");

    let entry = world.entry_within(second, PATIENCE).await;
    assert!(entry.content.starts_with("**[OVER BUDGET]**"), "{}", entry.content);
    assert!(entry.content.contains("the $0.4 that its requester's tasks may cost in a day were reached"), "{}", entry.content);
    let (_, why, _) = world.run(&["why", &second.to_string()]);
    assert!(!why.contains("orchestrator raise"), "it has no budget of its own to be raised: {why}");
    assert_eq!(world.status_of(first)["state"], "running", "nobody is stopped for what another has used");
    std::fs::write(world.dir().join("go"), "").expect("a file");
    assert!(world.entry(first).await.content.starts_with("**[SUCCESS]**"));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn however_much_an_agent_prints_what_it_uses_is_counted_and_held_to_its_budget() {
    let world = world().config("output.stdout_max_kb", json!(16)).start().await;

    let task = world.say("Do it [agent:talker] [budget:0.50]");
    let entry = world.entry_within(task, PATIENCE).await;

    assert!(entry.content.starts_with("**[OVER BUDGET]**"), "{}", entry.content);
    assert!(entry.content.contains("it had used $0.6 of its budget of $0.5"), "{}", entry.content);
    let status = world.status_of(task);
    assert_eq!(status["cost_nanos"], json!(600_000_000), "each call counts: {status}");
    assert_eq!(status["attempts"][0]["tokens"]["input"], json!(3_600), "{status}");
    world.finish().await;
}
