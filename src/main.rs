//! The program: hidden verbs first, then arguments, run, exit code.

use std::process::ExitCode;

use discord_orchestrator::{adapters::process, cli};

fn main() -> ExitCode {
    // Before any runtime, thread or configuration: what follows forks, and must inherit nothing of them.
    if let Some(ended) = process::hidden_verb() {
        return ended;
    }
    cli::run(std::env::args_os())
}
