//! Each process killed at its nth system call that matters, for many n over the life of a task: between any two writes, syncs, renames, forks
//! and requests.

use std::time::{Duration, Instant};

use super::{faults_beside_logs, judge, say_simple, switch};
use crate::world::{Founding, PATIENCE, World};

/// A world whose bot meets a rule while a task lives; ends when the task is done, with the bot well again. Tells whether the bot was killed.
async fn one_life(world: &mut World, rule: &str) -> (orchestrator_sandbox::Snowflake, bool) {
    let kills = world.dir().join("kills");
    let (what, effect) = rule.split_once('=').expect("a rule");
    world.start_bot_with(&faults_beside_logs().rule(format!("{what}?{}={effect}", kills.display())));
    world.wait_until_online().await;
    switch(&kills, true);
    let task = say_simple(world);
    let (started, mut killed) = (Instant::now(), false);
    let is_interrupted = |world: &World| world.entries(task).iter().any(|entry| entry.content.contains("[INTERRUPTED]"));
    while !(world.count_entries(task) == 1 && (world.has_mark(task, "🏁") || is_interrupted(world))) {
        assert!(started.elapsed() < PATIENCE, "{rule}: neither the end of the task nor that of the bot:\n{}", world.log());
        if world.bot_has_ended() {
            killed = true;
            switch(&kills, false);
            world.start_bot();
            world.wait_until_online().await;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    if !killed {
        switch(&kills, false);
    }
    world.until("all is said", |world| world.run(&["status", "--json"]).1.contains("\"letters\": 0")).await;
    assert_eq!(world.stop_bot(), 0, "{rule}: {}", world.log());
    (task, killed)
}

async fn lives(rule: impl Fn(u32) -> String, places: impl Iterator<Item = u32>) -> (World, Vec<orchestrator_sandbox::Snowflake>, u32) {
    let mut world = Founding::new().env("WORKER_RETENTION_HOURS", "0").silent().await;
    let (mut tasks, mut kills) = (Vec::new(), 0);
    for nth in places {
        let (task, killed) = one_life(&mut world, &rule(nth)).await;
        tasks.push(task);
        kills += u32::from(killed);
    }
    judge(&world, &tasks, "kills");
    (world, tasks, kills)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_killed_at_any_call_of_a_task_s_life_runs_it_once_and_posts_it_once() {
    let (world, tasks, kills) = lives(|nth| format!("any@{nth}/orchestrator=kill"), (1..140).step_by(6)).await;

    assert!(kills >= 12, "only {kills} kills");
    for task in &tasks {
        let text: String = world.entries(*task).iter().map(|entry| entry.content.clone()).collect();
        assert!(text.starts_with("**[SUCCESS]**"), "an agent outlives its service: {text}");
    }
    assert_eq!(world.runs().len(), tasks.len(), "each ran once");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_killed_right_after_any_call_of_a_task_s_life_runs_it_once_and_posts_it_once() {
    let (world, tasks, kills) = lives(|nth| format!("any@{nth}/orchestrator=kill-after"), (4..140).step_by(6)).await;

    assert!(kills >= 12, "only {kills} kills");
    assert_eq!(world.runs().len(), tasks.len(), "each ran once");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attendant_killed_at_any_call_after_its_answer_leaves_no_process_and_one_entry() {
    // It tells of the start with its fourth call; one that dies before is waited for, for half a minute.
    let (world, ..) = lives(|nth| format!("any@{nth}/attendant=kill"), 5..10).await;
    world.finish().await;
}
