//! How near the machine's own limits we come: each figure beside its floor, measured in the same run, alternating.
//!
//! `cargo bench --bench floors` prints one table. Absolute figures are this machine's, in this minute: read the ratios.

#![expect(unreachable_pub, reason = "a bench has no other reader than itself")]
#![expect(clippy::print_stdout, reason = "the table is what the bench is for")]

mod claim;
mod idle;
mod ratio;
mod spawn;

use std::process::ExitCode;

fn main() -> ExitCode {
    // The bench is its own nursery, as the product's binary is.
    if let Some(ended) = discord_orchestrator::adapters::process::hidden_verb() {
        return ended;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let rows = runtime.block_on(async { [spawn::measure().await, claim::measure().await, idle::measure().await] });
    println!("{:<44} {:>12} {:>12} {:>8} {:>8}", "figure", "ours", "floor", "ratio", "target");
    for row in rows.iter().flatten() {
        println!("{row}");
    }
    ExitCode::SUCCESS
}
