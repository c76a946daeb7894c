//! How much a channel shows of its tasks: one card each, edited in place.

use orchestrator_sandbox::Snowflake;
use serde_json::json;

use super::{WAITS, buttons, cards, go, says, showing, text};
use crate::world::Founding;

/// Source: Discord developer documentation, "Message Flags".
const SUPPRESS_NOTIFICATIONS: u64 = 1 << 12;

#[tokio::test(flavor = "multi_thread")]
async fn a_task_has_one_card_that_answers_its_message_and_is_edited_in_place() {
    let world = showing("state_changes", false).start().await;

    let task = world.say(&format!("{WAITS} # @everyone [timeout:1h]"));
    let running = says(&world, task, "▶️ **Running**").await;
    go(&world);
    let entry = world.entry(task).await;
    let done = says(&world, task, "🏁 **Done**").await;
    world.until("the card leads to the entry", |world| buttons(&cards(world, task)[0]).len() == 4).await;

    assert_eq!(cards(&world, task).len(), 1, "one card");
    assert_eq!(running.id, done.id, "edited in place");
    assert_ne!(running.flags & SUPPRESS_NOTIFICATIONS, 0, "it rings nobody");
    assert!(!done.mention_everyone && done.mentions.is_empty());
    let labels = |card| buttons(card).into_iter().map(|(label, _)| label).collect::<Vec<_>>();
    assert_eq!(labels(&running), ["Logs", "Why?", "Cancel"]);
    let last = cards(&world, task).remove(0);
    assert_eq!(labels(&last), ["Retry", "Logs", "Why?", "Result"]);
    assert_eq!(buttons(&last)[0].1, format!("o1.retry.1.{task}"));
    let link = last.components[0]["components"][3]["url"].as_str().expect("a link").to_owned();
    assert!(link.ends_with(&format!("/{}/{}", entry.channel, entry.id)), "{link}");
    assert!(text(&last).contains(&format!("`{task}`")));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_tells_the_place_of_a_task_that_waits() {
    let world = showing("state_changes", false).config("caps.max_concurrent", json!(1)).start().await;
    let first = world.say(WAITS);
    says(&world, first, "Running").await;

    let (second, third) = (world.say("echo two > RESULT.txt"), world.say("echo three > RESULT.txt"));
    let waiting = says(&world, third, "place 2 in the queue").await;

    assert!(text(&says(&world, second, "Waiting").await).contains("it is next"));
    let labels: Vec<_> = buttons(&waiting).into_iter().map(|(label, _)| label).collect();
    assert_eq!(labels, ["Why?", "Cancel"]);
    go(&world);
    for task in [first, second, third] {
        says(&world, task, "**Done**").await;
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_shows_as_much_as_it_is_told_to() {
    for shown in ["silent", "done_only"] {
        let world = showing(shown, true).start().await;

        let task = world.say(WAITS);
        world.marked(task, "✅").await;
        world.until("it runs", |world| !world.told("SPAWNED").is_empty()).await;
        assert_eq!(cards(&world, task).len(), 0, "{shown}: nothing yet");
        go(&world);
        world.entry(task).await;
        world.marked(task, "🏁").await;
        if shown == "done_only" {
            says(&world, task, "🏁 **Done**").await;
        }

        assert_eq!(cards(&world, task).len(), usize::from(shown == "done_only"));
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_card_tells_what_the_agent_says_while_it_works() {
    let world = showing("live", false).start().await;

    let task = world.say(&format!("echo half of it is done; {WAITS}"));
    says(&world, task, "> `half of it is done`").await;

    go(&world);
    says(&world, task, "**Done**").await;
    assert_eq!(cards(&world, task).len(), 1);
    world.finish().await;
}

/// Clock ticks of processor time that a process has had, and those of the machine since it runs (a hundred a second each). Source: proc(5), `stat`.
fn ticks(process: u32) -> (u64, u64) {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("it runs");
    let fields: Vec<u64> = stat.rsplit(')').next().unwrap_or_default().split(' ').map(|field| field.parse().unwrap_or(0)).collect();
    let uptime = std::fs::read_to_string("/proc/uptime").expect("the machine runs");
    let seconds: f64 = uptime.split(' ').next().and_then(|seconds| seconds.parse().ok()).expect("seconds");
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a machine's age in hundredths fits")]
    (fields[12] + fields[13], (seconds * 100.0) as u64)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_looked_at_later_keeps_nobody_busy_until_then() {
    for (shown, gap) in [("live", 0), ("state_changes", 600_000)] {
        let world = showing(shown, false).config("cards.live_seconds", json!(600)).config("cards.edit_gap_ms", json!(gap)).start().await;
        let task = world.say(&format!("echo half of it is done; {WAITS}"));
        world.until("it runs and has a card", |world| !world.told("SPAWNED").is_empty() && !cards(world, task).is_empty()).await;
        // Until the machine has ticked so often: what the process had of that is the question, not how long it takes.
        let (had, before) = ticks(world.bot_process());
        world.until("three seconds", |_| ticks(std::process::id()).1 >= before + 300).await;

        let (has, now) = ticks(world.bot_process());
        assert!((has - had) * 5 < now - before, "{shown}: {} of {} hundredths of a second", has - had, now - before);
        go(&world);
        world.entry(task).await;
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_began_elsewhere_has_a_card_that_answers_its_announcement() {
    let world = showing("state_changes", false).start().await;
    let ready = |world: &crate::world::World| world.sandbox.look(|world| world.commands().count() > 0);
    world.until("the commands stand", ready).await;

    let options = json!([{"name": "text", "type": 3, "value": "echo by command > RESULT.txt"}]);
    world.sandbox.person("admin").command("general", "task", &options).expect("the command is taken");
    let announcement = world.message("task-queue", |message| message.content.contains("by command")).await.id;

    says(&world, announcement, "**Done**").await;
    assert_eq!(cards(&world, announcement).len(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_tells_who_stopped_its_task_and_a_retry_opens_it_again() {
    let world = showing("state_changes", false).start().await;
    let task: Snowflake = world.say(WAITS);
    says(&world, task, "Running").await;

    world.sandbox.person("admin").react(task, "🛑").expect("a reaction");
    let stopped = says(&world, task, "🛑 **Cancelled**").await;
    go(&world);
    world.sandbox.person("admin").react(task, "🔁").expect("a reaction");
    let done = says(&world, task, "**Done**").await;

    assert!(text(&stopped).contains("**Why:** cancelled by admin"), "{}", text(&stopped));
    assert_eq!(done.id, stopped.id);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn once_leaves_no_card_behind_its_task() {
    let world = Founding::new().config("cards.show", json!("state_changes")).silent().await;
    let task = world.say("echo once > RESULT.txt");

    let (code, _, error) = world.run(&["once"]);

    assert_eq!(code, 0, "{error}");
    let shown = cards(&world, task);
    assert!(shown.len() == 1 && text(&shown[0]).contains("**Done**"), "{shown:?}");
    world.finish().await;
}
