//! CPU per attempt through nursery and attendant, over a raw spawn of the same program.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use discord_orchestrator::adapters::process::ProcessRunner;
use orchestrator_core::{
    domain::id::AttemptId,
    ports::agent_runner::{AgentRunner as _, LaunchSpec},
};

use crate::ratio::{Figure, cpu_seconds, median};

const PER_ROUND: u32 = 200;
const ROUNDS: u32 = 5;

pub async fn measure() -> Vec<Figure> {
    let folder = tempfile::tempdir().expect("a folder");
    let runner = ProcessRunner::new(folder.path()).expect("a runner");
    let (mut raw, mut ours) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        raw.push(raw_round());
        ours.push(our_round(&runner, folder.path(), round).await);
    }
    let (raw, ours) = (median(raw), median(ours));
    vec![Figure {
        name: format!("CPU per attempt / raw spawn (n={})", PER_ROUND * ROUNDS),
        ours: format!("{ours:.2} ms"),
        floor: format!("{raw:.2} ms"),
        ratio: Some(ours / raw),
        target: "<= 4",
    }]
}

#[expect(clippy::disallowed_methods, reason = "the floor is a spawn without us")]
fn raw_round() -> f64 {
    let before = cpu_seconds(std::process::id());
    for _ in 0..PER_ROUND {
        let output = Command::new("/bin/true").stdin(Stdio::null()).output().expect("it runs");
        assert!(output.status.success());
    }
    (cpu_seconds(std::process::id()) - before) * 1_000.0 / f64::from(PER_ROUND)
}

async fn our_round(runner: &ProcessRunner, folder: &Path, round: u32) -> f64 {
    // Ours, the nursery's and, through it, the attendants' and agents'.
    let all = || cpu_seconds(std::process::id()) + nursery().map_or(0.0, cpu_seconds);
    let before = all();
    for n in 0..PER_ROUND {
        let mut chance = [0; 10];
        chance[..4].copy_from_slice(&(round * PER_ROUND + n).to_le_bytes());
        let attempt = AttemptId::from_parts(1_763_700_000_000, chance);
        runner.launch(&spec(folder, attempt)).await.expect("it starts");
        runner.wait(attempt).await;
        runner.forget(attempt).await;
    }
    (all() - before) * 1_000.0 / f64::from(PER_ROUND)
}

fn spec(folder: &Path, attempt: AttemptId) -> LaunchSpec {
    LaunchSpec {
        attempt,
        task: "1443021398234771496".parse().expect("an id"),
        fence: 1,
        program: "/bin/true".into(),
        args: Vec::new(),
        env: Vec::new(),
        cwd: folder.to_owned(),
        stdin: None,
        log: folder.join("log"),
        log_limit: 1 << 20,
        stdout: None,
        stdout_limit: 0,
        time_limit: Duration::from_secs(60),
        soft_signal: 15,
        grace: Duration::from_secs(1),
        durable: Vec::new(),
        file_size_limit: None,
    }
}

/// The child of ours that is called a nursery.
fn nursery() -> Option<u32> {
    let all = std::fs::read_dir("/proc").ok()?.flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()).find(|process| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
        parent == Some(std::process::id()) && stat.contains("nursery")
    })
}
