//! Ends every agent of a runtime folder although everything else may be dead: no orchestrator, no nursery, no runtime is needed.

use std::{
    collections::{BTreeMap, HashSet},
    fs, io,
    os::fd::{AsFd, OwnedFd},
    path::Path,
    time::{Duration, Instant},
};

use orchestrator_core::{
    domain::id::{AttemptId, TaskId},
    ports::agent_runner::StopReason,
};

use super::{
    attendant::STOP_NOW,
    control::{self, Control, Found, Mark},
    kernel,
    marker::{self, SCAN_BOUND},
    removed,
    stop::SWEEP_BOUND,
};

/// How long killed attendants get to be gone.
const DEATH_PATIENCE: Duration = Duration::from_secs(1);

/// One attempt that the emergency sweep has ended, or could not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The attempt.
    pub attempt: AttemptId,
    /// Its task, where the control file tells it.
    pub task: Option<TaskId>,
    /// What it took.
    pub how: How,
}

/// What it took to end an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It ended in time after it was asked to, and its end is recorded.
    Asked,
    /// Its attendant killed the tree at once when told to, and its end is recorded.
    Killed,
    /// Its attendant did not answer and was killed, or died without telling an end; so many processes were then found by their marker.
    AttendantKilled {
        /// Processes killed.
        found: u32,
    },
    /// Its attendant was dead already; so many processes of its tree were found by their marker.
    LeftOver {
        /// Processes killed.
        found: u32,
    },
    /// It runs in another pid namespace (another container) and can't be ended from here.
    OutOfReach,
}

/// Ends every attempt under `runtime`: asks each attendant to stop, after `patience` tells it to kill at once, kills it if it does not
/// answer, and then looks for left-over processes by their marker. Attempts that have not begun are refused. Blocks.
///
/// # Errors
///
/// The folder of attempts can't be read. One that does not exist holds no attempts.
pub fn emergency(runtime: &Path, patience: Duration) -> io::Result<Vec<Ended>> {
    let attempts = control::attempts_folder(runtime);
    let mut known = match control::attempts_in(&attempts) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        known => known?,
    };
    let mut ended: BTreeMap<AttemptId, (Option<TaskId>, How)> = BTreeMap::new();
    let mut tasks = BTreeMap::new();
    // An agent may have removed its own folder, or that of all.
    let mut running = removed::attendants_in(&fs::canonicalize(&attempts).unwrap_or_else(|_| attempts.clone()));
    for attempt in &known {
        // One that can't be read must not keep the others alive; the search by marker is for it too.
        let Ok(Some(control)) = Control::open(&attempts.join(attempt.to_string())) else { continue };
        let task = control.story().ok().and_then(|story| story.asked).map(|spec| spec.task);
        match control.refuse() {
            Ok(Found::Running(attendant)) => {
                drop(control.append(&Mark::Stop { why: StopReason::Shutdown }));
                running.push((*attempt, attendant));
            }
            Ok(Found::Elsewhere) => drop(ended.insert(*attempt, (task.clone(), How::OutOfReach))),
            _ => {}
        }
        tasks.insert(*attempt, task);
    }
    known.extend(running.iter().map(|(attempt, _)| *attempt));
    for (signal, patience, how) in [
        (libc::SIGTERM, patience, How::Asked),
        (STOP_NOW, SWEEP_BOUND + SWEEP_BOUND, How::Killed),
        (libc::SIGKILL, DEATH_PATIENCE, How::AttendantKilled { found: 0 }),
    ] {
        for attempt in signal_and_wait(&mut running, signal, patience) {
            // It may have died of something else than our signal, and told no end.
            let lost = matches!(look(&attempts, attempt), Some(Found::Lost { .. }));
            let how = if lost { How::AttendantKilled { found: 0 } } else { how };
            ended.insert(attempt, (tasks.get(&attempt).cloned().flatten(), how));
        }
    }
    for (attempt, count) in marker::end_all(&known.into_iter().collect::<HashSet<_>>(), SCAN_BOUND) {
        let task = tasks.get(&attempt).cloned().flatten();
        let (_, how) = ended.entry(attempt).or_insert((task, How::LeftOver { found: 0 }));
        if let How::AttendantKilled { found } | How::LeftOver { found } = how {
            *found += count;
        }
    }
    Ok(ended.into_iter().map(|(attempt, (task, how))| Ended { attempt, task, how }).collect())
}

fn look(attempts: &Path, attempt: AttemptId) -> Option<Found> {
    Control::open(&attempts.join(attempt.to_string())).ok()??.look().ok()
}

/// Signals all, waits until all are gone or `patience` is over, and returns those that are gone; the others stay in the list.
pub(super) fn signal_and_wait(running: &mut Vec<(AttemptId, OwnedFd)>, signal: i32, patience: Duration) -> Vec<AttemptId> {
    for (_, attendant) in running.iter() {
        // Gone already is as good.
        drop(kernel::signal_by_pidfd(attendant.as_fd(), signal));
    }
    let until = Instant::now() + patience;
    let is_gone = |(_, attendant): &mut (AttemptId, OwnedFd)| {
        matches!(kernel::ready([Some(attendant.as_fd())], Some(until.saturating_duration_since(Instant::now()))), Ok([true]))
    };
    running.extract_if(.., is_gone).map(|(attempt, _)| attempt).collect()
}
