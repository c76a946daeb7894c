//! What an attempt is run with: the queue that is told of it, the ports through which it runs, and what the configuration says of it.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use tokio::sync::{Semaphore, mpsc};

use super::{pulses::Pulses, results, walls::Shut};
use crate::{
    domain::{
        agent::{AgentDefinition, AgentName},
        isolation::Offered,
        model::Catalogue,
    },
    ports::{agent_runner::AgentRunner, chat::Chat, task_log::TaskLog},
    queue::{Queue, settle::Ended},
};

/// What an attempt is run with.
#[derive(Clone)]
pub(super) struct Means {
    pub(super) queue: Queue,
    pub(super) runner: Arc<dyn AgentRunner>,
    pub(super) chat: Arc<dyn Chat>,
    pub(super) log: Arc<dyn TaskLog>,
    pub(super) settings: Arc<Settings>,
    /// How running agents are doing.
    pub(super) pulses: Pulses,
    /// How many large results may be in memory at a time, from when they are collected until they are settled.
    pub(super) large: Arc<Semaphore>,
    /// Where what has ended goes.
    pub(super) ended: mpsc::Sender<Ended>,
}

/// What the crew needs to know of the configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Agent definitions.
    pub agents: BTreeMap<AgentName, AgentDefinition>,
    /// The allow-list's part of an agent's environment, read once at start.
    pub environment: Vec<(String, String)>,
    /// Where workspaces are made.
    pub workers: PathBuf,
    /// A template that replaces the built-in AGENTS.md.
    pub agents_md: Option<String>,
    /// Where attempts' control folders are.
    pub attempts: PathBuf,
    /// The list of claimed tasks, for people and scripts.
    pub claims: PathBuf,
    /// Models, for the brief.
    pub catalogue: Catalogue,
    /// The `openclaw.json` that OpenClaw agents are shown.
    pub openclaw_config: Option<PathBuf>,
    /// Most bytes of output in an attempt's log.
    pub log_limit: u64,
    /// Most bytes of standard output kept where a result is read from it.
    pub stdout_limit: u64,
    /// What of an agent's isolation this machine can hold.
    pub offered: Offered,
    /// What no agent with walls reaches.
    pub shut: Shut,
    /// Largest file that an agent may write.
    pub file_size_limit: Option<u64>,
    /// What may come with a task.
    pub attachments: AttachmentBounds,
    /// How much is collected of what an agent leaves.
    pub bounds: results::Bounds,
}

/// What may come with a task.
#[derive(Clone, Copy, Debug)]
pub struct AttachmentBounds {
    /// How many files.
    pub files: usize,
    /// Bytes of one.
    pub each: u64,
    /// Bytes of all together.
    pub total: u64,
    /// The time in which all must have come.
    pub within: Duration,
}
