//! Trouble drawn from a seed, everywhere at once: nothing is lost, nothing stands twice.

use std::time::Duration;

use orchestrator_sandbox::{Demand, Record};
use serde_json::{Value, json};

use crate::world::{Founding, RUNS, World};

async fn history(seed: u64) {
    let world = Founding::new().config("posts.request_timeout_seconds", json!(2)).start().await;
    world.sandbox.trouble_storm(seed, 0.2);

    let tasks: Vec<_> = (0..12).map(|n| world.say(&format!("{RUNS} echo result {n} > RESULT.txt"))).collect();
    world.all_entries(&tasks, Duration::from_secs(90)).await;
    world.sandbox.make_trouble(Demand::Clear(true));
    for task in &tasks {
        world.marked(*task, "🏁").await;
    }
    let notices = |world: &World| world.told("").concat().matches("finished").count();
    world.until("every notice is said", |world| notices(world) >= tasks.len()).await;
    // What stands may have to be posted once more under its nonce, because the answer was lost: until then it is not known to stand.
    let unknown = |world: &World| {
        let (_, out, _) = world.run(&["status", "--json"]);
        serde_json::from_str::<Value>(&out).ok().and_then(|told| told["counts"]["letters"].as_u64())
    };
    world.until("all that stands is known to", |world| unknown(world) == Some(0)).await;

    let mut ran = world.runs();
    ran.sort_unstable();
    assert_eq!(ran, tasks, "seed {seed}: each is run once");
    for task in &tasks {
        assert_eq!(world.count_entries(*task), 1, "seed {seed}: each is posted once");
    }
    let met = world.sandbox.log().iter().filter_map(Record::request).filter(|request| request.trouble.is_some()).count();
    assert!(met >= 5, "seed {seed}: {met} requests met trouble");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_loses_no_task_and_doubles_no_result() {
    history(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_storm_loses_no_task_and_doubles_no_result() {
    history(2).await;
}
