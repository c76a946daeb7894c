//! The bridge to agents that speak the Agent Client Protocol: starts one, speaks with it, and prints what it says as JSON lines.
//!
//! In come orders (a file), out go lines and an exit code, as of any other agent. It is the child of an attendant as they are: time limits, walls,
//! the rule about silence and the sweep hold for it and for all that it has started, and it outlives the orchestrator.

mod asking;
mod lines;
mod message;
mod program;
mod session;
mod spent;
mod talk;
mod tools;
mod vendor;

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use orchestrator_core::domain::acp::Orders;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use self::{
    lines::Lines,
    program::Program,
    talk::{Failure, Talk, Turn},
};
use super::End;

/// Speaks with an agent as a file orders it.
pub(super) fn run(orders: Option<&Path>, out: &mut dyn Write, err: &mut dyn Write) -> End {
    // The agent must not read this process's memory, nor write into what it says: for others of its account it is shut. Where that is refused, what is
    // documented of agents without walls holds.
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    let read = |path: &Path| -> io::Result<(Orders, String)> {
        let orders: Orders = serde_json::from_slice(&fs::read(path)?)?;
        let prompt = fs::read(&orders.prompt)?;
        Ok((orders, String::from_utf8_lossy(&prompt).into_owned()))
    };
    let given = orders.ok_or_else(|| io::Error::other("this verb is for the orchestrator: `__agent acp <file>`")).and_then(read);
    let (orders, prompt) = match given {
        Ok(given) => given,
        Err(error) => {
            // Nobody is left to tell if standard error is closed.
            let _ = writeln!(err, "the bridge can't read its orders: {error}");
            return End::Unusable;
        }
    };
    let mut lines = Lines::new(out);
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(speak(&orders, &prompt, lines)),
        Err(error) => {
            failed(&mut lines, &format!("the machine refused what the bridge needs: {error}"), None);
            End::Failed
        }
    }
}

async fn speak<'a>(orders: &'a Orders, prompt: &str, mut lines: Lines<'a>) -> End {
    let stop = match signal(SignalKind::terminate()) {
        Ok(stop) => stop,
        Err(error) => {
            failed(&mut lines, &format!("the machine refused to tell of signals: {error}"), None);
            return End::Failed;
        }
    };
    let program = match Program::start(orders) {
        Ok(program) => program,
        Err(error) => {
            failed(&mut lines, &format!("the agent program `{}` could not be started: {error}", orders.program.display()), None);
            return End::Unusable;
        }
    };
    let mut talk = Talk::new(orders, program, lines, stop);
    let outcome = match talk.begin().await {
        Ok(()) => talk.turn(prompt).await,
        Err(failure) => Err(failure),
    };
    let end = told(&mut talk.lines, outcome);
    talk.end().await;
    end
}

/// Says how the conversation went, and what of an answer there is.
fn told(lines: &mut Lines<'_>, outcome: Result<Turn, Failure>) -> End {
    match outcome {
        Ok(Turn::Ended) => {
            let (answer, left_out) = lines.answer();
            let line = json!({ "type": "result", "ok": true, "text": answer });
            if left_out > 0 {
                lines.note(&format!("{left_out} bytes of its answer were left out"));
            }
            lines.say(&line);
            End::Done
        }
        Ok(Turn::Short(reason)) => {
            failed(lines, &format!("it stopped before it was done: {}", reason.replace('_', " ")), None);
            End::Failed
        }
        Ok(Turn::Cancelled) => {
            failed(lines, "its turn was cancelled", None);
            End::Stopped
        }
        Err(Failure::Stopped) => {
            failed(lines, "stopped by a signal", None);
            End::Stopped
        }
        Err(Failure::Refused(refusal)) => {
            failed(lines, &refusal.why, refusal.status);
            End::Failed
        }
        Err(Failure::Of(why)) => {
            failed(lines, &why, None);
            End::Failed
        }
    }
}

fn failed(lines: &mut Lines<'_>, why: &str, status: Option<u64>) {
    let mut line = json!({ "type": "result", "ok": false, "error": why });
    if let Some(status) = status {
        line["status"] = status.into();
    }
    let answer = lines.answer().0;
    if !answer.trim().is_empty() {
        line["text"] = answer.into();
    }
    lines.say(&line);
}
