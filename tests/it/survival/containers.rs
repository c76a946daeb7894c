//! As the first process of a container: signals are passed on, orphans reaped, and what can't outlive it ends and is told.

use std::process::Command;

use serde_json::json;

use super::{another, comm, go, named, parent, say_waiting, signal};
use crate::world::{Founding, RUNS, World};

/// A command in a pid namespace of its own, as its first process; none where this machine does not allow it.
fn contained(world: &World) -> Option<Command> {
    let allowed = another("unshare").args(["--pid", "--fork", "--mount-proc", "true"]).output().is_ok_and(|tried| tried.status.success());
    if !allowed {
        eprintln!("LEFT OUT: pid namespaces are not permitted here (unshare --pid --mount-proc needs CAP_SYS_ADMIN)");
        return None;
    }
    let inner = world.command(&["run"]);
    let mut outer = another("unshare");
    outer.args(["--pid", "--fork", "--mount-proc", "--"]).arg(inner.get_program()).args(inner.get_args());
    outer.current_dir(world.dir()).env_clear().envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Some(outer)
}

/// The container's first process, seen from outside.
fn first_process(world: &World) -> i32 {
    let outer = i32::try_from(world.bot_process()).expect("a process number");
    let found = named("orch-init", |pid| parent(pid).is_some_and(|(parent, _)| parent == outer));
    assert_eq!(found.len(), 1, "{found:?}");
    found[0]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_is_stopped_waits_to_the_deadline_ends_its_agents_and_tells_it() {
    let mut world = Founding::new().config("drain.deadline_seconds", json!(1)).silent().await;
    let Some(container) = contained(&world) else { return };
    world.start_bot_as(container);
    world.wait_until_online().await;
    let endless = world.say(&format!("{RUNS} (setsid sleep 600 &) ; while :; do sleep 0.05; done"));
    world.until("it runs", |world| world.runs() == [endless]).await;

    signal(first_process(&world), "TERM");
    let code = world.bot_ends().await;

    assert_eq!(code, 0, "{}", world.log());
    assert!(world.log().contains("have 1 s to end"), "{}", world.log());
    let text: String = world.entries(endless).iter().map(|message| message.content.clone()).collect();
    assert!(text.starts_with("**[INTERRUPTED]**"), "{text}");
    assert_eq!(world.count_entries(endless), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_is_killed_leaves_nothing_and_its_tasks_end_interrupted_at_the_next_start() {
    let mut world = Founding::new().silent().await;
    let Some(container) = contained(&world) else { return };
    world.start_bot_as(container);
    world.wait_until_online().await;
    let endless = world.say(&format!("{RUNS} while :; do sleep 0.05; done"));
    world.until("it runs", |world| world.runs() == [endless]).await;

    signal(first_process(&world), "KILL");
    world.bot_ends().await;
    let Some(container) = contained(&world) else { return };
    world.start_bot_as(container);

    let entry = world.entry(endless).await;
    assert!(entry.content.starts_with("**[INTERRUPTED]**"), "{}", entry.content);
    assert_eq!(world.runs(), [endless]);
    world.marked(endless, "❌").await;
    signal(first_process(&world), "TERM");
    assert_eq!(world.bot_ends().await, 0);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_process_reaps_what_nobody_else_does() {
    let mut world = Founding::new().silent().await;
    let Some(container) = contained(&world) else { return };
    world.start_bot_as(container);
    world.wait_until_online().await;
    let task = say_waiting(&world);
    world.until("it runs", |world| world.runs() == [task]).await;
    let first = first_process(&world);
    let program = named("orchestrator", |pid| parent(pid).is_some_and(|(parent, _)| parent == first));
    let nursery = named("orch-nursery", |pid| parent(pid).is_some_and(|(parent, _)| program.contains(&parent)));
    let attendant = named("orch-attendant", |pid| parent(pid).is_some_and(|(parent, _)| nursery.contains(&parent)));
    assert_eq!((program.len(), nursery.len(), attendant.len()), (1, 1, 1));

    signal(nursery[0], "KILL");
    world.until("the attendant is the first process's", |_| parent(attendant[0]).is_some_and(|(parent, _)| parent == first)).await;
    go(&world);
    world.entry(task).await;

    world.until("it is reaped", |_| comm(attendant[0]).is_empty()).await;
    let zombies = named("orch-attendant", |pid| parent(pid).is_some_and(|(parent, state)| parent == first && state == 'Z'));
    assert!(zombies.is_empty(), "{zombies:?}");
    world.marked(task, "🏁").await;
    signal(first, "TERM");
    assert_eq!(world.bot_ends().await, 0);
    world.finish().await;
}
