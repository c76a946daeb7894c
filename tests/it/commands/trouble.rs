//! What goes wrong: slow stores, things told twice, strangers, old buttons, an unwell Discord.

use std::time::Duration;

use orchestrator_core::{
    domain::id::UserId,
    intake::admit::{Policy, WhoMay},
};
use orchestrator_sandbox::{Demand, Record, Rule};
use serde_json::{Value, json};

use super::{Given, SOON, World, id};

#[tokio::test]
async fn a_slow_store_delays_the_answer_but_not_its_acknowledgment() {
    let world = World::new().await;
    world.store_takes(Duration::from_millis(3_300));

    let asked = world.uses("stranger", "task", &[("text", json!("slowly"))]);

    assert!(world.told(asked).await.starts_with(&format!("📝 Queued as `{asked}`")));
}

#[tokio::test]
async fn a_form_that_the_store_is_too_slow_for_is_not_opened_and_that_is_said_in_time() {
    let world = World::new().await;
    world.store_takes(Duration::from_secs(5));

    let told = world.asks("stranger", "task", &[("model", json!(format!("openrouter/x/{}", "y".repeat(90))))]).await;

    assert!(told.starts_with("The store is too slow at the moment"), "{told}");
}

#[tokio::test]
async fn an_interaction_that_is_told_twice_is_one_task_with_one_answer() {
    let mut world = World::new().await;
    // Two connections with one token: Discord tells both of everything.
    world.start_bot().await;

    let asked = world.uses("stranger", "task", &[("text", json!("once"))]);
    let told = world.told(asked).await;
    let acknowledged = |log: &[Record]| (callbacks(log, asked).len() == 2).then_some(());
    world.discord.wait_for_log(acknowledged, SOON).await.expect("both have tried to acknowledge");

    assert!(told.starts_with(&format!("📝 Queued as `{asked}`")), "{told}");
    assert_eq!(world.all_tasks().await.len(), 1);
    world.stop_bots().await;
    let mut statuses = callbacks(&world.discord.log(), asked);
    statuses.sort_unstable();
    assert_eq!(statuses, [Some(204), Some(400)]);
}

#[tokio::test]
async fn an_acknowledgment_whose_answer_is_lost_is_repeated_and_understood() {
    let world = World::new().await;
    world.discord.trouble(Rule::on("POST", "/interactions/*/*/callback").loses_answer());

    let asked = world.uses("stranger", "task", &[("text", json!("x"))]);

    assert!(world.told(asked).await.starts_with("📝 Queued"));
    assert_eq!(callbacks(&world.discord.log(), asked).len(), 2);
}

#[tokio::test]
async fn an_answer_that_discord_does_not_take_at_first_is_given_again() {
    let world = World::new().await;
    world.discord.trouble(Rule::on("PATCH", "/webhooks/*/*/messages/@original").answers_error(503, 0, "upstream"));

    assert_eq!(world.asks("stranger", "queue", &[]).await, "Nothing runs and nothing waits.");
}

#[tokio::test]
async fn a_task_whose_answer_comes_after_its_token_has_ended_is_queued_all_the_same() {
    let world = World::new().await;
    world.store_takes(Duration::from_millis(1_500));
    let asked = world.uses("stranger", "task", &[("text", json!("late"))]);
    let acknowledged = |log: &[Record]| (callbacks(log, asked) == [Some(204)]).then_some(());
    world.discord.wait_for_log(acknowledged, SOON).await.expect("it is acknowledged first");

    world.discord.make_trouble(Demand::EndInteractions(true));
    let told_too_late = |log: &[Record]| {
        log.iter()
            .any(|record| record.request().is_some_and(|request| request.method == "PATCH" && request.status == Some(401)))
            .then_some(())
    };
    world.discord.wait_for_log(told_too_late, SOON).await.expect("it is tried");

    assert_eq!(world.all_tasks().await.len(), 1);
    // The next one is answered as ever.
    world.store_takes(Duration::ZERO);
    assert!(world.asks("stranger", "queue", &[]).await.contains("late"));
}

#[tokio::test]
async fn whoever_was_told_that_nobody_responded_has_given_no_task() {
    let world = World::new().await;
    world.discord.trouble(Rule::on("POST", "/interactions/*/*/callback").answers_error(404, 10_062, "Unknown interaction"));

    let asked = world.uses("stranger", "task", &[("text", json!("x"))]);
    let refused = |log: &[Record]| (!callbacks(log, asked).is_empty()).then_some(());
    world.discord.wait_for_log(refused, SOON).await.unwrap();
    assert_eq!(world.asks("stranger", "queue", &[]).await, "Nothing runs and nothing waits.");
}

#[tokio::test]
async fn whoever_is_not_on_the_list_is_refused_everything() {
    let policy = Policy { submit: WhoMay { users: [UserId::new(7)].into(), ..WhoMay::default() }, ..Policy::default() };
    let world = World::with(Given { policy, ..Given::default() }).await;
    let message = world.discord.person("stranger").say("#general", "run me").unwrap();
    let no = "❌ You may not give tasks here: that is for people on the list of submitters. Ask an operator to add you.";

    assert_eq!(world.asks("stranger", "task", &[("text", json!("x"))]).await, no);
    assert_eq!(world.asks("stranger", "task", &[]).await, no, "no form is opened for nothing");
    assert_eq!(world.told(world.discord.person("stranger").message_command(message, "Run as task").unwrap()).await, no);
    assert_eq!(world.asks("stranger", "status", &[]).await, no);
    assert_eq!(world.asks("stranger", "queue", &[]).await, no);
    assert!(world.asks("admin", "task", &[("text", json!("x"))]).await.starts_with("📝 Queued"), "an administrator may");
    assert_eq!(world.all_tasks().await.len(), 1);
}

#[tokio::test]
async fn commands_from_another_server_are_not_taken() {
    let world = World::with(Given { server: Some(77), ..Given::default() }).await;
    let no = "I take commands only in the server that my task channel is in.";

    assert_eq!(world.asks("admin", "task", &[("text", json!("x"))]).await, no, "an administrator there is nobody here");
    assert_eq!(world.asks("admin", "status", &[]).await, no);
    assert!(world.offered("admin", "cancel", &[("task", json!(""))]).await.is_empty());
    assert!(world.all_tasks().await.is_empty());
}

#[tokio::test]
async fn the_registration_of_commands_is_tried_again_until_discord_takes_it() {
    let before = |discord: &orchestrator_sandbox::Sandbox| {
        discord.trouble(Rule::on("PUT", "/applications/*/guilds/*/commands").times(3).answers_error(503, 0, "upstream"));
    };
    let world = World::with(Given { before: Some(before), ..Given::default() }).await;

    let names = world.discord.look(|discord| discord.commands().map(|command| command["name"].clone()).collect::<Vec<Value>>());

    assert_eq!(
        names,
        ["task", "status", "why", "queue", "cost", "cancel", "retry", "logs", "settings", "help", "Run as task", "Why did this happen?"]
    );
    assert_eq!(world.asks("stranger", "queue", &[]).await, "Nothing runs and nothing waits.");
}

#[tokio::test]
async fn every_command_is_offered_in_servers_alone() {
    let world = World::new().await;

    let contexts = world.discord.look(|discord| discord.commands().map(|command| command["contexts"].clone()).collect::<Vec<Value>>());

    assert!(contexts.iter().all(|contexts| *contexts == json!([0])), "{contexts:?}");
}

#[tokio::test]
async fn a_button_that_nobody_knows_is_answered_with_what_is_true() {
    let world = World::new().await;
    let body =
        json!({"content": "old", "components": [{"type": 1, "components": [{"type": 2, "style": 1, "label": "Go", "custom_id": "go:1"}]}]});
    let posted = world.sender.create_message(world.channel("general"), body).await.unwrap();
    let message = posted.message.to_string().parse().unwrap();

    let pressed = world.discord.person("stranger").press(message, "go:1").unwrap();

    assert_eq!(
        world.told(pressed).await,
        "That button is out of date and does nothing any more. `/status` and `/queue` show how things are."
    );
}

#[tokio::test]
async fn a_command_of_another_version_is_answered_with_what_to_do() {
    let world = World::new().await;
    let application = world.sender.application().await.unwrap().id;
    let other = json!([{"name": "approve", "description": "of another version"}, {"name": "cancel", "description": "of another version"}]);
    world.sender.register_commands(application, Some(world.guild()), other).await.unwrap();

    for command in ["approve", "cancel"] {
        let told = world.asks("stranger", command, &[]).await;

        assert!(told.starts_with(&format!("`/{command}` is not what it was")), "{told}");
    }
}

#[tokio::test]
async fn a_store_that_fails_is_answered_too() {
    let world = World::new().await;
    world.store.store.close().await;

    let told = world.asks("stranger", "task", &[("text", json!("x"))]).await;

    assert_eq!(told, "⚠️ That could not be done: the store is closed. Nothing was changed; try again.");
}

#[tokio::test]
async fn two_tasks_with_the_same_words_are_two() {
    let world = World::new().await;

    let (one, two) = (world.task_of("stranger", "same").await, world.task_of("stranger", "same").await);

    assert_ne!(one, two);
    assert_eq!(world.all_tasks().await.len(), 2);
    assert_eq!(world.task(&id(one.as_str().parse().unwrap())).await.row.task.prompt, "same");
}

/// The answers to all tries of a first answer.
fn callbacks(log: &[Record], to: orchestrator_sandbox::Snowflake) -> Vec<Option<u16>> {
    let prefix = format!("/interactions/{to}/");
    let requests = log.iter().filter_map(|record| match record {
        Record::Request(request) => Some(request),
        Record::Gateway(_) => None,
    });
    requests.filter(|request| request.path.starts_with(&prefix)).map(|request| request.status).collect()
}
