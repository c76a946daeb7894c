//! What is offered while an option is typed.

use std::time::Duration;

use serde_json::json;

use super::World;

fn values(offered: Vec<(String, String)>) -> Vec<String> {
    offered.into_iter().map(|(_, value)| value).collect()
}

#[tokio::test]
async fn models_are_offered_with_their_full_ids_and_aliases_come_first() {
    let world = World::new().await;

    let all = world.offered("stranger", "task", &[("model", json!(""))]).await;
    let some = world.offered("stranger", "task", &[("model", json!("KIMI"))]).await;

    assert_eq!(
        all,
        [
            ("cheap · openrouter/stepfun/step-3.5-flash:free", "cheap"),
            ("primary · openrouter/moonshotai/kimi-k2.5", "primary"),
            ("openrouter/x/bare", "openrouter/x/bare"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    assert_eq!(values(some), ["primary"]);
}

#[tokio::test]
async fn agents_durations_and_priorities_are_offered_as_far_as_they_are_allowed() {
    let world = World::new().await;

    assert_eq!(values(world.offered("stranger", "task", &[("agent", json!(""))]).await), ["script", "openclaw"], "the default comes first");
    assert_eq!(values(world.offered("stranger", "task", &[("timeout", json!(""))]).await), ["1m", "2m", "5m", "10m", "30m", "1h"]);
    assert_eq!(values(world.offered("stranger", "task", &[("priority", json!("h"))]).await), ["high"]);
}

#[tokio::test]
async fn checks_are_offered_after_those_that_stand_there() {
    let world = World::new().await;

    assert_eq!(values(world.offered("stranger", "task", &[("check", json!("T"))]).await), ["lint", "tests"]);
    assert_eq!(values(world.offered("stranger", "task", &[("check", json!("tests, li"))]).await), ["tests,lint"]);
}

#[tokio::test]
async fn tasks_are_offered_newest_first_one_s_own_alone_and_to_operators_everybody_s() {
    let world = World::new().await;
    let (first, second) = (world.task_of("stranger", "First").await.to_string(), world.task_of("stranger", "Second").await.to_string());
    let other = world.task_of("admin", "Third").await.to_string();

    assert_eq!(values(world.offered("stranger", "cancel", &[("task", json!(""))]).await), [second.clone(), first.clone()]);
    assert_eq!(values(world.offered("stranger", "cancel", &[("task", json!("fir"))]).await), std::slice::from_ref(&first));
    assert!(world.offered("operator", "cancel", &[("task", json!(""))]).await.is_empty());
    let to_operator = world.offered("admin", "status", &[("task", json!(""))]).await;
    assert_eq!(to_operator[0].0, format!("⏳ Third · {other}"));
    assert_eq!(to_operator[1].0, format!("⏳ Second · stranger · {second}"));
    assert_eq!(values(to_operator), [other, second, first]);
}

#[tokio::test]
async fn each_command_offers_what_it_can_be_used_on() {
    let world = World::new().await;
    let (open, ended, held) =
        (world.task_of("stranger", "Open").await, world.task_of("stranger", "Ended").await, world.task_of("stranger", "Held").await);
    world.queue.cancel(ended.clone(), "stranger".into(), "a test".into()).await.unwrap();
    world.queue.hold(held.clone(), "stranger".into()).await.unwrap();
    let offered = async |command| values(world.offered("stranger", command, &[("task", json!(""))]).await);

    assert_eq!(offered("cancel").await, [held.to_string(), open.to_string()]);
    assert_eq!(offered("retry").await, [held.to_string(), ended.to_string()]);
    assert_eq!(offered("status").await, [held.to_string(), ended.to_string(), open.to_string()]);
    assert!(offered("logs").await.is_empty());
}

#[tokio::test]
async fn a_slow_store_offers_nothing_in_time_instead_of_something_too_late() {
    let world = World::new().await;
    world.task_of("stranger", "One").await;
    world.store_takes(Duration::from_secs(5));

    assert!(world.offered("stranger", "cancel", &[("task", json!(""))]).await.is_empty());
}

#[tokio::test]
async fn no_more_than_25_are_offered() {
    let world = World::new().await;
    for number in 0..30 {
        world.task_of("stranger", &format!("Task {number}")).await;
    }

    assert_eq!(world.offered("stranger", "cancel", &[("task", json!(""))]).await.len(), 25);
}
