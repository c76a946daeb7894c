//! A task on its whole way (taken in, three durable transitions, spawned, captured, its result queued) over a raw spawn of the same program;
//! the stages run in this process, without Discord.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::{
    Effort, cpu,
    house::House,
    noop::Programs,
    ratio::{Row, Target, median},
    service::on_disk,
};

const PER_ROUND: u64 = 250;
/// How many run at once.
const AT_ONCE: u32 = 8;

pub async fn measure(effort: Effort) -> Vec<Row> {
    let store = on_disk();
    let mut rows = of_files_in(&store, store.path(), "everything on disk", effort).await;
    match tempfile::tempdir_in("/dev/shm") {
        Ok(memory) => rows.extend(of_files_in(&on_disk(), memory.path(), "store on disk, files in memory", effort).await),
        Err(error) => rows.push(Row::absent("CPU per task with files in memory", error.to_string(), None)),
    }
    rows
}

async fn of_files_in(store: &TempDir, files: &Path, place: &str, effort: Effort) -> Vec<Row> {
    let programs = Programs::make(files);
    let house = House::start_beside(store.path(), files, programs.noop.clone(), AT_ONCE);
    house.run(0..50).await;
    let (mut raw, mut ours) = (Vec::new(), Vec::new());
    for round in 0..u64::from(effort.rounds) {
        raw.push(raw_round(&programs.noop).await);
        let before = (cpu::with_nurseries(), Instant::now());
        let first = 1_000 + round * PER_ROUND;
        house.run(first..first + PER_ROUND).await;
        ours.push((cpu::with_nurseries().saturating_sub(before.0), before.1.elapsed()));
    }
    house.end().await;
    let each = |taken: Duration| taken.as_secs_f64() * 1_000.0 / PER_ROUND as f64;
    let cpu_of = |rounds: &[(Duration, Duration)]| median(rounds.iter().map(|(cpu, _)| each(*cpu)).collect());
    let rate_of = |rounds: &[(Duration, Duration)]| median(rounds.iter().map(|(_, wall)| PER_ROUND as f64 / wall.as_secs_f64()).collect());
    let stand_in = if programs.genuine { "" } else { "no C compiler: /bin/true stands in for the smallest program" };
    let rate = rate_of(&ours);
    vec![
        Row::ratio(format!("CPU per task / raw spawn, {place}"), cpu_of(&ours), cpu_of(&raw), "ms", Some(Target::AtMost(4.0)))
            .noting(stand_in),
        Row::ratio(format!("tasks/s / raw spawns/s, {place}"), rate, rate_of(&raw), "/s", Some(Target::AtLeast(0.6)))
            .noting(format!("three durable transitions each: {:.0}/s", rate * 3.0)),
    ]
}

/// The same number of spawns with as many at once, waited for and with their output read.
#[expect(clippy::disallowed_methods, reason = "the floor is a spawn without us")]
async fn raw_round(program: &Path) -> (Duration, Duration) {
    let before = (cpu::own(), Instant::now());
    let mut spawners = JoinSet::new();
    for spawner in 0..u64::from(AT_ONCE) {
        let program = program.to_owned();
        spawners.spawn_blocking(move || {
            for _ in (0..PER_ROUND).filter(|n| n % u64::from(AT_ONCE) == spawner) {
                let output = Command::new(&program).stdin(Stdio::null()).output().expect("it runs");
                assert!(output.status.success());
            }
        });
    }
    while spawners.join_next().await.is_some() {}
    (cpu::own().saturating_sub(before.0), before.1.elapsed())
}
