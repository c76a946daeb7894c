//! Stopping and starting: what runs goes on, nothing is run twice by whoever else is there, and a full disk stops nothing that runs.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::world::{Founding, PATIENCE, RUNS, World};

const WAITS: &str = "until [ -e $HOME/go ]; do sleep 0.02; done; echo done > RESULT.txt";

fn go(world: &World) {
    std::fs::write(world.dir().join("go"), "").expect("a file");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_hands_running_agents_over_and_the_next_start_takes_them_up() {
    for ends_meanwhile in [true, false] {
        let mut world = World::new().await;
        let task = world.say(&format!("{RUNS} {WAITS}; touch $HOME/ended"));
        world.until("it runs", |world| world.runs() == [task]).await;

        let asked = Instant::now();
        assert_eq!(world.stop_bot(), 0);
        assert!(asked.elapsed() < Duration::from_secs(15), "it stopped after {:?}", asked.elapsed());
        let unclaimed = world.say(&format!("{RUNS} echo later > RESULT.txt"));
        if ends_meanwhile {
            go(&world);
            world.until("the agent ends without its orchestrator", |world| world.has_file("ended")).await;
        }
        world.start_bot();
        world.entry(unclaimed).await;
        if !ends_meanwhile {
            assert_eq!(world.count_entries(task), 0);
            go(&world);
        }
        let entry = world.entry(task).await;
        world.marked(task, "🏁").await;

        assert!(entry.content.starts_with("**[SUCCESS]**"), "{}", entry.content);
        assert_eq!(world.runs(), [task, unclaimed], "nothing was run again");
        assert_eq!(world.count_entries(task), 1);
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn once_runs_what_is_there_waits_for_it_and_ends() {
    let world = Founding::new().config("caps.max_concurrent", json!(2)).silent().await;
    let (code, out, error) = world.run(&["once"]);
    assert_eq!((code, out.trim()), (0, "No pending tasks"), "{error}");

    let tasks: Vec<_> = (0..5).map(|_| world.say(&format!("{RUNS} sleep 0.2; echo ok > RESULT.txt"))).collect();
    let (code, _, error) = world.run(&["once"]);

    assert_eq!(code, 0, "{error}");
    for task in &tasks {
        assert_eq!(world.count_entries(*task), 1);
        assert!(world.has_mark(*task, "✅") && world.has_mark(*task, "🏁"));
    }
    let mut ran = world.runs();
    ran.sort_unstable();
    assert_eq!(ran, tasks);
    assert_eq!(world.puts_of("✅"), tasks, "claimed oldest first");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn once_beside_a_service_and_beside_itself_runs_nothing_twice() {
    let mut world = Founding::new().config("caps.max_concurrent", json!(4)).silent().await;
    let mut tasks: Vec<_> = (0..20).map(|_| world.say(&format!("{RUNS} echo ok > RESULT.txt"))).collect();

    let two: Vec<_> = (0..2)
        .map(|_| {
            world.command(&["once"]).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().expect("it starts")
        })
        .collect();
    world.start_bot();
    let service_or_not = world.sandbox.wait_until(|known| known.messages_in("results").next().is_some(), PATIENCE).await;
    assert!(service_or_not.is_ok(), "{}", world.log());
    tasks.extend((0..20).map(|_| world.say(&format!("{RUNS} echo ok > RESULT.txt"))));
    let ends = two.into_iter().map(|mut once| once.wait().expect("it ends"));
    for ended in ends {
        assert!(ended.code().is_some_and(|code| code < 128), "{ended:?}");
    }
    // Where a `once` was first, the service has refused to start beside it: whoever comes next takes the rest.
    if world.bot_has_ended() {
        world.start_bot();
    }
    world.wait_until_online().await;
    let (code, _, error) = world.run(&["once"]);
    assert_eq!(code, 0, "{error}");
    world.all_entries(&tasks, PATIENCE).await;

    let mut ran = world.runs();
    ran.sort_unstable();
    assert_eq!(ran, tasks, "each exactly once");
    assert!(tasks.iter().all(|task| world.count_entries(*task) == 1));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_disk_is_nearly_full_nothing_is_started_and_it_goes_on_by_itself() {
    let mut world = Founding::new().config("disk_low_water_mb", json!(10_000_000)).start().await;
    let tasks: Vec<_> = (0..3).map(|_| world.say(&format!("{RUNS} echo ok > RESULT.txt"))).collect();
    world.message("worker-pool", |message| message.content.contains("No task is started") && message.content.contains("are free")).await;
    world.until("they are known", |world| world.log().contains(&format!("task {} of", tasks[2]))).await;
    let (_, status, _) = world.run(&["status"]);
    assert!(status.contains("Nothing is started"), "{status}");
    // A `once` does not start them either, and ends.
    let (code, _, error) = world.run(&["once"]);
    assert_eq!(code, 0, "{error}");
    assert_eq!(world.stop_bot(), 0);
    assert!(world.runs().is_empty());
    assert!(tasks.iter().all(|task| !world.has_mark(*task, "✅")), "what does not start is not claimed");

    world.start_bot();
    world.wait_until_online().await;
    assert_eq!(world.stop_bot(), 0);
    assert_eq!(world.told("No task is started").len(), 1, "told once, also over a restart");
    world.reconfigure("disk_low_water_mb", json!(1));
    world.start_bot();
    world.all_entries(&tasks, PATIENCE).await;

    assert_eq!(world.told("are free at").len(), 2, "and once that it is well");
    let mut ran = world.runs();
    ran.sort_unstable();
    assert_eq!(ran, tasks);
    world.finish().await;
}
