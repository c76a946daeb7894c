//! Finds processes by the marker in their environment: the last resort, when nursery and attendant were both killed.
//!
//! It finds what has kept the environment that it was started with, and what this user may look into. A process that clears its own
//! environment is not found: `level` says so to the operator.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    os::fd::AsFd,
    process, thread,
    time::{Duration, Instant},
};

use orchestrator_core::domain::id::AttemptId;

use super::kernel;

/// The variable that every agent carries, and what it starts carries on.
pub(super) const VARIABLE: &str = "ORCH_ATTEMPT";

/// How long the search for one attempt's processes goes on at most.
pub(super) const SCAN_BOUND: Duration = Duration::from_secs(3);

/// A process that is just being replaced by another program has no environment for a moment: one look without a find proves nothing.
const LOOKS_WITHOUT_A_FIND: u32 = 2;

/// How long the killed get to die before the next look.
const ROUND: Duration = Duration::from_millis(2);

pub(super) fn entry(attempt: AttemptId) -> String {
    format!("{VARIABLE}={attempt}")
}

/// Kills every process that carries the marker of one of these attempts, until none is found or `bound` is over. Says how many of each.
pub(super) fn end_all(attempts: &HashSet<AttemptId>, bound: Duration) -> BTreeMap<AttemptId, u32> {
    let until = Instant::now() + bound;
    let mut killed: BTreeMap<AttemptId, HashSet<i32>> = BTreeMap::new();
    let mut none_found = 0;
    // An agent may be who calls for this.
    let own = i32::try_from(process::id()).ok();
    while none_found < LOOKS_WITHOUT_A_FIND && Instant::now() < until {
        none_found += 1;
        for pid in processes().into_iter().filter(|pid| Some(*pid) != own) {
            let Some(attempt) = marked(pid).filter(|attempt| attempts.contains(attempt)) else { continue };
            let Ok(handle) = kernel::pidfd(pid) else { continue };
            // Read again behind the handle: the number may have become another process's meanwhile.
            if marked(pid) == Some(attempt) {
                none_found = 0;
                if kernel::signal_by_pidfd(handle.as_fd(), libc::SIGKILL).is_ok() {
                    killed.entry(attempt).or_default().insert(pid);
                }
            }
        }
        thread::sleep(ROUND);
    }
    killed.into_iter().map(|(attempt, pids)| (attempt, u32::try_from(pids.len()).unwrap_or(u32::MAX))).collect()
}

fn processes() -> Vec<i32> {
    let Ok(listed) = fs::read_dir("/proc") else { return Vec::new() };
    listed.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

/// The attempt in a process's environment. One that is dead but not reaped has no environment left.
pub(super) fn marked(pid: i32) -> Option<AttemptId> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    environment.split(|byte| *byte == 0).find_map(|entry| {
        let (name, value) = str::from_utf8(entry).ok()?.split_once('=')?;
        (name == VARIABLE).then(|| value.parse().ok())?
    })
}
