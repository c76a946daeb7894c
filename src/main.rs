//! The program: hidden verbs first, then arguments, run, exit code.

use std::{env, process::ExitCode};

use discord_orchestrator::{adapters::process, agents, cli};

/// What the program is called with to be a built-in agent. Nobody types this.
const AGENT_VERB: &str = "__agent";

fn main() -> ExitCode {
    // Before any runtime, thread or configuration: what follows forks, and must inherit nothing of them.
    if let Some(ended) = process::hidden_verb() {
        return ended;
    }
    if let Some(ended) = process::as_first_process() {
        return ended;
    }
    if env::args_os().nth(1).is_some_and(|verb| verb == AGENT_VERB) {
        return agents::run(env::args_os().nth(2).and_then(|name| name.into_string().ok()).as_deref());
    }
    cli::run(env::args_os())
}
