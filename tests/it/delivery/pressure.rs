//! Many results wait: they are sent as fast as Discord takes them, several in a message, without one refusal.

use std::{
    collections::BTreeMap,
    fs,
    time::{Duration, Instant},
};

use orchestrator_core::domain::id::TaskId;
use orchestrator_sandbox::{Limits, Request, Rule};
use serde_json::json;

use super::seed::{Left, backlog, backlog_with_notices_in};
use crate::world::{Founding, World};

/// How many entries each task has in #results: an entry begins a message or one of its boxes.
fn entries(world: &World) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    for message in world.said("results") {
        let boxes = message.embeds.iter().filter_map(|embed| embed["description"].as_str());
        for text in std::iter::once(message.content.as_str()).chain(boxes) {
            if let Some(id) = text.lines().next().and_then(|line| line.split_once("]** `")?.1.split_once('`')) {
                *counted.entry(id.0.to_owned()).or_default() += 1;
            }
        }
    }
    counted
}

async fn drained(world: &World, tasks: &[TaskId], patience: Duration) {
    let began = Instant::now();
    while entries(world).len() < tasks.len() {
        assert!(began.elapsed() < patience, "{} of {} results came", entries(world).len(), tasks.len());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let counted = entries(world);
    assert!(tasks.iter().all(|task| counted.get(task.as_str()) == Some(&1)), "each stands once");
}

fn posts_to(world: &World, channel: &str) -> Vec<Request> {
    let path = format!("/channels/{}/messages", world.sandbox.channel(channel).expect("it is there"));
    world.requests().into_iter().filter(|request| request.method == "POST" && request.path == path).collect()
}

fn refused(world: &World) -> usize {
    world.requests().iter().filter(|request| request.status == Some(429)).count()
}

fn memory_kib(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("the bot runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("its memory is told");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_results_are_posted_ten_in_a_message_nine_times_as_fast_as_one_by_one_and_without_a_refusal() {
    let mut world = Founding::new().limits().silent().await;
    let tasks = backlog(&world, 200, Left { result_chars: 300, notices_and_sign: false }).await;

    world.start_bot();
    drained(&world, &tasks, Duration::from_secs(60)).await;

    let posts = posts_to(&world, "results");
    let (first, last) = (&posts[0], &posts[posts.len() - 1]);
    // What went in the first window was saved up; what followed is the rate.
    let (saved_up, minutes) = (5 * 10, (last.at - first.at).as_seconds_f64() / 60.0);
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let per_minute = (tasks.len() - saved_up) as f64 / minutes;
    println!("{per_minute:.0} results/min in {} posts, {} requests refused", posts.len(), refused(&world));
    // One by one: five messages in five seconds.
    assert!(per_minute >= 9.0 * 60.0, "{per_minute:.0} results a minute");
    assert_eq!((posts.len(), refused(&world)), (20, 0));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_task_costs_one_request_and_a_fifth_beyond_its_tick() {
    let mut world = Founding::new().limits_of(Limits::Compressed(10)).silent().await;
    let tasks = backlog(&world, 300, Left { result_chars: 300, notices_and_sign: true }).await;

    world.start_bot();
    drained(&world, &tasks, Duration::from_secs(60)).await;
    world.until("every sign stands", |world| world.puts_of("🏁").len() >= tasks.len()).await;
    world.until("every notice is told", |world| world.told("").concat().matches("finished").count() >= tasks.len()).await;

    let sent = world
        .requests()
        .iter()
        .filter(|request| matches!(request.method.as_str(), "POST" | "PUT") && request.path.starts_with("/channels/"))
        .count();
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let each = sent as f64 / tasks.len() as f64;
    println!("{each:.2} requests a task, {} refused", refused(&world));
    assert!(each <= 1.2, "{each:.2} requests a task");
    assert_eq!(refused(&world), 0);
    assert_eq!(world.puts_of("🏁").len(), tasks.len(), "each sign was put once");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn results_pass_notices_that_wait_for_the_same_channel() {
    let mut world = Founding::new().silent().await;
    let tasks = backlog_with_notices_in(&world, 30, Left { result_chars: 300, notices_and_sign: true }, "results").await;

    world.start_bot();
    drained(&world, &tasks, Duration::from_secs(20)).await;
    world
        .until("every notice is told", |world| {
            world.said("results").iter().map(|message| message.content.matches("finished").count()).sum::<usize>() == tasks.len()
        })
        .await;

    let is_result: Vec<bool> = world.said("results").iter().map(|message| !message.embeds.is_empty()).collect();
    assert!(is_result.is_sorted_by(|before, after| before >= after), "{is_result:?}");
    assert_eq!(is_result.iter().filter(|result| **result).count(), 3);
    assert!(is_result.len() <= 8, "notices share messages too: {is_result:?}");
    world.until("every sign stands", |world| world.puts_of("🏁").len() >= tasks.len()).await;
    world.finish().await;
}

/// A night without Discord, restarts in it, and the morning.
async fn night(results: usize, notices_and_sign: bool) {
    let mut world = Founding::new().limits_of(Limits::Compressed(20)).config("posts.delay_cap_seconds", json!(2)).silent().await;
    world.start_bot();
    world.wait_until_online().await;
    let empty = memory_kib(world.bot_process());
    world.kill_bot();
    let tasks = backlog(&world, results, Left { result_chars: 400, notices_and_sign }).await;
    world.sandbox.trouble(Rule::on("*", "/**").always().answers(503, json!("no healthy upstream")));
    world.sandbox.trouble(Rule::on("CONNECT", "/gateway").always().hangs_up());
    let before = world.requests().len();

    let mut most = 0;
    for _ in 0..3 {
        world.start_bot();
        let night = Instant::now();
        while night.elapsed() < Duration::from_secs(3) {
            assert!(!world.bot_has_ended(), "it waits:\n{}", world.log());
            most = most.max(memory_kib(world.bot_process()));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        world.kill_bot();
    }
    let asked = world.requests().len() - before;
    super::super::contract::well_again(&world);
    world.start_bot();
    let morning = Instant::now();
    drained(&world, &tasks, Duration::from_secs(20 + results as u64 / 20)).await;
    let took = morning.elapsed();
    most = most.max(memory_kib(world.bot_process()));

    println!(
        "{results} results: {asked} requests in the night, memory {empty} -> {most} KiB, drained in {took:?}, {} refused",
        refused(&world)
    );
    assert!(asked < 300, "{asked} requests in nine seconds of night");
    assert!(most <= empty * 3 / 2, "{empty} -> {most} KiB");
    assert_eq!(refused(&world), 0);
    world.kill_bot();
    world.finish_unsaid().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_results_survive_a_night_without_discord_and_restarts_in_it() {
    night(2_000, false).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "minutes: ten thousand results"]
async fn ten_thousand_results_survive_a_night_without_discord_and_restarts_in_it() {
    night(10_000, false).await;
}
