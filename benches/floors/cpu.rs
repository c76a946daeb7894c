//! Processor time, ours and that of who works for us.

#![expect(unsafe_code, reason = "getrusage and the raw clock have no safe form in std")]

use std::time::Duration;

/// Processor time that this process and its reaped children have used.
pub fn own() -> Duration {
    used_by(libc::RUSAGE_SELF) + used_by(libc::RUSAGE_CHILDREN)
}

fn used_by(who: libc::c_int) -> Duration {
    // SAFETY: all zeroes is a valid rusage, and the kernel fills it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(who, &raw mut usage);
        usage
    };
    let time = |spent: libc::timeval| {
        Duration::from_secs(u64::try_from(spent.tv_sec).unwrap_or(0)) + Duration::from_micros(u64::try_from(spent.tv_usec).unwrap_or(0))
    };
    time(usage.ru_utime) + time(usage.ru_stime)
}

/// The machine's monotonic clock, which all its processes see alike.
pub fn monotonic_nanos() -> u64 {
    // SAFETY: all zeroes is a valid timespec, and the kernel fills it.
    let now = unsafe {
        let mut now: libc::timespec = std::mem::zeroed();
        libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now);
        now
    };
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}

/// Processor time of another process and of what it has reaped, from `/proc/<pid>/stat`.
fn of(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name may hold anything: count from the last parenthesis.
    let fields: Vec<u64> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(4).filter_map(|n| n.parse().ok()).collect();
    // Ticks are hundredths of a second on every Linux that we know.
    Duration::from_millis(fields.iter().sum::<u64>() * 10)
}

/// The children of ours that are called nurseries.
fn nurseries() -> impl Iterator<Item = u32> {
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()).filter(|process| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
        parent == Some(std::process::id()) && stat.contains("nursery")
    })
}

/// Of this process, its reaped children, its nurseries and all that they have reaped.
pub fn with_nurseries() -> Duration {
    own() + nurseries().map(of).sum::<Duration>()
}
