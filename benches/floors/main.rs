//! How near the machine's own limits, and Discord's, we come: each figure beside its floor, measured in the same run, alternating.
//!
//! `bin-scripts/bench.sh` prints one table. Absolute figures are this machine's, in this minute: read the ratios. docs/performance.md says what
//! each means.

#![expect(unreachable_pub, reason = "a bench has no other reader than itself")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the table is what the bench is for")]
#![expect(clippy::cast_precision_loss, reason = "figures are read by people")]

mod claim;
mod cpu;
mod delivery;
mod depth;
mod event;
mod house;
mod idle;
mod interactions;
mod noop;
mod outputs;
mod pueue;
mod ratio;
mod seed;
mod service;
mod spawn;
mod whole;

use std::{future::Future, process::ExitCode, time::Instant};

use ratio::Row;

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Effort {
    /// Repeats of what is alternated.
    pub rounds: u32,
    /// Tasks that wait in a deep queue.
    pub deep: u64,
    /// Seconds that a service is watched at rest.
    pub rest: u64,
    /// Seconds for which Discord's limits are met.
    pub pressure: u64,
    /// Message tasks that come at once.
    pub message_tasks: usize,
}

const WHOLE: Effort = Effort { rounds: 5, deep: 1_000_000, rest: 60, pressure: 60, message_tasks: 300 };
const QUICK: Effort = Effort { rounds: 3, deep: 100_000, rest: 10, pressure: 20, message_tasks: 40 };

fn main() -> ExitCode {
    // The bench is its own nursery, as the product's binary is.
    if let Some(ended) = discord_orchestrator::adapters::process::hidden_verb() {
        return ended;
    }
    let given: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| given.iter().any(|arg| arg == flag);
    let effort = if has("--quick") { QUICK } else { WHOLE };
    // Names of parts; none: all. What cargo itself adds is no name.
    let parts: Vec<&str> = given.iter().map(String::as_str).filter(|arg| !arg.starts_with("--")).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let rows = runtime.block_on(measure(&parts, effort));
    let table = match () {
        () if has("--json") => ratio::as_json(&rows),
        () if has("--markdown") => ratio::markdown(&rows),
        () => ratio::plain(&rows),
    };
    print!("{table}");
    ExitCode::SUCCESS
}

async fn measure(parts: &[&str], effort: Effort) -> Vec<Row> {
    let mut rows = Vec::new();
    // Short waits come first: some file systems make files slowly for a minute after many were deleted.
    part(&mut rows, parts, "claim", claim::measure(effort)).await;
    part(&mut rows, parts, "event", event::measure(effort)).await;
    part(&mut rows, parts, "idle", idle::measure(effort)).await;
    part(&mut rows, parts, "interactions", interactions::measure(effort)).await;
    part(&mut rows, parts, "outputs", outputs::measure(effort)).await;
    part(&mut rows, parts, "spawn", spawn::measure(effort)).await;
    part(&mut rows, parts, "whole", whole::measure(effort)).await;
    part(&mut rows, parts, "pueue", pueue::measure(effort)).await;
    part(&mut rows, parts, "depth", depth::measure(effort)).await;
    part(&mut rows, parts, "delivery", delivery::measure(effort)).await;
    rows
}

async fn part(rows: &mut Vec<Row>, parts: &[&str], name: &str, measured: impl Future<Output = Vec<Row>>) {
    if parts.is_empty() || parts.contains(&name) {
        let started = Instant::now();
        rows.extend(Box::pin(measured).await);
        eprintln!("{name}: measured in {} s", started.elapsed().as_secs());
    }
}
