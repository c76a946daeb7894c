//! Agents that must be ended, and all that they have started.

use std::time::{Duration, Instant};

use orchestrator_core::ports::agent_runner::{AgentRunner, Cause, Exit, StopReason};

use super::house::{House, marked, until};

/// A tool in a session of its own, a double-forked daemon and a foreground child, all deaf to TERM; `ready` says when they are there.
const WIDE_TREE: &str = "
    $SIG{TERM} = $SIG{HUP} = $SIG{INT} = 'IGNORE';
    use POSIX 'setsid';
    unless (fork) { setsid; sleep 600; exit }
    unless (fork) { setsid; unless (fork) { setsid; unless (fork) { sleep 600; exit } sleep 600; exit } exit }
    unless (fork) { sleep 600; exit }
    sleep 600 while 1;";

/// Processes of [`WIDE_TREE`]: leader, tool, daemon, its child, foreground child. The daemon's parent is gone.
const WIDE_TREE_SIZE: usize = 5;

#[tokio::test]
async fn an_agent_that_outlives_its_time_limit_is_asked_to_end() {
    let house = House::new();
    let mut spec = house.agent("trap 'echo asked; exit 7' TERM; echo ready; while :; do sleep 0.01; done");
    spec.time_limit = Duration::from_millis(500);

    let record = house.run(&spec).await;

    assert_eq!((record.exit, record.cause), (Exit::Code(7), Cause::TimeLimit));
    assert_eq!(house.read("agent.log"), "ready\nasked\n");
    assert!(record.ended_at - record.started_at >= chrono::TimeDelta::milliseconds(500));
    house.finish();
}

#[tokio::test]
async fn an_agent_that_prints_nothing_for_too_long_is_asked_to_end() {
    let house = House::new();
    let mut spec = house.agent("trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done");
    spec.stall_limit = Some(Duration::from_millis(400));

    let record = house.run(&spec).await;

    assert_eq!((record.exit, record.cause), (Exit::Code(7), Cause::Stalled { quiet_ms: 400 }));
    assert!(record.ended_at - record.started_at >= chrono::TimeDelta::milliseconds(400));
    house.finish();
}

#[tokio::test]
async fn an_agent_that_is_heard_now_and_then_is_never_silent_for_too_long() {
    let house = House::new();
    // Its log is full at once: what is heard counts, not what is kept.
    let mut spec = house.agent("for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do echo $n >&2; sleep 0.2; done");
    (spec.stall_limit, spec.log_limit) = (Some(Duration::from_millis(2_500)), 10);

    let record = house.run(&spec).await;

    assert_eq!((record.exit, record.cause), (Exit::Code(0), Cause::Itself));
    assert!(record.ended_at - record.started_at >= chrono::TimeDelta::milliseconds(2_500), "it ran for longer than it may be silent");
    house.finish();
}

#[tokio::test]
async fn an_agent_that_ignores_the_soft_stop_is_killed_after_the_grace() {
    let house = House::new();
    let mut spec = house.agent("trap '' TERM; echo $$ > pid; while :; do sleep 0.01; done");
    spec.grace = Duration::from_millis(300);
    house.launch(&spec).await;
    house.pid("pid").await;

    let asked_at = Instant::now();
    house.runner.stop(spec.attempt, StopReason::Cancelled).await;
    let record = house.recorded(spec.attempt).await;

    assert_eq!((record.exit, record.cause), (Exit::Signal(libc::SIGKILL), Cause::Stopped));
    assert!(asked_at.elapsed() >= spec.grace);
    assert_eq!(house.runner.stop_reason(spec.attempt).await, Some(StopReason::Cancelled));
    house.finish();
}

#[tokio::test]
async fn the_soft_stop_is_the_signal_that_the_agent_understands() {
    let house = House::new();
    let mut spec = house.agent("trap 'exit 9' INT; echo $$ > pid; while :; do sleep 0.01; done");
    spec.soft_signal = libc::SIGINT;
    house.launch(&spec).await;
    house.pid("pid").await;

    house.runner.stop(spec.attempt, StopReason::OverBudget).await;

    assert_eq!(house.recorded(spec.attempt).await.exit, Exit::Code(9));
    house.finish();
}

#[tokio::test]
async fn asking_twice_does_not_shorten_the_grace() {
    let house = House::new();
    let spec = house.agent("trap 'echo asked > asked; sleep 0.5; exit 5' TERM; echo $$ > pid; while :; do sleep 0.01; done");
    house.launch(&spec).await;
    house.pid("pid").await;

    house.runner.stop(spec.attempt, StopReason::Cancelled).await;
    house.said("asked").await;
    house.runner.stop(spec.attempt, StopReason::Shutdown).await;

    assert_eq!(house.recorded(spec.attempt).await.exit, Exit::Code(5));
    house.finish();
}

#[tokio::test]
async fn tools_in_sessions_of_their_own_and_daemons_are_ended_with_the_agent() {
    let house = House::new();
    let mut spec = house.perl_agent(WIDE_TREE);
    spec.grace = Duration::from_millis(100);
    house.launch(&spec).await;
    until("the tree stands", || marked(spec.attempt).len() == WIDE_TREE_SIZE).await;

    house.runner.stop(spec.attempt, StopReason::Cancelled).await;
    let record = house.recorded(spec.attempt).await;

    assert_eq!((record.exit, record.unkillable), (Exit::Signal(libc::SIGKILL), 0));
    assert!(record.swept >= 4, "{record:?}");
    house.finish();
}

#[tokio::test]
async fn a_daemon_that_holds_the_output_open_does_not_keep_the_attempt_alive() {
    let house = House::new();
    let spec =
        house.agent("setsid sh -c 'echo $$ > daemon; while :; do echo noise; sleep 0.01; done' & until [ -s daemon ]; do :; done; exit 0");

    let record = house.run(&spec).await;

    assert_eq!((record.exit, record.cause), (Exit::Code(0), Cause::Itself));
    assert!(record.swept >= 1);
    house.finish();
}

#[tokio::test]
async fn a_tree_that_grows_again_as_fast_as_it_can_up_to_its_bound_is_ended_whole() {
    let house = House::new();
    // Four children each, four deep, deaf to TERM, each in a session of its own; whatever dies is put back at once.
    let mut spec = house.perl_agent(
        "use POSIX qw(setsid :sys_wait_h); $SIG{TERM} = $SIG{HUP} = $SIG{INT} = 'IGNORE';
        sub grow {
            my $depth = shift; my $kids = 0; setsid;
            while (1) {
                $kids-- while waitpid(-1, WNOHANG) > 0;
                if ($depth && $kids < 4) { my $pid = fork; grow($depth - 1) if defined $pid && !$pid; $kids++ if $pid }
                else { select(undef, undef, undef, 0.001) }
            }
        }
        grow(4);",
    );
    spec.grace = Duration::from_millis(100);
    house.launch(&spec).await;
    until("it has grown", || marked(spec.attempt).len() > 250).await;

    house.runner.stop(spec.attempt, StopReason::Cancelled).await;

    let record = house.recorded(spec.attempt).await;
    assert!(record.swept >= 4 && record.unkillable == 0, "{record:?}");
    house.finish();
}

#[tokio::test]
async fn processes_that_fork_and_exit_for_ever_are_caught() {
    let house = House::new();
    let chains = "use POSIX 'setsid'; $| = 1;
        for (1..8) { next if fork; while (1) { exit if fork; setsid } }
        print qq(ready\\n); sleep 600";
    let mut spec = house.perl_agent(chains);
    spec.grace = Duration::from_millis(100);
    house.launch(&spec).await;
    until("the chains run", || house.read("agent.log") == "ready\n").await;

    house.runner.stop(spec.attempt, StopReason::Cancelled).await;
    let record = house.recorded(spec.attempt).await;

    assert_eq!(record.unkillable, 0, "{record:?}");
    house.finish();
}

#[tokio::test]
async fn an_agent_that_closes_its_output_and_lives_on_meets_its_time_limit() {
    let house = House::new();
    let mut spec = house.agent("exec >&- 2>&-; sleep 600");
    spec.time_limit = Duration::from_millis(300);

    let record = house.run(&spec).await;

    assert_eq!((record.exit, record.cause), (Exit::Signal(libc::SIGTERM), Cause::TimeLimit));
    house.finish();
}

#[tokio::test]
async fn an_agent_that_floods_its_output_still_meets_its_time_limit() {
    let house = House::new();
    let mut spec = house.agent("trap '' TERM; yes & yes >&2 & while :; do :; done");
    spec.time_limit = Duration::from_millis(300);
    spec.grace = Duration::from_millis(100);

    let record = house.run(&spec).await;

    assert_eq!((record.exit, record.cause), (Exit::Signal(libc::SIGKILL), Cause::TimeLimit));
    assert!(house.read("agent.log").len() <= 1_000_000);
    house.finish();
}

#[tokio::test]
async fn stopping_what_has_ended_or_never_ran_does_nothing() {
    let house = House::new();
    let (ended, never) = (house.agent("exit 4"), house.agent("true"));
    let record = house.run(&ended).await;

    house.runner.stop(ended.attempt, StopReason::Cancelled).await;
    house.runner.stop(never.attempt, StopReason::Cancelled).await;

    assert_eq!(house.recorded(ended.attempt).await, record);
    assert_eq!(house.runner.stop_reason(ended.attempt).await, None);
    assert_eq!(house.run(&never).await.exit, Exit::Code(0));
    house.finish();
}
