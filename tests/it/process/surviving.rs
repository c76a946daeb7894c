//! Each of the processes killed in turn: the orchestrator, the attendant, the nursery, and both of the latter.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use orchestrator_core::{
    domain::id::AttemptId,
    ports::agent_runner::{AgentRunner, Cause, Ending, Exit, Standing, StopReason},
};

use super::house::{House, agent_in, is_alive, kill, marked, nursery_of, parent_of, runner_in, until};

/// The leader, a tool in its own session and a daemon; all have written a file when they are there.
const TREE: &str = "
    setsid sh -c 'echo $$ > tool; exec sleep 600' &
    (setsid sh -c 'echo $$ > daemon; exec sleep 600' &)
    echo $$ > leader
    while :; do sleep 0.05; done";

/// Where the host's test finds its folder; see the test below that is ignored.
const HOST_FOLDER: &str = "IT_PROCESS_HOST_FOLDER";

#[tokio::test]
async fn an_agent_outlives_its_orchestrator_and_a_new_one_gets_its_end() {
    let mut house = House::new();
    house.make_fifo("fifo");
    let spec = house.agent("echo $$ > pid; read forever < fifo; echo done; exit 6");
    house.launch(&spec).await;
    let leader = house.pid("pid").await;

    house.restart();

    assert!(is_alive(leader));
    assert_eq!(house.runner.remembered().await, [spec.attempt]);
    assert_eq!(house.runner.standing(spec.attempt).await, Standing::Running);
    fs::write(house.path("fifo"), "\n").expect("lets it go");
    let record = house.recorded(spec.attempt).await;
    assert_eq!((record.exit, record.cause), (Exit::Code(6), Cause::Itself));
    assert_eq!(house.read("agent.log"), "done\n");
    house.finish();
}

#[tokio::test]
async fn an_agent_that_ended_while_nobody_watched_is_found_ended() {
    let mut house = House::new();
    let spec = house.agent("exit 6");
    house.launch(&spec).await;
    house.restart();
    let folder = house.attempt_folder(spec.attempt);
    until("the end is recorded", || fs::read_to_string(folder.join("control")).is_ok_and(|lines| lines.contains("\"ended\""))).await;

    let record = house.recorded(spec.attempt).await;

    assert_eq!(record.exit, Exit::Code(6));
    assert_eq!(house.runner.standing(spec.attempt).await, Standing::Ended(Ending::Recorded(record)));
    house.finish();
}

#[tokio::test]
async fn a_new_orchestrator_can_stop_what_an_earlier_one_has_started() {
    let mut house = House::new();
    let spec = house.agent(TREE);
    house.launch(&spec).await;
    for file in ["leader", "tool", "daemon"] {
        house.pid(file).await;
    }

    house.restart();
    house.runner.stop(spec.attempt, StopReason::Shutdown).await;

    let record = house.recorded(spec.attempt).await;
    assert_eq!((record.exit, record.cause), (Exit::Signal(libc::SIGTERM), Cause::Stopped));
    house.finish();
}

#[tokio::test]
async fn the_time_limit_holds_while_no_orchestrator_lives() {
    let mut house = House::new();
    let mut spec = house.agent("sleep 600");
    spec.time_limit = Duration::from_millis(300);
    house.launch(&spec).await;

    house.runner = runner_in(&house.path("another-house"));
    house.is_empty().await;

    house.restart();
    assert_eq!(house.recorded(spec.attempt).await.cause, Cause::TimeLimit);
    house.finish();
}

#[tokio::test]
async fn an_orchestrator_that_is_killed_takes_no_agent_with_it() {
    let house = House::new();
    let (mut host, attempt) = start_host(&house);
    let leader = house.pid("leader").await;
    let nursery = nursery_of(leader);
    assert_eq!(parent_of(nursery), i32::try_from(host.id()).expect("a process's number"));

    host.kill().expect("is killed");
    host.wait().expect("is reaped");

    assert_eq!(house.runner.standing(attempt).await, Standing::Running);
    assert!(is_alive(leader));
    house.runner.stop(attempt, StopReason::Cancelled).await;
    assert_eq!(house.recorded(attempt).await.cause, Cause::Stopped);
    assert!(marked(attempt).is_empty());
    until("the nursery has ended, having nothing to do", || !is_alive(nursery)).await;
    house.finish();
}

#[tokio::test]
#[ignore = "not a test: the process that the test above starts, and kills"]
async fn a_host_that_launches_and_waits_to_be_killed() {
    #[expect(clippy::disallowed_methods, reason = "the only way to tell a test anything")]
    let Some(folder) = std::env::var_os(HOST_FOLDER).map(PathBuf::from) else { return };
    let (runner, spec) = (runner_in(&folder), agent_in(&folder, TREE));
    runner.launch(&spec).await.expect("starts");
    println!("\nlaunched {}", spec.attempt);
    std::future::pending::<()>().await;
}

#[expect(clippy::disallowed_methods, reason = "starts this test program a second time, to be killed")]
fn start_host(house: &House) -> (std::process::Child, AttemptId) {
    let mut host = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "--ignored", "--nocapture", "process::surviving::a_host_that_launches_and_waits_to_be_killed"])
        .env(HOST_FOLDER, house.dir.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    let lines = BufReader::new(host.stdout.take().expect("a pipe")).lines();
    let launched = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("launched ")?.parse().ok());
    (host, launched.expect("the host launches"))
}

#[tokio::test]
async fn nothing_of_an_attempt_is_left_when_its_attendant_is_killed() {
    let house = House::new();
    let spec = house.agent(TREE);
    house.launch(&spec).await;
    let tool = house.pid("tool").await;
    let daemon = house.pid("daemon").await;
    let leader = house.pid("leader").await;

    kill(parent_of(leader), libc::SIGKILL);

    assert_eq!(house.ending(spec.attempt).await, Ending::Lost);
    assert!([tool, daemon, leader].into_iter().all(|pid| !is_alive(pid)));
    assert_eq!(house.runner.standing(spec.attempt).await, Standing::Ended(Ending::Lost));
    house.finish();
}

#[tokio::test]
async fn an_agent_that_kills_its_attendant_gains_nothing_by_it() {
    let house = House::new();
    let spec =
        house.agent("setsid sh -c 'echo $$ > tool; exec sleep 600' & until [ -s tool ]; do :; done; kill -KILL $PPID; exec sleep 600");
    house.launch(&spec).await;
    let tool = house.pid("tool").await;

    assert_eq!(house.ending(spec.attempt).await, Ending::Lost);

    assert!(!is_alive(tool));
    house.finish();
}

#[tokio::test]
async fn the_nursery_ends_what_a_killed_attendant_leaves_although_the_orchestrator_is_dead_and_markers_are_gone() {
    let mut house = House::new();
    let spec = house.agent("setsid env -i /bin/sh -c 'echo $$ > tool; exec sleep 600' & echo $$ > leader; while :; do sleep 0.05; done");
    house.launch(&spec).await;
    let (tool, leader) = (house.pid("tool").await, house.pid("leader").await);
    house.runner = runner_in(&house.path("another-house"));

    kill(parent_of(leader), libc::SIGKILL);

    until("tool and leader are dead", || !is_alive(tool) && !is_alive(leader)).await;
    house.restart();
    assert_eq!(house.ending(spec.attempt).await, Ending::Lost);
    house.finish();
}

#[tokio::test]
async fn a_killed_nursery_costs_no_attempt_and_the_next_launch_starts_another() {
    let house = House::new();
    house.make_fifo("fifo");
    let first = house.agent("echo $$ > pid; read forever < fifo; exit 8");
    house.launch(&first).await;
    let nursery = nursery_of(house.pid("pid").await);

    kill(nursery, libc::SIGKILL);
    let second = house.run(&house.agent("exit 9")).await;
    fs::write(house.path("fifo"), "\n").expect("lets it go");

    assert_eq!(second.exit, Exit::Code(9));
    assert_eq!(house.recorded(first.attempt).await.exit, Exit::Code(8));
    house.finish();
}

#[tokio::test]
async fn a_nursery_that_dies_with_a_launch_takes_nothing_of_what_its_agent_needs() {
    let house = House::new();
    house.make_fifo("fifo");
    let first = house.agent("echo $$ > pid; read forever < fifo");
    house.launch(&first).await;
    let nursery = nursery_of(house.pid("pid").await);
    let second = house.agent("exit 9");
    let folder = house.attempt_folder(second.attempt);
    fs::create_dir_all(folder.join("tmp")).expect("its TMPDIR");
    fs::write(folder.join("tmp/prompt"), "do it").expect("a file that it is to read");

    // It has the request, and will never answer it.
    kill(nursery, libc::SIGSTOP);
    tokio::join!(house.launch(&second), async {
        until("the launch is asked for", || folder.join("control").exists()).await;
        kill(nursery, libc::SIGKILL);
    });

    assert_eq!(house.recorded(second.attempt).await.exit, Exit::Code(9));
    assert_eq!(fs::read_to_string(folder.join("tmp/prompt")).expect("it is there"), "do it");
    fs::write(house.path("fifo"), "\n").expect("lets it go");
    house.recorded(first.attempt).await;
    house.finish();
}

#[tokio::test]
async fn nursery_and_attendant_killed_at_once_leave_nothing_that_carries_the_marker() {
    let mut house = House::new();
    let spec = house.agent(TREE);
    house.launch(&spec).await;
    for file in ["tool", "daemon"] {
        house.pid(file).await;
    }
    let attendant = parent_of(house.pid("leader").await);

    kill(parent_of(attendant), libc::SIGKILL);
    kill(attendant, libc::SIGKILL);
    house.restart();

    assert_eq!(house.ending(spec.attempt).await, Ending::Lost);
    house.finish();
}

#[tokio::test]
async fn a_record_that_was_torn_counts_as_absent() {
    let mut house = House::new();
    let spec = house.agent("exit 0");
    house.run(&spec).await;
    let control = house.attempt_folder(spec.attempt).join("control");
    let whole = fs::read(&control).expect("reads");

    fs::write(&control, &whole[..whole.len() - 4]).expect("tears the last line");
    house.restart();

    assert_eq!(house.runner.standing(spec.attempt).await, Standing::Ended(Ending::Lost));
    house.finish();
}

#[tokio::test]
async fn after_the_machine_went_down_an_attempt_without_a_sign_of_life_counts_as_lost() {
    let mut house = House::new();
    house.run(&house.agent("true")).await;
    let unknown = house.agent("true");
    fs::write(house.path("attempts/boot"), "another boot\n").expect("writes");

    house.restart();

    assert_eq!(house.runner.standing(unknown.attempt).await, Standing::Ended(Ending::Lost));
    house.run(&house.agent("true")).await;
    assert_eq!(house.runner.standing(house.agent("true").attempt).await, Standing::NeverStarted);
    house.finish();
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "looks from another pid namespace, as another container would")]
async fn an_attempt_that_is_held_in_another_pid_namespace_is_left_alone() {
    let house = House::new();
    let spec = house.agent("echo $$ > pid; sleep 600");
    house.launch(&spec).await;
    house.pid("pid").await;
    let permitted =
        |with_user: &str| Command::new("unshare").args([with_user, "--fork", "true"]).status().is_ok_and(|status| status.success());
    let Some(how) = ["--pid", "-Up"].into_iter().find(|how| permitted(how)) else { return };

    let host = Command::new("unshare")
        .args([how, "--fork"])
        .arg(std::env::current_exe().expect("this program"))
        .args(["--exact", "--ignored", "--nocapture", "process::surviving::a_host_that_looks_from_elsewhere"])
        .env(HOST_FOLDER, house.attempt_folder(spec.attempt))
        .output()
        .expect("looks");

    let said = String::from_utf8_lossy(&host.stdout);
    assert!(said.contains("stands HeldElsewhere"), "{said}");
    house.runner.stop(spec.attempt, StopReason::Cancelled).await;
    house.recorded(spec.attempt).await;
    house.finish();
}

#[tokio::test]
#[ignore = "not a test: the process that the test above starts in another pid namespace"]
async fn a_host_that_looks_from_elsewhere() {
    #[expect(clippy::disallowed_methods, reason = "the only way to tell a test anything")]
    let Some(folder) = std::env::var_os(HOST_FOLDER).map(PathBuf::from) else { return };
    let attempt = folder.file_name().and_then(|name| name.to_str()?.parse().ok()).expect("an attempt's folder");
    let runtime = folder.ancestors().nth(2).expect("a runtime folder");
    println!("\nstands {:?}", runner_in(runtime).standing(attempt).await);
}
