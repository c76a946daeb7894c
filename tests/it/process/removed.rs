//! Agents that remove what is written down of them.

use std::{fs, time::Duration};

use discord_orchestrator::adapters::process::emergency;
use orchestrator_core::ports::agent_runner::{AgentRunner, Ending, Standing, StopReason};

use super::house::{House, is_alive, marked, until};

/// Starts a tool in a session of its own, removes its own folder, and goes on.
const REMOVER: &str = "setsid sh -c 'echo $$ > tool; exec sleep 600' & until [ -s tool ]; do :; done; \
    echo $$ > leader; rm -rf attempts/$ORCH_ATTEMPT; echo done > removed; exec sleep 600";

#[tokio::test]
async fn an_agent_that_removes_its_own_folder_is_ended_with_all_that_it_has_started() {
    let house = House::new();
    let spec = house.agent(REMOVER);
    house.launch(&spec).await;
    let ending = house.ending(spec.attempt);
    let (ending, leader) = tokio::join!(ending, house.pid("leader"));

    assert_eq!(ending, Ending::Removed);
    assert!(!is_alive(leader) && marked(spec.attempt).is_empty());
    house.runner.forget(spec.attempt).await;
    assert!(!house.attempt_folder(spec.attempt).exists());
    house.finish();
}

#[tokio::test]
async fn after_a_restart_it_is_found_without_folder_and_marker() {
    let mut house = House::new();
    let spec = house.agent(
        "exec env -i PATH=/usr/bin:/bin attempt=$ORCH_ATTEMPT sh -c 'echo $$ > leader; rm -rf attempts; echo done > removed; exec sleep 600'",
    );
    house.launch(&spec).await;
    house.said("removed").await;
    let leader = house.pid("leader").await;
    assert!(marked(spec.attempt).is_empty() && is_alive(leader));

    house.restart();

    assert_eq!(house.runner.standing(spec.attempt).await, Standing::Ended(Ending::Removed));
    assert!(!is_alive(leader));
    assert_eq!(house.ending(spec.attempt).await, Ending::Removed, "it is not forgotten");
    house.finish();
}

#[tokio::test]
async fn an_agent_that_removes_another_s_folder_ends_that_one_and_not_itself() {
    let house = House::new();
    house.make_fifo("fifo");
    let victim = house.agent("echo $$ > victim; exec sleep 600");
    house.launch(&victim).await;
    let pid = house.pid("victim").await;

    let other = house.agent(&format!("rm -rf attempts/{}; echo done > removed; read forever < fifo; exit 3", victim.attempt));
    house.launch(&other).await;
    house.said("removed").await;

    assert_eq!(house.ending(victim.attempt).await, Ending::Removed);
    assert!(!is_alive(pid) && matches!(house.runner.standing(other.attempt).await, Standing::Running));
    fs::write(house.path("fifo"), "\n").expect("lets it go");
    house.recorded(other.attempt).await;
    house.finish();
}

#[tokio::test]
async fn a_control_file_that_was_put_in_the_place_of_the_true_one_is_not_believed() {
    let house = House::new();
    let spec = house.agent("echo $$ > leader; rm attempts/$ORCH_ATTEMPT/control; : > attempts/$ORCH_ATTEMPT/control; exec sleep 600");
    house.launch(&spec).await;

    let (ending, leader) = tokio::join!(house.ending(spec.attempt), house.pid("leader"));

    assert_eq!(ending, Ending::Removed);
    assert!(!is_alive(leader));
    house.finish();
}

#[tokio::test]
async fn a_stop_ends_it_at_once() {
    let house = House::new();
    let spec = house.agent(REMOVER);
    house.launch(&spec).await;
    house.said("removed").await;
    let leader = house.pid("leader").await;

    house.runner.stop(spec.attempt, StopReason::Cancelled).await;

    assert!(!is_alive(leader) && marked(spec.attempt).is_empty());
    house.finish();
}

#[tokio::test]
async fn the_emergency_sweep_ends_it_too() {
    let house = House::new();
    let spec = house.agent("rm -rf attempts; echo $$ > leader; exec sleep 600");
    house.launch(&spec).await;
    let leader = house.pid("leader").await;

    let runtime = house.dir.path().to_owned();
    let ended =
        tokio::task::spawn_blocking(move || emergency(&runtime, Duration::from_secs(5)).expect("it sweeps")).await.expect("it ends");

    assert_eq!(ended.iter().map(|one| one.attempt).collect::<Vec<_>>(), [spec.attempt]);
    until("it is dead", || !is_alive(leader)).await;
    house.finish();
}

#[tokio::test]
async fn what_an_agent_has_left_in_its_attempt_s_folder_is_removed_however_deep_it_lies() {
    let house = House::new();
    // Deeper than a stack or the limit of open files is.
    let mut spec = house.perl_agent("");
    let folder = house.attempt_folder(spec.attempt);
    spec.args[1] = format!("chdir '{}' or die; for (1 .. 30_000) {{ mkdir 'd' and chdir 'd' or die }} print 'made'", folder.display());
    house.run(&spec).await;
    assert_eq!(house.read("agent.log"), "made");

    house.runner.forget(spec.attempt).await;

    assert!(!folder.exists());
    house.finish();
}
