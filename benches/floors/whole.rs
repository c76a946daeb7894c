//! A task on its whole way (taken in, three durable transitions, spawned, captured, its result queued) over a raw spawn of the same program;
//! the stages run in this process, without Discord.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use crate::{
    Effort, cpu,
    house::House,
    noop::Programs,
    ratio::{Row, Target, median},
};

const PER_ROUND: u64 = 250;
/// How many run at once.
const AT_ONCE: u32 = 8;

pub async fn measure(effort: Effort) -> Vec<Row> {
    let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).expect("a folder");
    let programs = Programs::make(folder.path());
    let house = House::start(folder.path(), programs.noop.clone(), AT_ONCE);
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
    vec![
        Row::ratio("CPU per task / raw spawn", cpu_of(&ours), cpu_of(&raw), "ms", Some(Target::AtMost(4.0))).noting(stand_in),
        Row::ratio("tasks per second / raw spawns per second", rate_of(&ours), rate_of(&raw), "/s", Some(Target::AtLeast(0.6)))
            .noting(format!("{:.0} durable commits asked for per second beside it", rate_of(&ours) * 4.0)),
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
