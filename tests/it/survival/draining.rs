//! SIGTERM, in each of its forms.

use std::time::{Duration, Instant};

use orchestrator_sandbox::Rule;
use serde_json::json;

use super::{all_succeeded_once, go, say_simple, say_waiting};
use crate::world::{Founding, RUNS, World};

async fn asked_to_stop(world: &World) {
    world.ask_bot_to_stop();
    world.until("it was heard", |world| world.log().contains("asked to stop")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_a_tenth_of_a_second_after_a_stop_is_left_for_the_next_start() {
    let mut world = World::new().await;
    let running = say_waiting(&world);
    world.until("it runs", |world| world.runs() == [running]).await;

    world.ask_bot_to_stop();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let late = say_simple(&world);
    assert_eq!(world.bot_ends().await, 0);

    assert!(!world.has_mark(late, "✅"), "{}", world.log());
    assert_eq!(world.runs(), [running]);
    go(&world);
    world.start_bot();
    world.all_entries(&[running, late], crate::world::PATIENCE).await;
    all_succeeded_once(&world, &[running, late]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_wait_agents_end_and_are_posted_before_the_service_ends_and_nothing_new_is_started() {
    let mut world = Founding::new().config("caps.max_concurrent", json!(2)).silent().await;
    let wait = world.command(&["run", "--wait"]);
    world.start_bot_as(wait);
    world.wait_until_online().await;
    let running = [say_waiting(&world), say_waiting(&world)];
    let queued = say_simple(&world);
    world.until("two run", |world| world.runs().len() == 2).await;

    asked_to_stop(&world).await;
    world.until("it tells that it waits", |world| world.log().contains("2 agents still run")).await;
    assert!(!world.bot_has_ended());
    go(&world);
    assert_eq!(world.bot_ends().await, 0, "{}", world.log());

    assert!(running.iter().all(|task| world.count_entries(*task) == 1 && world.has_mark(*task, "🏁")), "{}", world.log());
    assert_eq!(world.runs().len(), 2, "nothing new was started");
    world.start_bot();
    world.entry(queued).await;
    all_succeeded_once(&world, &[running[0], running[1], queued]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_the_waiting_and_agents_are_taken_up_at_the_next_start() {
    let mut world = Founding::new().config("drain.agents", json!("wait")).start().await;
    let running = say_waiting(&world);
    world.until("it runs", |world| world.runs() == [running]).await;
    asked_to_stop(&world).await;
    assert!(!world.bot_has_ended());

    let asked = Instant::now();
    world.ask_bot_to_stop();
    assert_eq!(world.bot_ends().await, 0);
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());

    world.start_bot();
    world.wait_until_online().await;
    assert_eq!(world.count_entries(running), 0);
    go(&world);
    world.entry(running).await;
    all_succeeded_once(&world, &[running]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_deadline_what_ends_in_time_succeeds_and_the_rest_is_stopped_and_told() {
    let mut world = Founding::new().config("drain", json!({ "agents": "stop", "deadline_seconds": 2 })).start().await;
    let quick = world.say(&format!("{RUNS} until [ -e $HOME/go ]; do sleep 0.02; done; echo ok > RESULT.txt"));
    let endless = world.say(&format!("{RUNS} trap '' TERM; while :; do sleep 0.05; done"));
    world.until("both run", |world| world.runs().len() == 2).await;

    asked_to_stop(&world).await;
    go(&world);
    assert_eq!(world.bot_ends().await, 0, "{}", world.log());

    let text = |task| world.entries(task).iter().map(|message| message.content.clone()).collect::<String>();
    assert!(text(quick).starts_with("**[SUCCESS]**"), "{}", text(quick));
    assert!(text(endless).starts_with("**[INTERRUPTED]**"), "{}", text(endless));
    assert!(text(endless).contains("the end of the service"), "{}", text(endless));
    assert!(world.has_mark(endless, "❌"));
    assert_eq!((world.count_entries(quick), world.count_entries(endless)), (1, 1));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_to_be_said_when_the_stop_came_is_said_before_the_end() {
    let mut world = World::new().await;
    world.sandbox.trouble(Rule::on("POST", "/channels/#results/messages").delays(Duration::from_secs(1)));
    let task = say_simple(&world);
    world.until("it has ended", |world| world.log().contains("attempt 1 has succeeded")).await;

    assert_eq!(world.stop_bot(), 0);

    assert_eq!(world.count_entries(task), 1, "{}", world.log());
    world.finish().await;
}
