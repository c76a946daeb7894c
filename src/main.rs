//! The program.

use std::process::ExitCode;

use discord_orchestrator::adapters::process;

fn main() -> ExitCode {
    // Before any runtime, thread or configuration: what follows forks, and must inherit nothing of them.
    if let Some(ended) = process::hidden_verb() {
        return ended;
    }
    ExitCode::SUCCESS
}
