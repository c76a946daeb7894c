//! The wall clock jumps by a day either way while agents run and leases are held.

use std::path::PathBuf;

use orchestrator_interposer::{Faults, set_clock};
use orchestrator_sandbox::{Demand, Rule};

use super::{all_succeeded_once, go, say_simple, say_waiting};
use crate::world::{Founding, RUNS, World};

const DAY: i64 = 86_400;

async fn world_with_a_clock() -> (World, PathBuf) {
    let mut world = Founding::new().silent().await;
    let clock = world.dir().join("clock");
    set_clock(&clock, 0).expect("a file");
    world.start_bot_with(&Faults::new().clock(&clock));
    world.wait_until_online().await;
    world.until("the channel was read back", |world| world.log().contains("messages back")).await;
    (world, clock)
}

/// The bot has looked at everything after the jump: its log tells the new day.
async fn lives_with(world: &World, seconds: i64) {
    let day = chrono::DateTime::from_timestamp(now() + seconds, 0).expect("a time").format("%Y-%m-%dT").to_string();
    let (code, _, error) = world.run(&["trigger"]);
    assert_eq!(code, 0, "{error}");
    world
        .until("it has read back on that day", |world| {
            world.log().lines().any(|line| line.starts_with(&day) && line.contains("messages back"))
        })
        .await;
}

#[expect(clippy::disallowed_methods, reason = "the machine's own clock is what the program's is put off against")]
fn now() -> i64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs().cast_signed()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_a_day_either_way_expires_nothing_and_runs_nothing_twice() {
    let (mut world, clock) = world_with_a_clock().await;
    let limited = world.say(&format!("[timeout:10m] {RUNS} until [ -e $HOME/go ]; do sleep 0.02; done; echo ok > RESULT.txt"));
    let mut tasks = vec![limited, say_waiting(&world)];
    world.until("both run", |world| world.runs().len() == 2).await;

    for seconds in [DAY, -DAY] {
        set_clock(&clock, seconds).expect("a file");
        lives_with(&world, seconds).await;
        // Also over a restart, which judges leases anew.
        world.kill_bot();
        world.start_bot_with(&Faults::new().clock(&clock));
        world.wait_until_online().await;
        assert!(tasks.iter().all(|task| world.count_entries(*task) == 0), "{}", world.log());
    }
    set_clock(&clock, 0).expect("a file");
    tasks.push(say_simple(&world));
    go(&world);
    world.all_entries(&tasks, crate::world::PATIENCE).await;

    for task in &tasks {
        world.marked(*task, "🏁").await;
    }
    all_succeeded_once(&world, &tasks);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_that_come_while_the_clock_is_a_day_off_are_run_like_any_other() {
    let (world, clock) = world_with_a_clock().await;
    let mut tasks = Vec::new();
    for seconds in [DAY, -DAY] {
        set_clock(&clock, seconds).expect("a file");
        let task = say_simple(&world);
        world.entry(task).await;
        world.marked(task, "🏁").await;
        tasks.push(task);
    }
    all_succeeded_once(&world, &tasks);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_was_taken_before_the_clock_was_put_back_is_found_and_not_sent_again() {
    let (mut world, clock) = world_with_a_clock().await;
    set_clock(&clock, DAY).expect("a file");
    let results = || Rule::on("POST", "/channels/#results/messages");
    world.sandbox.trouble(results().loses_answer());
    world.sandbox.trouble(results().always().answers(503, serde_json::Value::Null));
    let task = say_simple(&world);
    world.until("its answer is lost", |world| world.log().contains("Discord post failed")).await;
    world.kill_bot();

    set_clock(&clock, 0).expect("a file");
    world.sandbox.make_trouble(Demand::Clear(true));
    world.start_bot_with(&Faults::new().clock(&clock));
    world.until("it was looked for", |world| world.log().contains("it had arrived")).await;

    all_succeeded_once(&world, &[task]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_waits_for_its_next_try_does_not_wait_a_day_longer_when_the_clock_is_put_back() {
    let (world, clock) = world_with_a_clock().await;
    set_clock(&clock, DAY).expect("a file");
    world.sandbox.trouble(Rule::on("POST", "/channels/#results/messages").times(2).answers(500, serde_json::Value::Null));
    let task = say_simple(&world);
    world.until("its post failed", |world| world.log().contains("Discord post failed (HTTP 500), retry 1/5")).await;

    set_clock(&clock, 0).expect("a file");

    world.entry(task).await;
    all_succeeded_once(&world, &[task]);
    world.finish().await;
}
