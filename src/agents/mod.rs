//! The built-in agents: programs of their own that happen to live in this binary, behind the hidden verb `__agent <name>`.
//!
//! Beside them the bridge, `__agent acp <file>`, which speaks with agents that are programs of others.
//!
//! In comes a working folder with a TASK.txt and an environment, out go RESULT.txt and its companions, standard output and an exit code.
//! They know nothing of the orchestrator: no store, no Discord, no configuration.

mod acp;
mod chat;
mod demo;
mod llm;
mod model;
mod study;
mod workspace;

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// How an agent ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The result is written.
    Done,
    /// It tried and failed; the reason is on standard error, what there is of a result is kept.
    Failed,
    /// It can't even begin: no task, or a setting is missing or wrong.
    Unusable,
    /// A signal asked it to end; what there is of a result is kept.
    Stopped,
}

impl From<End> for ExitCode {
    fn from(end: End) -> Self {
        match end {
            End::Done => Self::SUCCESS,
            End::Failed => Self::from(1),
            End::Unusable => Self::from(2),
            // As a shell tells a death by TERM: 128 and the signal's number.
            End::Stopped => Self::from(143),
        }
    }
}

/// The hidden verb, called by `main` before anything else with what follows `__agent` on the command line.
pub fn run(name: Option<&str>) -> ExitCode {
    // An agent is a program of its own: the environment is its input, not our configuration.
    let mut variables =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect();
    if name == Some("acp") {
        let orders = std::env::args_os().nth(3).map(PathBuf::from);
        return acp::run(orders.as_deref(), &mut io::stdout(), &mut io::stderr()).into();
    }
    if name == Some("llm") {
        llm::out_of_the_environment(&mut variables);
    }
    run_in(name, Path::new("."), &variables, &mut io::stdout(), &mut io::stderr()).into()
}

/// Runs a built-in agent in a folder, with an environment, writing to where it is told.
pub fn run_in(name: Option<&str>, folder: &Path, variables: &BTreeMap<String, String>, out: &mut dyn Write, err: &mut dyn Write) -> End {
    let complain = |err: &mut dyn Write, text: &str| {
        // Nobody is left to tell if standard error is closed.
        let _ = writeln!(err, "{text}");
        End::Unusable
    };
    let Some(name @ ("demo" | "llm")) = name else {
        return complain(err, "this verb is for the orchestrator: `__agent demo` or `__agent llm`, in a task's working folder");
    };
    let task = match workspace::task(folder) {
        Ok(task) => task,
        Err(why) => return complain(err, &why),
    };
    if name == "llm" {
        return llm::run(folder, &task, variables, out, err);
    }
    match model::Endpoint::of(variables) {
        Ok(Some(endpoint)) => chat::run(folder, &task, &endpoint, out, err),
        Ok(None) => demo::run(folder, &task, demo::pace(variables), out, err),
        Err(why) => complain(err, &why),
    }
}
