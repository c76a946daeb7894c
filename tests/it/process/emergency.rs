//! The emergency sweep, with everything else dead; and what `doctor` is told.

use std::{path::Path, time::Duration};

use discord_orchestrator::adapters::process::{Ended, How, emergency, level};
use orchestrator_core::ports::agent_runner::{AgentRunner, Cause, Exit, Standing, StopReason};

use super::house::{House, PROGRAM, is_alive, kill, nursery_of, parent_of, runner_in, until};

const OBEDIENT: &str = "trap 'exit 4' TERM; echo $$ > obedient; while :; do sleep 0.02; done";
const DEAF: &str = "trap '' TERM; setsid sleep 600 & echo $$ > deaf; while :; do sleep 0.02; done";

#[tokio::test]
async fn everything_is_ended_although_orchestrator_and_nursery_are_dead() {
    let mut house = House::new();
    let (obedient, mut deaf) = (house.agent(OBEDIENT), house.agent(DEAF));
    deaf.log = house.path("deaf.log");
    house.launch(&obedient).await;
    house.launch(&deaf).await;
    house.pid("deaf").await;
    let nursery = nursery_of(house.pid("obedient").await);
    house.runner = runner_in(&house.path("another-house"));
    kill(nursery, libc::SIGKILL);

    let mut ended = sweep(&house).await;

    ended.sort_by_key(|ended| ended.attempt != obedient.attempt);
    assert_eq!(
        ended,
        [
            Ended { attempt: obedient.attempt, task: Some(obedient.task.clone()), how: How::Asked },
            Ended { attempt: deaf.attempt, task: Some(deaf.task.clone()), how: How::Killed },
        ]
    );
    house.restart();
    let (first, second) = (house.recorded(obedient.attempt).await, house.recorded(deaf.attempt).await);
    assert_eq!((first.exit, first.cause), (Exit::Code(4), Cause::Stopped));
    assert_eq!((second.exit, second.cause), (Exit::Signal(libc::SIGKILL), Cause::Stopped));
    assert_eq!(house.runner.stop_reason(deaf.attempt).await, Some(StopReason::Shutdown));
    house.finish();
}

#[tokio::test]
async fn what_nursery_and_attendant_have_left_is_found_by_its_marker() {
    let house = House::new();
    let spec = house.agent(DEAF);
    house.launch(&spec).await;
    let attendant = parent_of(house.pid("deaf").await);
    kill(parent_of(attendant), libc::SIGKILL);
    kill(attendant, libc::SIGKILL);
    until("the attendant is dead", || !is_alive(attendant)).await;

    let ended = sweep(&house).await;

    assert!(matches!(ended[..], [Ended { how: How::LeftOver { found: 1.. }, .. }]), "{ended:?}");
    house.finish();
}

#[tokio::test]
async fn an_attendant_that_does_not_answer_is_killed_with_all_it_has() {
    let house = House::new();
    let spec = house.agent(DEAF);
    house.launch(&spec).await;
    let attendant = parent_of(house.pid("deaf").await);
    kill(attendant, libc::SIGSTOP);

    let ended = sweep(&house).await;

    assert!(matches!(ended[..], [Ended { how: How::AttendantKilled { .. }, .. }]), "{ended:?}");
    house.is_empty().await;
    house.finish();
}

#[tokio::test]
async fn a_sweep_where_nothing_runs_finds_nothing_and_refuses_nobody_who_has_ended() {
    let house = House::new();
    let spec = house.agent("exit 3");
    let record = house.run(&spec).await;

    assert_eq!(sweep(&house).await, []);
    assert_eq!(emergency(Path::new("/no/such/folder"), Duration::ZERO).expect("nothing to do"), []);

    assert_eq!(house.recorded(spec.attempt).await, record);
    assert_eq!(house.runner.standing(house.agent("true").attempt).await, Standing::NeverStarted);
    house.finish();
}

#[tokio::test]
async fn the_level_is_tried_out_and_said_in_a_sentence() {
    let level = tokio::task::spawn_blocking(|| level(Path::new(PROGRAM))).await.expect("no panic").expect("can be tried");

    assert!(level.marker_scan, "{level}");
    let said = level.to_string();
    assert!(said.contains("nothing that it started is left") && said.contains("(tried: works)"), "{said}");
}

async fn sweep(house: &House) -> Vec<Ended> {
    let runtime = house.dir.path().to_owned();
    tokio::task::spawn_blocking(move || emergency(&runtime, Duration::from_millis(700))).await.expect("no panic").expect("can be read")
}
