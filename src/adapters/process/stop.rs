//! Ends all that is left of a tree: kills direct children, again and again, until there is none.
//!
//! Only direct children are killed: their numbers can't become another process's before we have reaped them. What they leave behind becomes
//! our child in turn, because attendants and the nursery are sub-reapers; `waitpid` telling that there is no child proves that nothing is left.

use std::{
    collections::HashSet,
    fs,
    os::fd::BorrowedFd,
    time::{Duration, Instant},
};

use super::kernel::{self, Reaped};

/// How long a sweep goes on at most: a process in uninterruptible sleep can't be killed by anyone.
pub(super) const SWEEP_BOUND: Duration = Duration::from_secs(5);

/// How long one round waits for the killed to die before it looks for new children.
const ROUND: Duration = Duration::from_millis(10);

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Swept {
    pub(super) killed: u32,
    pub(super) unkillable: u32,
}

/// Kills and reaps every child, and every orphan that becomes a child meanwhile. `signals` is where SIGCHLD can be read.
pub(super) fn sweep(signals: BorrowedFd<'_>) -> Swept {
    let until = Instant::now() + SWEEP_BOUND;
    let mut killed = 0;
    loop {
        // Read away before reaping: whoever dies from here on wakes the wait below.
        while kernel::next_signal(signals).is_some() {}
        loop {
            match kernel::reap_one() {
                Reaped::NoChildren => return Swept { killed, unkillable: 0 },
                Reaped::AllAlive => break,
                Reaped::Ended { status, .. } => killed += u32::from(libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGKILL),
            }
        }
        let alive = kill_children_except(&HashSet::new());
        if Instant::now() >= until {
            return Swept { killed, unkillable: alive };
        }
        drop(kernel::ready([Some(signals)], Some(ROUND)));
    }
}

/// Kills the direct children that are not in `kept`. Returns how many there were.
pub(super) fn kill_children_except(kept: &HashSet<i32>) -> u32 {
    let mut count = 0;
    for pid in children().into_iter().filter(|pid| !kept.contains(pid)) {
        kernel::signal_child(pid, libc::SIGKILL);
        count += 1;
    }
    count
}

/// The direct children of this process of one thread. One that is born meanwhile may be missing: callers look again.
fn children() -> Vec<i32> {
    match fs::read_to_string("/proc/thread-self/children") {
        Ok(listed) => listed.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect(),
        // A kernel built without that file.
        Err(_) => children_by_stat(),
    }
}

fn children_by_stat() -> Vec<i32> {
    let own = std::process::id().to_string();
    let Ok(listed) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = listed.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The name is in brackets and may hold anything, also brackets: what counts comes after the last one.
        stat.rsplit_once(')').and_then(|(_, rest)| rest.split_ascii_whitespace().nth(1)) == Some(own.as_str())
    })
    .collect()
}
