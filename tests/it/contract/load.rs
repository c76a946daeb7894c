//! A burst, under Discord's own limits.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::world::{Founding, RUNS};

/// Discord takes four reactions a second: a hundred ✅ and as many last signs are most of it.
const BUDGET: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_tasks_at_once_are_all_claimed_run_and_posted_within_discord_s_limits() {
    let mut world = Founding::new().limits().config("caps.max_concurrent", json!(8)).start().await;
    let began = Instant::now();

    let tasks: Vec<_> = (0..100).map(|n| world.say(&format!("{RUNS} echo result {n} > RESULT.txt"))).collect();
    world.all_entries(&tasks, BUDGET).await;
    let took = began.elapsed();

    let (mut ran, mut claimed) = (world.runs(), world.puts_of("✅"));
    ran.sort_unstable();
    claimed.sort_unstable();
    assert_eq!(ran, tasks, "each is run once");
    assert_eq!(claimed, tasks, "each is claimed once");
    assert!(tasks.iter().all(|task| world.count_entries(*task) == 1), "each is posted once");
    let requests = world.requests();
    let limited = requests.iter().filter(|request| request.status == Some(429)).count();
    assert!(limited * 100 <= requests.len(), "{limited} of {} requests were answered with 429", requests.len());
    assert!(took < BUDGET, "{took:?}");
    // The last signs would take as long again: they are put at the next start.
    world.kill_bot();
    world.finish_unsaid().await;
}
