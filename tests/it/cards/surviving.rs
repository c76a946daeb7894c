//! Cards when things go wrong: killed bots, lost answers, deleted messages, missing permissions.

use orchestrator_interposer::{Faults, set_clock};
use orchestrator_sandbox::{Demand, Rule};
use serde_json::json;

use super::{WAITS, cards, go, says, showing, text};

/// A demand about posts into #task-queue.
fn posts(then: &serde_json::Value) -> Demand {
    let request = json!({"request": {"method": "POST", "path": "/channels/#task-queue/messages", "times": 1, "then": then}});
    serde_json::from_value(request).expect("a demand")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_whose_answer_was_lost_stands_once() {
    let world = showing("state_changes", false).start().await;
    world.sandbox.make_trouble(posts(&json!("lose_answer")));

    let task = world.say("echo ok > RESULT.txt");
    says(&world, task, "**Done**").await;

    assert_eq!(cards(&world, task).len(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_was_posted_by_a_bot_that_was_killed_is_found_again() {
    let mut world = showing("state_changes", false).start().await;
    // The message stands, but nobody learns it.
    world.sandbox.make_trouble(posts(&json!({"silence": {"carried_out": true}})));
    let task = world.say(WAITS);
    world.until("the card stands", |world| cards(world, task).len() == 1).await;
    world.kill_bot();
    // Nothing but a search can find it now: Discord's own protection is over.
    world.sandbox.make_trouble(Demand::ForgetNonces(true));

    world.start_bot();
    go(&world);
    says(&world, task, "**Done**").await;

    assert_eq!(cards(&world, task).len(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_another_bot_posted_before_the_clock_was_put_back_shows_what_is_true_now() {
    // Its end waits that long for the entry in the results, so that one request tells both: after it nothing of it changes any more.
    let slow = showing("state_changes", false).config("cards.edit_gap_ms", json!(700));
    let mut world = slow.config("caps.max_concurrent", json!(1)).silent().await;
    let clock = world.dir().join("clock");
    set_clock(&clock, 600).expect("a file");
    world.start_bot_with(&Faults::new().clock(&clock));
    world.wait_until_online().await;
    let first = world.say(WAITS);
    says(&world, first, "Running").await;
    world.sandbox.make_trouble(posts(&json!({"silence": {"carried_out": true}})));
    let second = world.say("echo ok > RESULT.txt");
    world.until("its card stands, and nobody learns it", |world| cards(world, second).len() == 1).await;
    world.kill_bot();

    set_clock(&clock, 0).expect("a file");
    let (exit, _, error) = world.run(&["cancel", &second.to_string()]);
    assert_eq!(exit, 0, "{error}");
    // Discord knows the card's nonce still, and answers with what stands there.
    world.start_bot_with(&Faults::new().clock(&clock));

    says(&world, second, "**Cancelled**").await;
    assert_eq!(cards(&world, second).len(), 1);
    go(&world);
    says(&world, first, "**Done**").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_somebody_deleted_is_not_posted_again_and_its_task_goes_on() {
    let world = showing("state_changes", true).start().await;
    let task = world.say(WAITS);
    let card = says(&world, task, "Running").await;

    world.sandbox.person("admin").delete(card.id).expect("an admin may");
    go(&world);
    world.entry(task).await;
    world.until("the card was given up", |world| world.log().contains("was deleted: ")).await;

    assert!(cards(&world, task).is_empty());
    assert!(world.told("cards of tasks").is_empty(), "nobody needs to be told");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_cards_are_forbidden_tasks_run_and_the_operator_is_told_once() {
    let world = showing("state_changes", true).start().await;
    let rule: Rule = serde_json::from_value(json!({
        "method": "POST", "path": "/channels/#task-queue/messages", "times": null,
        "then": {"answer": {"status": 403, "body": {"code": 50_013, "message": "Missing Permissions"}}}
    }))
    .expect("a rule");
    world.sandbox.make_trouble(Demand::Request(rule));

    for _ in 0..2 {
        let task = world.say("echo ok > RESULT.txt");
        world.entry(task).await;
        world.marked(task, "🏁").await;
    }

    world.message("worker-pool", |message| message.content.contains("The cards of tasks can't be shown")).await;
    assert_eq!(world.told("The cards of tasks can't be shown").len(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cards_that_failed_are_shown_when_discord_is_back() {
    let world = showing("state_changes", false).start().await;
    let task = world.say(WAITS);
    let card = says(&world, task, "Running").await;
    let down = json!({"request": {"method": "PATCH", "path": "/channels/**", "times": 3, "then": {"answer": {"status": 503}}}});
    world.sandbox.make_trouble(serde_json::from_value(down).expect("a demand"));

    go(&world);
    let done = says(&world, task, "**Done**").await;

    assert_eq!(done.id, card.id);
    assert!(text(&done).contains(&format!("`{task}`")));
    world.finish().await;
}
