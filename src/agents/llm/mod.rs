//! The built-in agent `llm`: a model of any OpenAI-compatible endpoint, with tools to read and write files and to run commands in its folder.
//!
//! In come TASK.txt, AGENTS.md and an environment. Out go RESULT.txt, USAGE.json, and a line of JSON for everything that happens (`docs/agents-llm.md`).

mod commands;
mod files;
mod key;
mod outcome;
mod tools;
pub(super) mod turns;
pub(super) mod voice;

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::Path,
};

use tokio::signal::unix::{SignalKind, signal};

pub(super) use self::key::out_of_the_environment;

use self::{files::Files, tools::Tools, turns::Conversation, voice::JsonLines};
use super::{
    End,
    model::{Endpoint, Failure},
};

const SYSTEM: &str = "You carry out a task that somebody posted in a chat, completely and without asking back: nobody answers questions. Your last \
                      answer, the one without a call of a tool, is the finished result: write it in Markdown, for somebody who has seen \
                      nothing of your work. It is stored as RESULT.txt in the working folder, unless you have written that file yourself: then \
                      the file is the result.";

/// How much of AGENTS.md is read, in bytes.
const MOST_INSTRUCTIONS: usize = 64 * 1024;

/// Works on a task with a model and its tools.
pub(super) fn run(folder: &Path, task: &str, variables: &BTreeMap<String, String>, out: &mut dyn Write, err: &mut dyn Write) -> End {
    let settings = Endpoint::of(variables).and_then(|endpoint| Ok((endpoint, Tools::of(folder, variables)?)));
    let (endpoint, mut tools) = match settings {
        Ok((Some(endpoint), tools)) => (endpoint, tools),
        Ok((None, _)) => return unusable(err, "no model is configured: set LLM_BASE_URL, or LLM_API_KEY or OPENROUTER_API_KEY"),
        Err(why) => return unusable(err, &why),
    };
    let system = system(folder, tools.is_some());
    let mut lines = JsonLines { out, err };
    if let Err(error) = lines.session(&endpoint.model) {
        return unusable(lines.err, &format!("standard output can't be written: {error}"));
    }
    let mut conversation = Conversation::new(folder, &endpoint, &system, task, &mut lines);
    let outcome = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(until_stopped(conversation.hold(tools.as_mut()))),
        Err(error) => Ok(Err(Failure::of(format!("the machine refused what a request needs: {error}")))),
    };
    let (untold, answer) = (conversation.untold(), conversation.answer().to_owned());
    let (end, failure) = match outcome {
        Ok(Ok(())) => (End::Done, None),
        Ok(Err(failure)) => (End::Failed, Some(failure)),
        Err(Stopped) => (End::Stopped, Some(Failure::of("stopped by a signal"))),
    };
    let in_words = failure.as_ref().map(|failure| conversation.failed(failure)).unwrap_or_default();
    if untold > 0 {
        let _ = writeln!(lines.err, "the endpoint did not tell what {untold} of its answers used: USAGE.json holds the rest");
    }
    match failure {
        Some(failure) => lines.failed(&failure, &in_words),
        None => {
            if let Err(error) = lines.done(&answer) {
                let _ = writeln!(lines.err, "standard output can't be written: {error}");
                return End::Failed;
            }
        }
    }
    end
}

fn unusable(err: &mut dyn Write, why: &str) -> End {
    // Nobody is left to tell if standard error is closed.
    let _ = writeln!(err, "{why}");
    End::Unusable
}

/// Somebody wants the run to end.
struct Stopped;

/// Drops the work at TERM or INT: what runs below it is stopped by that.
async fn until_stopped(work: impl Future<Output = Result<(), Failure>>) -> Result<Result<(), Failure>, Stopped> {
    let signals = || -> io::Result<_> { Ok((signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)) };
    let (mut terminate, mut interrupt) = match signals() {
        Ok(signals) => signals,
        Err(error) => return Ok(Err(Failure::of(format!("the machine refused to tell of signals: {error}")))),
    };
    tokio::select! {
        outcome = work => Ok(outcome),
        _ = terminate.recv() => Err(Stopped),
        _ = interrupt.recv() => Err(Stopped),
    }
}

/// What the model is told before the task: who it is, and what AGENTS.md says.
fn system(folder: &Path, has_tools: bool) -> String {
    let tools = if has_tools {
        "Work with the tools you are given, in the working folder; paths are relative to it. Check what you did before you answer."
    } else {
        "You have no tools, no files and no further turns: where something can't be done without them, say so briefly and do the rest."
    };
    let instructions = Files::of(folder).ok().and_then(|files| files.beginning("AGENTS.md", MOST_INSTRUCTIONS));
    let instructions = instructions.filter(|text| !text.trim().is_empty());
    let instructions = instructions.map_or_else(String::new, |text| format!("\n\nAGENTS.md of the working folder says:\n\n{text}"));
    format!("{SYSTEM} {tools}{instructions}")
}
