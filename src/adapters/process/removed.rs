//! Ends an attempt whose control file is gone. An agent that may write anywhere can remove it; then its attendant goes on, but has no place to
//! tell the end, and nobody could find it.

use std::{
    collections::HashSet,
    fs,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    time::Duration,
};

use orchestrator_core::domain::id::AttemptId;

use super::{
    attendant::{self, STOP_NOW},
    control, emergency, kernel,
    marker::{self, SCAN_BOUND},
    stop::SWEEP_BOUND,
    walled,
};

/// How long an attendant that is told to stop at once gets for its sweep, before it is killed.
const PATIENCE: Duration = SWEEP_BOUND.saturating_mul(2);
/// How long a killed one gets to be gone.
const DEATH_PATIENCE: Duration = Duration::from_secs(1);

/// The attendants whose control files below `attempts` were removed, each with a safe handle.
pub(super) fn attendants_in(attempts: &Path) -> Vec<(AttemptId, OwnedFd)> {
    let Ok(listed) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = listed.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(|pid| {
        let attempt = held_by(pid, attempts)?;
        let handle = kernel::pidfd(pid).ok()?;
        // Read again behind the handle: the number may have become another process's meanwhile.
        (held_by(pid, attempts)? == attempt).then_some((attempt, handle))
    })
    .collect()
}

/// Ends what still lives of an attempt whose control file is gone: its attendant, which sweeps its tree, and whatever carries its marker. True if
/// there was anything.
pub(super) fn end(attempt: AttemptId, attempts: &Path) -> bool {
    let mut running: Vec<_> = attendants_in(attempts).into_iter().filter(|(of, _)| *of == attempt).collect();
    let attended = !running.is_empty();
    for (signal, patience) in [(STOP_NOW, PATIENCE), (libc::SIGKILL, DEATH_PATIENCE)] {
        emergency::signal_and_wait(&mut running, signal, patience);
    }
    attended | !marker::end_all(&HashSet::from([attempt]), SCAN_BOUND).is_empty()
}

/// The attempt whose removed control file an attendant holds.
fn held_by(pid: i32, attempts: &Path) -> Option<AttemptId> {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    if ![attendant::NAME, walled::ATTENDANT].iter().any(|known| known.to_bytes() == name.trim_end().as_bytes()) {
        return None;
    }
    let mut open = fs::read_dir(format!("/proc/{pid}/fd")).ok()?.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    open.find_map(|file| of_removed(&file, attempts))
}

/// Whose control file a descriptor leads to, if that was removed: the kernel says so behind its path.
/// Source: proc(5), `/proc/pid/fd`.
fn of_removed(file: &Path, attempts: &Path) -> Option<AttemptId> {
    let path = PathBuf::from(file.to_str()?.strip_suffix(" (deleted)")?);
    let attempt: AttemptId = path.parent()?.file_name()?.to_str()?.parse().ok()?;
    (path == control::path(&attempts.join(attempt.to_string()))).then_some(attempt)
}
