//! Ten agents run while the service is killed, upgraded, and restarted as systemd does it.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use orchestrator_sandbox::Snowflake;
use serde_json::json;

use super::{all_succeeded_once, another, attendant_of, go, leader_of, nursery, say_simple, say_waiting, signal};
use crate::world::{Founding, PATIENCE, World};

const TEN: usize = 10;

async fn ten_run(world: &World) -> Vec<Snowflake> {
    let tasks: Vec<_> = (0..TEN).map(|_| say_waiting(world)).collect();
    world.until("ten run", |world| world.runs().len() == TEN).await;
    tasks
}

/// All go on to their end, and one that comes later too.
async fn all_end_well(mut world: World, mut tasks: Vec<Snowflake>) {
    world.start_bot();
    world.wait_until_online().await;
    let early = world.log().matches("INTERRUPTED").count();
    assert!(tasks.iter().all(|task| world.count_entries(*task) == 0) && early == 0, "{}", world.log());
    go(&world);
    tasks.push(say_simple(&world));
    world.all_entries(&tasks, PATIENCE).await;
    for task in &tasks {
        world.marked(*task, "🏁").await;
    }
    all_succeeded_once(&world, &tasks);
    world.finish().await;
}

fn founding() -> Founding {
    Founding::new().config("caps.max_concurrent", json!(TEN + 1))
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_agents_go_on_while_the_service_is_killed_three_times() {
    let mut world = founding().start().await;
    let tasks = ten_run(&world).await;
    for _ in 0..2 {
        world.kill_bot();
        world.start_bot();
        world.wait_until_online().await;
    }
    world.kill_bot();
    all_end_well(world, tasks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_agents_go_on_while_the_service_and_its_nursery_are_killed() {
    let mut world = founding().start().await;
    let tasks = ten_run(&world).await;
    let nursery = nursery(&world);
    world.kill_bot();
    signal(nursery, "KILL");
    all_end_well(world, tasks).await;
}

/// The program at a place of the world's own, where it can be replaced.
fn install(world: &World) {
    let (fresh, place) = (world.dir().join("program.new"), world.dir().join("program"));
    fs::copy(env!("CARGO_BIN_EXE_orchestrator"), &fresh).expect("a copy");
    fs::set_permissions(&fresh, fs::Permissions::from_mode(0o755)).expect("can be run");
    fs::rename(&fresh, &place).expect("in its place");
}

fn installed(world: &World) -> Command {
    let usual = world.command(&["run"]);
    let mut command = another(world.dir().join("program"));
    command.args(usual.get_args()).current_dir(world.dir()).env_clear().stdin(std::process::Stdio::null());
    command.envs(usual.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_agents_go_on_while_the_program_is_replaced_and_restarted() {
    let mut world = founding().silent().await;
    install(&world);
    let old = installed(&world);
    world.start_bot_as(old);
    world.wait_until_online().await;
    let mut tasks = ten_run(&world).await;

    install(&world);
    // The old one, whose file is gone from its place, goes on starting agents; with a new nursery too.
    signal(nursery(&world), "KILL");
    let meanwhile = say_simple(&world);
    world.entry(meanwhile).await;
    tasks.push(meanwhile);
    assert_eq!(world.stop_bot(), 0);
    let new = installed(&world);
    world.start_bot_as(new);
    world.wait_until_online().await;

    go(&world);
    world.all_entries(&tasks, PATIENCE).await;
    all_succeeded_once(&world, &tasks);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_agents_go_on_over_a_restart_that_systemd_had_to_force() {
    // KillMode=process: SIGTERM to the main process alone, SIGKILL to it alone after TimeoutStopSec; then the start.
    let mut world = founding().start().await;
    let tasks = ten_run(&world).await;
    let main = i32::try_from(world.bot_process()).expect("a process number");
    signal(main, "STOP");
    signal(main, "TERM");
    world.kill_bot();
    all_end_well(world, tasks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_the_attendant_or_the_agent_killed_for_want_of_memory_costs_no_more_than_itself() {
    let mut world = founding().start().await;
    let [by_service, by_attendant, by_child] = [say_waiting(&world), say_waiting(&world), say_waiting(&world)];
    let tasks = [by_service, by_attendant, by_child];
    world.until("three run", |world| world.runs().len() == 3).await;
    let attendant = attendant_of(&world, by_attendant);

    signal(leader_of(&world, by_child), "KILL");
    signal(attendant, "KILL");
    let child = world.entry(by_child).await;
    let lost = world.entry(by_attendant).await;
    world.kill_bot();
    world.start_bot();
    world.wait_until_online().await;
    go(&world);
    let adopted = world.entry(by_service).await;

    assert!(child.content.starts_with("**[FAILED]**") && child.content.contains("signal 9"), "{}", child.content);
    assert!(lost.content.starts_with("**[INTERRUPTED]**"), "{}", lost.content);
    assert!(adopted.content.starts_with("**[SUCCESS]**"), "{}", adopted.content);
    for task in tasks {
        assert_eq!(world.count_entries(task), 1);
    }
    world.marked(by_service, "🏁").await;
    world.finish().await;
}

#[test]
fn systemd_takes_the_unit_as_it_is_written() {
    let Ok(there) = another("systemd-analyze").arg("--version").output() else {
        eprintln!("LEFT OUT: there is no systemd-analyze on this machine");
        return;
    };
    assert!(there.status.success());
    let folder = tempfile::tempdir().expect("a folder");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("bin-scripts/install-systemd.sh");
    let unit = another(script)
        .args(["--print", "--system", "--dir"])
        .arg(folder.path())
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_BIN_EXE_orchestrator")).parent().and_then(Path::parent).expect("a target folder"))
        .output()
        .expect("the script runs");
    let text = String::from_utf8_lossy(&unit.stdout).into_owned();
    for line in ["KillMode=process", "Delegate=yes", "OOMPolicy=continue", "Restart=always"] {
        assert!(text.lines().any(|found| found == line), "`{line}` is not in {text}");
    }
    let file = folder.path().join("orchestrator.service");
    fs::write(&file, &unit.stdout).expect("a unit");

    let verified = another("systemd-analyze").args(["verify", "--man=no"]).arg(&file).output().expect("it runs");

    let said = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success() && !said.contains("orchestrator.service:"), "{said}");
}
