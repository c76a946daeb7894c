//! CPU per attempt through nursery and attendant, over a raw spawn of the same program.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use discord_orchestrator::adapters::process::{self, ProcessRunner};
use orchestrator_core::{
    domain::{hosts::Hosts, id::AttemptId},
    ports::agent_runner::{AgentRunner as _, LaunchSpec, Walls},
};

use crate::{
    Effort, cpu,
    noop::Programs,
    ratio::{Row, Target, median},
};

const PER_ROUND: u32 = 200;

pub async fn measure(effort: Effort) -> Vec<Row> {
    let mut rows = Vec::new();
    for (place, folder) in [("in memory", tempfile::tempdir_in("/dev/shm")), ("on disk", tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")))]
    {
        let Ok(folder) = folder else {
            rows.push(Row::absent(format!("CPU per attempt {place} / raw spawn"), "no such place here", None));
            continue;
        };
        let programs = Programs::make(folder.path());
        let runner = ProcessRunner::new(folder.path()).expect("a runner");
        // The first one starts the nursery.
        our_round(&runner, folder.path(), &programs.noop, u32::MAX / PER_ROUND - 1, &Walls::default()).await;
        let (mut raw, mut ours) = (Vec::new(), Vec::new());
        for round in 0..effort.rounds {
            raw.push(raw_round(&programs.noop));
            ours.push(our_round(&runner, folder.path(), &programs.noop, round, &Walls::default()).await);
        }
        let figure = format!("CPU per attempt / raw spawn, control files {place}");
        if place == "in memory" {
            rows.push(behind_gate(&runner, folder.path(), &programs.noop, effort).await);
        }
        let target = (place == "in memory").then_some(Target::AtMost(4.0));
        rows.push(Row::ratio(figure, median(ours), median(raw), "ms", target));
    }
    rows
}

#[expect(clippy::disallowed_methods, reason = "the floor is a spawn without us")]
fn raw_round(program: &Path) -> f64 {
    let before = cpu::own();
    for _ in 0..PER_ROUND {
        let mut child = Command::new(program).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut said = Vec::new();
        child.stdout.take().expect("a pipe").read_to_end(&mut said).expect("reads");
        assert!(child.wait().expect("it ends").success());
    }
    cpu::own().saturating_sub(before).as_secs_f64() * 1_000.0 / f64::from(PER_ROUND)
}

/// Wall time of an attempt whose agent reaches named hosts alone, beside one that reaches all.
async fn behind_gate(runner: &ProcessRunner, folder: &Path, program: &Path, effort: Effort) -> Row {
    let figure = "wall time of an attempt with `network.hosts` / without";
    if !process::offered().namespaces {
        return Row::absent(figure, "this machine permits no namespaces", None);
    }
    let hosts = Hosts(vec!["api.example.org".parse().expect("a host")]);
    let walled = Walls { hosts: Some(hosts), ..Walls::default() };
    let (mut open, mut gated) = (Vec::new(), Vec::new());
    for round in 0..effort.rounds {
        for (walls, measured, number) in [(&Walls::default(), &mut open, 1_000), (&walled, &mut gated, 2_000)] {
            let began = Instant::now();
            our_round(runner, folder, program, number + round, walls).await;
            measured.push(began.elapsed().as_secs_f64() * 1_000.0 / f64::from(PER_ROUND));
        }
    }
    Row::ratio(figure, median(gated), median(open), "ms", None)
}

async fn our_round(runner: &ProcessRunner, folder: &Path, program: &Path, round: u32, walls: &Walls) -> f64 {
    let before = cpu::with_nurseries();
    for n in 0..PER_ROUND {
        let mut chance = [0; 10];
        chance[..4].copy_from_slice(&(round * PER_ROUND + n).to_le_bytes());
        let attempt = AttemptId::from_parts(1_763_700_000_000, chance);
        runner.launch(&LaunchSpec { walls: walls.clone(), ..spec(folder, attempt, program.to_owned()) }).await.expect("it starts");
        runner.wait(attempt).await;
        runner.forget(attempt).await;
    }
    cpu::with_nurseries().saturating_sub(before).as_secs_f64() * 1_000.0 / f64::from(PER_ROUND)
}

fn spec(folder: &Path, attempt: AttemptId, program: PathBuf) -> LaunchSpec {
    LaunchSpec {
        attempt,
        task: "1443021398234771496".parse().expect("an id"),
        fence: 1,
        program,
        args: Vec::new(),
        env: Vec::new(),
        cwd: folder.to_owned(),
        stdin: None,
        log: folder.join("log"),
        log_limit: 1 << 20,
        stdout: None,
        stdout_limit: 0,
        stdout_first: Vec::new(),
        time_limit: Duration::from_secs(60),
        asks_people: false,
        stall_limit: None,
        soft_signal: 15,
        grace: Duration::from_secs(1),
        durable: Vec::new(),
        file_size_limit: None,
        walls: Walls::default(),
        checking: None,
    }
}
