//! A quota that is used up until a time: nobody runs into the same wall twice, tasks wait where everybody sees it, and go on as it was said.

use std::fs;

use serde_json::{Value, json};

use crate::world::{Founding, PATIENCE, World};

/// Notes each of its runs. Without the file `quota` it ends as programs do whose quota is used up: with the words in `wall`.
const SCARCE: &str = "#!/bin/sh\n\
    echo run >> \"$HOME/runs-of-scarce\"\n\
    if [ -e \"$HOME/quota\" ]; then echo '{\"type\":\"end\",\"text\":\"It is done\"}'; exit 0; fi\n\
    printf '{\"type\":\"end\",\"error\":\"%s\",\"status\":429,\"usd\":0.01}\\n' \"$(cat \"$HOME/wall\")\"\n\
    exit 1\n";
/// The other one.
const AMPLE: &str = "#!/bin/sh\necho '{\"type\":\"end\",\"text\":\"Done by another\"}'\n";

fn agent(command: &str, quota: &Value) -> Value {
    json!({"command": command, "models": {}, "quota": quota, "output": {
        "format": "jsonl",
        "text": {"where": {"/type": "end"}, "at": "/text"},
        "error": {"where": {"/type": "end"}, "at": "/error"},
        "status": {"where": {"/type": "end"}, "at": "/status"},
        "usage": {"where": {"/type": "end"}, "cost": "/usd"},
        "classes": [{"class": "quota", "error": "usage limit"}],
    }})
}

fn founding(quota: &Value) -> Founding {
    Founding::new()
        .program("scarce.sh", SCARCE)
        .program("ample.sh", AMPLE)
        .config("agents.scarce", agent("./scarce.sh", quota))
        .config("agents.ample", agent("./ample.sh", &json!({})))
        .config("cards.show", json!("live"))
        .config("cards.edit_gap_ms", json!(0))
        .config("cards.threads", json!(false))
}

impl World {
    fn wall(&self, words: &str) {
        fs::write(self.dir().join("wall"), words).expect("a file");
    }

    fn quota_is_there(&self) {
        fs::write(self.dir().join("quota"), "").expect("a file");
    }

    fn runs_of_scarce(&self) -> usize {
        self.text("runs-of-scarce").lines().count()
    }

    fn asks(&self, args: &[&str]) -> String {
        let (exit, out, err) = self.run(args);
        assert_eq!(exit, 0, "{args:?}: {out}{err}");
        out
    }

    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.asks(args)).expect("JSON")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_wait_for_a_used_up_quota_until_somebody_lets_them_go_on() {
    let world = founding(&json!({})).start().await;
    world.wall("usage limit reached, try again in 3 hours");

    let first = world.say("One [agent:scarce]");
    world.shows(first, "Waiting for quota").await;
    let second = world.say("Two [agent:scarce]");
    world.shows(second, "Waiting for quota").await;

    assert_eq!(world.runs_of_scarce(), 1, "the second does not run into the same wall");
    assert_eq!(
        (world.labels(first), world.labels(second)),
        (words(&["Go on", "Logs", "Why?", "Cancel"]), words(&["Go on", "Why?", "Cancel"]))
    );
    let status = world.status_of(second);
    assert_eq!(status["state"], "out_of_quota");
    let reason = status["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("Agent `scarce` has no quota before 20") && reason.contains("`hasten`"), "{reason}");
    assert!(world.asks(&["why", &first.to_string()]).contains("no quota before"), "{}", world.asks(&["why", &first.to_string()]));
    let quota =
        world.json(&["quotas", "--json"])["quotas"].as_array().unwrap().iter().find(|one| one["credential"] == "scarce").cloned().unwrap();
    assert_eq!((&quota["waiting"], &quota["told_in"]), (&json!(["scarce"]), &json!(first.to_string())));
    assert!(world.asks(&["quotas"]).contains("USED UP UNTIL"));
    assert!(world.asks(&["status"]).contains("! There is no quota of `scarce` before"));
    world.message("worker-pool", |message| message.content.contains("The quota of `scarce` is used up until")).await;

    world.quota_is_there();
    world.press_on_card(first, "Go on");
    let entry = world.entry_within(first, PATIENCE).await;
    assert!(entry.content.starts_with("**[SUCCESS]**"), "{}", entry.content);
    assert_eq!(world.status_of(first)["cost_nanos"], 10_000_000, "what the first try has cost counts");
    assert_eq!(world.status_of(second)["state"], "out_of_quota", "one was let go on, and not all");

    assert!(world.asks(&["quotas", "back", "scarce"]).contains("counts as there again"));
    assert!(world.entry_within(second, PATIENCE).await.content.starts_with("**[SUCCESS]**"));
    assert!(world.asks(&["quotas", "back", "scarce"]).contains("nothing was changed"));
    let (exit, _, told) = world.run(&["quotas", "back", "scarse"]);
    assert!(exit != 0 && told.contains("Known:") && told.contains("scarce"), "{told}");
    world.finish().await;
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_was_allowed_they_go_on_by_themselves_after_a_kill_too() {
    let mut world = founding(&json!({"resume": true})).start().await;
    world.wall("usage limit; try again in 4 seconds");
    let task = world.say("One [agent:scarce]");
    world.shows(task, "goes on by itself").await;

    world.kill_bot();
    world.quota_is_there();
    world.start_bot();

    let entry = world.entry_within(task, PATIENCE).await;
    assert!(entry.content.starts_with("**[SUCCESS]**"), "{}", entry.content);
    assert_eq!(world.runs_of_scarce(), 2);
    assert_eq!(world.count_entries(task), 1, "that it waited is no end of it");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_agent_takes_them_where_that_was_allowed() {
    let world = founding(&json!({"instead": ["ample"]})).start().await;
    world.wall("usage limit; try again in 3 hours");

    let task = world.say("One [agent:scarce]");
    let entry = world.entry_within(task, PATIENCE).await;
    assert!(entry.content.starts_with("**[SUCCESS]**") && entry.content.contains("Done by another"), "{}", entry.content);
    let story = world.asks(&["status", &task.to_string()]);
    assert!(story.contains("agent `ample` takes it, because `scarce` has no quota"), "{story}");
    let next = world.say("Two [agent:scarce]");
    assert!(world.entry_within(next, PATIENCE).await.content.contains("Done by another"));
    assert_eq!(world.runs_of_scarce(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_waits_for_its_quota_can_be_cancelled_and_keeps_what_it_has_cost() {
    let world = founding(&json!({})).start().await;
    world.wall("You've hit your usage limit · resets 2099-01-01T00:00:00Z");
    let unbelieved = world.say("One [agent:scarce]");
    let entry = world.entry_within(unbelieved, PATIENCE).await;
    assert!(entry.content.starts_with("**[FAILED]**"), "no quota is waited for until 2099: {}", entry.content);

    world.wall("You've hit your usage limit, try again in 2 days 3 hours");
    let task = world.say("Two [agent:scarce]");
    world.shows(task, "Waiting for quota").await;
    world.press_on_card(task, "Cancel");
    let entry = world.entry_within(task, PATIENCE).await;
    assert!(entry.content.starts_with("**[CANCELLED]**") && entry.content.contains("$0.01"), "{}", entry.content);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_for_cron_does_not_wait_for_a_quota_and_runs_what_has_one_again() {
    let world = founding(&json!({})).config("caps.max_concurrent", json!(1)).silent().await;
    world.wall("usage limit reached, try again in 3 hours");
    let tasks = [world.say("One [agent:scarce]"), world.say("Two [agent:scarce]"), world.say("Three [agent:ample]")];

    assert_eq!(world.asks(&["once"]).trim(), "1 task ended; 2 can't start now: `orchestrator list` shows what for");
    assert_eq!((world.runs_of_scarce(), world.count_entries(tasks[2])), (1, 1));
    assert_eq!(world.json(&["once", "--json"]), json!({"ended": 0, "waiting": 2}));

    world.quota_is_there();
    world.asks(&["quotas", "back", "scarce"]);
    assert_eq!(world.asks(&["once"]).trim(), "2 tasks ended");
    assert_eq!((world.runs_of_scarce(), tasks.map(|task| world.count_entries(task))), (3, [1, 1, 1]));
    world.finish().await;
}
