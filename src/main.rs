//! The program: hidden verbs first, then arguments, run, exit code.

use std::process::ExitCode;

use discord_orchestrator::{adapters::process, agents, cli};

fn main() -> ExitCode {
    // Before any runtime, thread or configuration: what follows forks, and must inherit nothing of them.
    if let Some(ended) = process::hidden_verb() {
        return ended;
    }
    let mut arguments = std::env::args_os();
    if arguments.nth(1).is_some_and(|verb| verb == "__agent") {
        return agents::run(arguments.next().and_then(|name| name.into_string().ok()).as_deref());
    }
    cli::run(std::env::args_os())
}
