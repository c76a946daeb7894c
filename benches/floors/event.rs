//! From a slash command's arrival to the first instruction of its agent, over one fdatasync and one spawn of the same program.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use orchestrator_sandbox::Limits;
use serde_json::json;

use crate::{
    Effort, cpu,
    noop::Programs,
    ratio::{Row, Target, median},
    service::{Service, on_disk},
};

const TASKS_PER_ROUND: u32 = 12;
const PATIENCE: Duration = Duration::from_secs(20);

pub async fn measure(effort: Effort) -> Vec<Row> {
    const FIGURE: &str = "slash command -> its agent's first instruction, p50 / (fdatasync + spawn)";
    let folder = on_disk();
    let programs = Programs::make(folder.path());
    let Some(stamp) = programs.stamp else { return vec![Row::absent(FIGURE, "no C compiler here", Some(Target::AtMost(2.0)))] };
    let mut service = Service::prepare(Limits::Off, &stamp).await;
    service.start();
    service.online().await;
    registered(&service).await;
    let mut disk = File::create(service.dir.path().join("floor")).expect("a file");
    let (mut floor, mut ours) = (Vec::new(), Vec::new());
    let mut known = Vec::new();
    for _ in 0..effort.rounds {
        for _ in 0..TASKS_PER_ROUND {
            floor.push(raw(&mut disk, &stamp));
            ours.push(asked(&service, &mut known).await);
        }
    }
    vec![Row::ratio(FIGURE, median(ours), median(floor), "us", Some(Target::AtMost(2.0)))]
}

/// Waits until the bot has told Discord which commands it has.
async fn registered(service: &Service) {
    let has_commands = service.sandbox.wait_until(|world| world.commands().any(|command| command["name"] == "task"), PATIENCE);
    has_commands.await.expect("the commands are registered");
    tokio::time::sleep(Duration::from_secs(1)).await;
}

/// One slash command; how many microseconds later its agent began.
async fn asked(service: &Service, known: &mut Vec<String>) -> f64 {
    let asked_at = cpu::monotonic_nanos();
    let options = json!([{"name": "text", "type": 3, "value": "Say when."}]);
    service.sandbox.person("admin").command("task-queue", "task", &options).expect("the local Discord takes the command");
    let began = async {
        loop {
            if let Some(began) = stamp_in(&service.dir.path().join("workers"), known) {
                return began;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let began = tokio::time::timeout(PATIENCE, began).await.expect("the agent begins");
    // Its result and notices are posted before the next one is measured.
    tokio::time::sleep(Duration::from_millis(50)).await;
    (began - asked_at) as f64 / 1e3
}

/// The time that the agent of a workspace which is not known yet has written down.
fn stamp_in(workers: &Path, known: &mut Vec<String>) -> Option<u64> {
    for workspace in std::fs::read_dir(workers).ok()?.flatten() {
        let name = workspace.file_name().to_string_lossy().into_owned();
        if known.contains(&name) {
            continue;
        }
        let tasks = std::fs::read_dir(workspace.path().join("tasks")).ok()?.flatten();
        let logs = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("agent-output.log")).ok());
        let stamps = logs.filter_map(|log| log.lines().find_map(|line| line.strip_prefix("at ")?.parse().ok()));
        if let Some(stamp) = stamps.into_iter().next() {
            known.push(name);
            return Some(stamp);
        }
    }
    None
}

#[expect(clippy::disallowed_methods, reason = "the floor is a spawn without us")]
fn raw(disk: &mut File, stamp: &Path) -> f64 {
    let started_at = cpu::monotonic_nanos();
    disk.write_all(&[7; 4096]).expect("room");
    disk.sync_data().expect("a disk");
    let mut child = Command::new(stamp).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut said = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut said).expect("reads");
    child.wait().expect("it ends");
    let began: u64 = said.trim().strip_prefix("at ").and_then(|nanos| nanos.parse().ok()).expect("a time");
    (began - started_at) as f64 / 1e3
}
