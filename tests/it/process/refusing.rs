//! At most one process tree per attempt, whoever is late, early or twice.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, thread, time::Duration};

use discord_orchestrator::adapters::process::ProcessRunner;
use orchestrator_core::ports::agent_runner::{AgentRunner, Exit, LaunchError, LaunchSpec, Standing, StopReason};

use super::house::{House, RawNursery, marked, until};

#[tokio::test]
async fn an_attempt_is_launched_once() {
    let house = House::new();
    let spec = house.agent("echo $$ >> pids; echo $$ > pid; sleep 600");
    house.launch(&spec).await;
    house.pid("pid").await;

    let running = house.runner.launch(&spec).await;
    house.runner.stop(spec.attempt, StopReason::Cancelled).await;
    house.recorded(spec.attempt).await;
    let ended = house.runner.launch(&spec).await;

    assert!(matches!(running, Err(LaunchError::Overtaken { .. })), "{running:?}");
    assert!(matches!(ended, Err(LaunchError::Overtaken { .. })), "{ended:?}");
    assert_eq!(house.read("pids").lines().count(), 1);
    house.finish();
}

#[tokio::test]
async fn a_second_attendant_on_an_attempt_refuses() {
    let house = House::new();
    let spec = house.agent("echo $$ >> pids; echo $$ > pid; sleep 600");
    house.launch(&spec).await;
    house.pid("pid").await;
    let other = RawNursery::start();

    other.ask(&house.attempt_folder(spec.attempt), spec.fence);

    assert_eq!(other.answer(), "held");
    house.runner.stop(spec.attempt, StopReason::Cancelled).await;
    house.recorded(spec.attempt).await;
    other.ask(&house.attempt_folder(spec.attempt), spec.fence);
    assert_eq!(other.answer(), "refused");
    assert_eq!(house.read("pids").lines().count(), 1);
    house.finish();
}

#[tokio::test]
async fn what_was_found_never_started_never_starts() {
    let house = House::new();
    let (asked, unasked) = (house.agent("echo $$ > pid"), house.agent("echo $$ > pid"));
    write_request(&house, &asked).await;

    assert_eq!(house.runner.standing(asked.attempt).await, Standing::NeverStarted);
    assert_eq!(house.runner.standing(unasked.attempt).await, Standing::NeverStarted);

    let late = RawNursery::start();
    late.ask(&house.attempt_folder(asked.attempt), asked.fence);
    assert_eq!(late.answer(), "refused");
    let launched = house.runner.launch(&unasked).await;
    assert!(matches!(launched, Err(LaunchError::Overtaken { .. })), "{launched:?}");
    assert!(!house.path("pid").exists());
    house.finish();
}

#[tokio::test]
async fn a_late_attendant_and_a_recovery_never_both_have_their_way() {
    let house = House::new();
    let nursery = RawNursery::start();
    let (mut started, mut refused) = (0, 0);
    for round in 0..60 {
        let spec = house.agent("sleep 600");
        write_request(&house, &spec).await;

        nursery.ask(&house.attempt_folder(spec.attempt), spec.fence);
        // The attendant needs a fraction of a millisecond; look before, while and after.
        if round % 4 > 0 {
            thread::sleep(Duration::from_micros(round * 10));
        }
        let standing = house.runner.standing(spec.attempt).await;
        let answer = nursery.answer();

        match standing {
            Standing::Running => {
                assert_eq!(answer, "started");
                started += 1;
                house.runner.stop(spec.attempt, StopReason::Cancelled).await;
                house.recorded(spec.attempt).await;
            }
            Standing::NeverStarted => {
                assert!(["held", "refused"].contains(&answer.as_str()), "{answer}");
                assert!(marked(spec.attempt).is_empty());
                refused += 1;
            }
            other => panic!("{other:?} while the attendant said {answer}"),
        }
    }
    assert!(started > 0 && refused > 0, "{started} started, {refused} refused: the race was not run");
    house.finish();
}

#[tokio::test]
async fn a_later_fence_overtakes_a_request_that_has_not_begun_and_not_the_other_way_round() {
    let house = House::new();
    let mut spec = house.agent("exit 5");
    spec.fence = 2;
    write_request(&house, &spec).await;
    let late = RawNursery::start();

    let mut earlier = spec.clone();
    earlier.fence = 1;
    for not_later in [&earlier, &spec] {
        let overtaken = house.runner.launch(not_later).await;
        assert!(matches!(overtaken, Err(LaunchError::Overtaken { .. })), "{overtaken:?}");
    }
    late.ask(&house.attempt_folder(spec.attempt), 1);
    assert_eq!(late.answer(), "refused");

    spec.fence = 3;
    assert_eq!(house.run(&spec).await.exit, Exit::Code(5));
    house.finish();
}

#[tokio::test]
async fn a_stop_that_comes_before_the_attendant_is_not_lost() {
    let house = House::new();
    let spec = house.agent("sleep 600");
    write_request(&house, &spec).await;

    house.runner.stop(spec.attempt, StopReason::Cancelled).await;

    let late = RawNursery::start();
    late.ask(&house.attempt_folder(spec.attempt), spec.fence);
    assert_eq!(late.answer(), "refused");
    house.finish();
}

#[tokio::test]
async fn a_nursery_that_dies_instead_of_answering_is_told_and_the_launch_can_be_tried_again() {
    let house = House::new();
    let spec = house.agent("exit 5");
    let broken = ProcessRunner::new(house.dir.path()).expect("a runner").with_nursery_program(PathBuf::from("/bin/false"));

    let error = broken.launch(&spec).await.expect_err("nobody launches");

    assert!(error.may_be_retried(), "{error}");
    assert_eq!(house.run(&spec).await.exit, Exit::Code(5));
    house.finish();
}

#[tokio::test]
async fn attempts_are_kept_where_only_this_user_can_look() {
    let house = House::new();
    let spec = house.agent("true");
    house.run(&spec).await;

    let mode = |path: PathBuf| fs::metadata(path).expect("is there").permissions().mode() & 0o777;
    assert_eq!(mode(house.attempt_folder(spec.attempt)), 0o700);
    assert_eq!(mode(house.attempt_folder(spec.attempt).join("control")), 0o600);
    assert_eq!(mode(house.path("attempts")), 0o700);
    house.finish();
}

/// Leaves the attempt as an orchestrator does that dies between its request and the first sign of life.
async fn write_request(house: &House, spec: &LaunchSpec) {
    // A nursery that takes requests and never answers.
    let deaf = house.path("deaf");
    if !deaf.exists() {
        fs::write(&deaf, "#!/bin/sh\nexec cat > /dev/null\n").expect("writes");
        fs::set_permissions(&deaf, fs::Permissions::from_mode(0o700)).expect("may be run");
    }
    let runner = ProcessRunner::new(house.dir.path()).expect("a runner").with_nursery_program(deaf);
    let control = house.attempt_folder(spec.attempt).join("control");
    tokio::select! {
        launched = runner.launch(spec) => panic!("nobody could have launched it: {launched:?}"),
        () = until("the request is written", || fs::read_to_string(&control).is_ok_and(|lines| lines.ends_with('\n'))) => {}
    }
}
