//! The service at rest: logged in, one server seen, nothing to do.

use std::time::Duration;

use orchestrator_sandbox::Limits;

use crate::{
    Effort,
    noop::Programs,
    ratio::{Row, Target},
    service::{Service, on_disk},
};

/// After this nothing of the start is still going on.
const SETTLED: Duration = Duration::from_secs(5);

pub async fn measure(effort: Effort) -> Vec<Row> {
    let folder = on_disk();
    let programs = Programs::make(folder.path());
    let mut service = Service::prepare(Limits::Discord, &programs.noop).await;
    service.start();
    service.online().await;
    tokio::time::sleep(SETTLED).await;
    let before = cpu_of(service.process());
    tokio::time::sleep(Duration::from_secs(effort.rest)).await;
    let used = cpu_of(service.process()).saturating_sub(before);
    let mb = |key| status_mb(service.process(), key);
    let parts = format!("{:.1} MB its own (heap, stacks), {:.1} MB of files (program, libraries)", mb("RssAnon:"), mb("RssFile:"));
    let share = used.as_secs_f64() / Duration::from_secs(effort.rest).as_secs_f64() * 100.0;
    vec![
        Row::plain("resident memory of the service at rest, MB", mb("VmRSS:"), "MB", Some(Target::AtMost(15.0))).noting(parts),
        Row::plain(format!("CPU of the service at rest over {} s, % of one core", effort.rest), share, "%", Some(Target::AtMost(0.1))),
    ]
}

/// A line of `/proc/<pid>/status`, in MB of 1,024 KiB.
pub fn status_mb(process: u32, key: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let kib = status.lines().find_map(|line| line.strip_prefix(key)?.split_whitespace().next()?.parse::<f64>().ok());
    kib.map_or(f64::NAN, |kib| kib / 1_024.0)
}

/// Processor time of all its threads, finer than ticks. A thread that ends takes its time along; at rest none does.
fn cpu_of(process: u32) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let nanos = threads.filter_map(|thread| {
        let told = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        told.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}
