//! Many histories, in many worlds at a time.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::mpsc, task::JoinSet, time::Instant};

use crate::{
    generate,
    judge::{Law, Violation},
    play::{self, Manner},
    processes::{self, Process},
    report::{Report, count},
    world::{Ground, LOOK},
};

/// Between lines of progress.
const PROGRESS: Duration = Duration::from_secs(10);

/// How long nurseries may take to be gone after the last history.
const LEAVING: Duration = Duration::from_secs(15);

/// A range of seeds to be played.
#[derive(Clone, Debug)]
pub struct Round {
    /// The program that is judged.
    pub bin: PathBuf,
    /// Where the worlds' folders are made.
    pub place: PathBuf,
    /// The first seed.
    pub first: u64,
    /// How many histories.
    pub histories: u64,
    /// How many at a time.
    pub worlds: usize,
    /// How long anything may take at the end of a history.
    pub patience: Duration,
    /// Whether folders of worlds that broke a law are kept.
    pub keep: bool,
    /// Whether progress is told on standard error.
    pub progress: bool,
    /// After so many histories that broke a law no further one is begun.
    pub enough: usize,
}

/// Plays a round.
///
/// # Cancel safety
///
/// When it is dropped, the worlds are torn down without a verdict.
pub async fn play_round(round: &Round) -> Report {
    let begun = Instant::now();
    let next = Arc::new(AtomicU64::new(round.first));
    let end = round.first.saturating_add(round.histories);
    let (told, mut heard) = mpsc::unbounded_channel();
    let mut players = JoinSet::new();
    for _ in 0..round.worlds.max(1) {
        let (round, next, told) = (round.clone(), Arc::clone(&next), told.clone());
        players.spawn(async move {
            let ground = Ground { bin: round.bin, place: round.place };
            let manner = Manner { aloud: false, patience: round.patience, keep: round.keep };
            loop {
                let seed = next.fetch_add(1, Ordering::SeqCst);
                if seed >= end {
                    break;
                }
                let played = play::play(&ground, &generate::script(seed), manner).await;
                if told.send((seed, played)).is_err() {
                    break;
                }
            }
        });
    }
    drop(told);
    let mut report = Report::default();
    let mut shown = Instant::now();
    while let Some((seed, played)) = heard.recv().await {
        if round.progress {
            for violation in &played.violations {
                eprintln!("seed {seed}: {}: {}", violation.law, violation.what);
            }
            if let Some(kept) = &played.kept {
                eprintln!("seed {seed}: its world is kept in {}", kept.display());
            }
        }
        report.add(seed, played);
        if report.failed.len() >= round.enough {
            next.store(end, Ordering::SeqCst);
        }
        if round.progress && shown.elapsed() >= PROGRESS {
            shown = Instant::now();
            eprintln!("{}", progress(&report, round.histories, begun.elapsed()));
        }
    }
    while let Some(ended) = players.join_next().await {
        if let Err(error) = ended {
            eprintln!("a player broke: {error}");
            let violation = Violation::new(Law::World, format!("a player broke: {error}"));
            report.violations.push((round.first, violation));
        }
    }
    for process in left(&round.bin).await {
        let violation = Violation::new(Law::Orphans, format!("process {} ({}) of a world that is over is left", process.pid, process.name));
        report.violations.push((round.first, violation));
        process.kill();
    }
    report.took = begun.elapsed();
    report
}

/// Nurseries and attendants that outlive all worlds. Only nobody's are told: another round may be played with the same program.
async fn left(bin: &Path) -> Vec<Process> {
    let until = Instant::now() + LEAVING;
    loop {
        let left = processes::kept_by(bin);
        if left.is_empty() || Instant::now() > until {
            return left;
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn progress(report: &Report, all: u64, elapsed: Duration) -> String {
    let rate = count(report.histories) / elapsed.as_secs_f64();
    let left = Duration::from_secs_f64(count(all.saturating_sub(report.histories)) / rate.max(0.001));
    format!(
        "{} of {all} histories · {:.0} per minute · violations: {} · {} min {} s to go",
        report.histories,
        rate * 60.0,
        report.violations.len(),
        left.as_secs() / 60,
        left.as_secs() % 60
    )
}
