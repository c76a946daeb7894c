//! Commands, their options while they are typed, and the form for long tasks: one verb, one file.
//!
//! In come interactions, out go answers to them. poise finds the verb and reads its options; who may do what is asked of the desk, and every
//! word comes from `wording`. Nothing is remembered between two interactions but in the store, so that a form that was opened before a
//! restart is obeyed after it.

mod call;
mod cancel;
mod cost;
mod failing;
mod form;
mod framework;
mod help;
mod logs;
mod pressing;
mod queue;
mod registration;
mod reply;
mod retry;
mod run_as_task;
mod settings;
mod status;
mod submitting;
mod suggest;
mod task;
mod visit;
mod why;

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

use orchestrator_core::{
    domain::agent::Secret,
    intake::desk::Desk,
    ports::{chat::Chat, progress::Progress, task_log::TaskLog},
    queue::Queue,
};

pub use self::{
    framework::{definitions, framework},
    registration::{Registry, register},
};

/// What commands work with: the house lends it.
pub struct Deps {
    /// Where everything is asked for.
    pub desk: Desk,
    /// Where everything is looked up.
    pub queue: Queue,
    /// Discord, for links.
    pub chat: Arc<dyn Chat>,
    /// Where logs are read.
    pub log: Arc<dyn TaskLog>,
    /// How running agents are doing.
    pub progress: Arc<dyn Progress>,
    /// Where the workspaces are.
    pub workers: PathBuf,
    /// The server that the task channel is in, once it is known: commands from elsewhere are not taken, because who is an administrator there
    /// is nobody here.
    pub server: Arc<OnceLock<u64>>,
    /// Never shown, whoever asks for a log.
    pub secrets: Vec<Secret>,
    /// What an operator must know at this moment, as sentences.
    pub troubles: Arc<dyn Fn() -> Vec<String> + Send + Sync>,
    /// How long things may take.
    pub timing: Timing,
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// One try to acknowledge; there are three, and Discord waits 3 s in all.
    pub acknowledge: Duration,
    /// The store, where an answer can't be put off: choices while typing, opening a form.
    pub store: Duration,
    /// Until the task's message stands and its link is added to the answer.
    pub link: Duration,
    /// Between looks for it, at first; later up to twenty times as long.
    pub look: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            acknowledge: Duration::from_millis(800),
            store: Duration::from_millis(1_800),
            link: Duration::from_secs(120),
            look: Duration::from_millis(250),
        }
    }
}

/// What a command's function is given.
type Context<'a> = poise::ApplicationContext<'a, Arc<Deps>, failing::CommandError>;

/// A command, as poise knows it.
type Command = poise::Command<Arc<Deps>, failing::CommandError>;

/// All of them. The list is also what Discord is told and what `/help` shows.
fn all() -> Vec<Command> {
    vec![
        task::task(),
        status::status(),
        why::why(),
        queue::queue(),
        cost::cost(),
        cancel::cancel(),
        retry::retry(),
        logs::logs(),
        settings::settings(),
        help::help(),
        run_as_task::run_as_task(),
        why::why_did_this_happen(),
    ]
}
