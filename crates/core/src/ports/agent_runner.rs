//! Agent processes: started, stopped, waited for, found again after a restart.

use std::{path::PathBuf, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::checking::{CheckedWork, Checking};
use crate::domain::{
    hosts::Hosts,
    id::{AttemptId, TaskId},
};

/// Starts and keeps agent processes.
///
/// An adapter promises: at most one process tree per attempt, ever; the tree outlives this program and is found again by
/// [`standing`](Self::standing) and [`wait`](Self::wait); when an attempt has ended nothing that it started is alive; time limits hold
/// while this program is down.
#[async_trait]
pub trait AgentRunner: Send + Sync {
    /// Starts the agent of one attempt; returns when it has been started (or could not be).
    ///
    /// # Errors
    ///
    /// [`LaunchError`]: the agent did not start, nothing of it is left, and the reason is a sentence for people.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: the attempt may be running or not; ask [`standing`](Self::standing).
    async fn launch(&self, spec: &LaunchSpec) -> Result<(), LaunchError>;

    /// What is known of an attempt now, also one that an earlier process of ours has launched. Never waits for the agent.
    /// [`Standing::NeverStarted`] is final: a launch request still under way is refused from then on.
    async fn standing(&self, attempt: AttemptId) -> Standing;

    /// Waits until the attempt has ended and tells how; at once if it has. Works for re-adopted attempts as well.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: waiting again starts anew and loses nothing.
    async fn wait(&self, attempt: AttemptId) -> Ending;

    /// Asks the attempt's attendant to stop the tree (soft signal, grace, kill, sweep). Returns at once; the end is told by
    /// [`wait`](Self::wait). Of an attempt that has ended, or never ran, nothing happens.
    async fn stop(&self, attempt: AttemptId, why: StopReason);

    /// Forgets an attempt that has ended: its control folder is removed. Idempotent.
    async fn forget(&self, attempt: AttemptId);

    /// Attempts that have left a control folder behind, running or ended: what a restart looks through.
    async fn remembered(&self) -> Vec<AttemptId>;
}

/// All that is needed to start one agent. It holds the agent's whole environment: nothing is inherited.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LaunchSpec {
    /// The attempt that this run is.
    pub attempt: AttemptId,
    /// Its task: in the marker variables of the agent's environment and in log lines.
    pub task: TaskId,
    /// The attempt's fencing number, refused once a later one is known.
    pub fence: u64,
    /// Absolute path of the program.
    pub program: PathBuf,
    /// Its arguments, without its own name.
    pub args: Vec<String>,
    /// The whole environment. The runner adds `ORCH_ATTEMPT`, the marker by which a left-over process is found.
    pub env: Vec<(String, String)>,
    /// Working folder; exists already.
    pub cwd: PathBuf,
    /// A file to be read as standard input; `/dev/null` otherwise.
    pub stdin: Option<PathBuf>,
    /// Where standard output and error go together, appended. Created if missing, never followed if it is a link.
    pub log: PathBuf,
    /// The most that the agent's output may add to `log`, in bytes: the beginning and the end are kept, what was left out is said between.
    pub log_limit: u64,
    /// Where standard output alone goes too, if the agent's result or usage is read from it.
    pub stdout: Option<PathBuf>,
    /// The most of standard output that is kept there, in bytes; the beginning and the end are kept, as in `log`.
    pub stdout_limit: u64,
    /// What a line of standard output holds that is kept there before others: such lines are written when the beginning has no room left, as long as a
    /// quarter of all has. They can be read while the agent runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stdout_first: Vec<String>,
    /// Wall time from the start of the agent to the soft stop.
    pub time_limit: Duration,
    /// Whether lines of standard output tell for how long people were waited for ([`crate::domain::acp::Waiting`]): the time limit is longer by that.
    #[serde(default)]
    pub asks_people: bool,
    /// For how long the agent may print nothing before it is stopped as at its time limit; none: for ever.
    #[serde(default)]
    pub stall_limit: Option<Duration>,
    /// Signal number of the soft stop, sent to the leader (15: TERM).
    pub soft_signal: i32,
    /// From the soft stop to the kill.
    pub grace: Duration,
    /// Files that must be on disk before the end is recorded (`RESULT.txt` and its like): fsynced if they exist and are plain files.
    pub durable: Vec<PathBuf>,
    /// The largest file that the agent may write, in bytes (`RLIMIT_FSIZE`); none: unlimited.
    pub file_size_limit: Option<u64>,
    /// What it is kept from. An adapter that can't hold a part of it does not start the agent. Specifications of older versions have none.
    #[serde(default)]
    pub walls: Walls,
    /// What is checked once it has ended; none: nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checking: Option<Checking>,
}

/// What an agent is kept from: each part either holds for it and all that it starts, or nothing is started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walls {
    /// The only files that it reaches, and with that: no signals to processes outside, no sockets of theirs without a path, no rights of an
    /// administrator but those over files. None: whatever this account reaches.
    pub files: Option<Reach>,
    /// No sockets but those of the machine's own files.
    pub no_network: bool,
    /// Nothing of this account that is no file: no keys that the kernel keeps for it, no bounds of its other processes.
    #[serde(default)]
    pub no_account: bool,
    /// No sockets of files either, but pairs of its own.
    #[serde(default)]
    pub no_unix_sockets: bool,
    /// The only hosts that it reaches, over a network of its own with one gate in it; its environment names the gate (`HTTPS_PROXY` and its like).
    #[serde(default)]
    pub hosts: Option<Hosts>,
    /// The most memory of the whole tree, in bytes; more ends it.
    pub memory_limit: Option<u64>,
    /// The most processes of the whole tree; more end it.
    pub process_limit: Option<u32>,
    /// The most room on the disk; more ends it.
    #[serde(default)]
    pub disk_limit: Option<DiskLimit>,
}

impl Walls {
    /// Whether it is kept from files, from the network or from other programs. Who is must not have others do it: bounds on what it may take of the machine
    /// are no such walls.
    pub fn keep_it_from_others(&self) -> bool {
        self.files.is_some() || self.no_network || self.no_unix_sockets || self.hosts.is_some()
    }
}

/// How much some folders may hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskLimit {
    /// The most of it, in bytes of the disk's.
    pub bytes: u64,
    /// Looked through with all below them, links apart; files in them that have lost their names count while the tree has them open.
    pub folders: Vec<PathBuf>,
}

/// The files that an agent reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// Files and folders, with all below them, that it reads and runs programs of. What is not there is passed over.
    pub read: Vec<PathBuf>,
    /// The same, that it also writes to, and makes and removes files in.
    pub write: Vec<PathBuf>,
}

/// Why an attempt is stopped from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// A person cancelled the task.
    Cancelled,
    /// Its money has run out.
    OverBudget,
    /// The operator stops everything (`panic`), or the service is ending and waits for nothing.
    Shutdown,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "ended")]
pub enum Ending {
    /// The agent was run and its end was recorded.
    Recorded(ExitRecord),
    /// Its attendant was killed before it could record the end: INTERRUPTED. Nothing of the tree is left that could be found.
    Lost,
    /// What was written down of it was removed while it ran, by the agent itself perhaps: INTERRUPTED. It was ended; how it would have, nobody knows.
    Removed,
    /// It was never started and never will be.
    NeverStarted,
}

/// What an attendant writes when all is over: once, durably, before it lets go of the attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitRecord {
    /// The leader's own end.
    pub exit: Exit,
    /// What brought the end about.
    pub cause: Cause,
    /// When the agent was started.
    pub started_at: DateTime<Utc>,
    /// When the leader was gone.
    pub ended_at: DateTime<Utc>,
    /// Processes that had to be killed after the leader was gone.
    pub swept: u32,
    /// Processes that could not be killed within the sweep's bound (uninterruptible sleep).
    pub unkillable: u32,
    /// Bytes of output that were left out of the log.
    pub output_left_out: u64,
    /// CPU time of the whole tree, as far as it was reaped, in milliseconds.
    pub cpu_ms: u64,
    /// Largest resident set of one process of the tree, in KiB.
    pub peak_rss_kib: u64,
    /// What was checked after it; none: nothing was to be, or the agent had not ended well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked: Option<CheckedWork>,
    /// What it asked for over its gate and was refused, each once with the reason, as `evil.example:443, which is not among its hosts`; the first few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused_hosts: Vec<String>,
}

/// How the leader went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

/// What brought an attempt's end about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The agent ended by itself.
    Itself,
    /// Its time limit.
    TimeLimit,
    /// It had printed nothing for so long.
    Stalled {
        /// The silence that was too long, in milliseconds.
        quiet_ms: u64,
    },
    /// A stop from outside.
    Stopped,
    /// Its tree took more memory than it may.
    Memory,
    /// Its tree had more processes than it may.
    Processes,
    /// Its folders held more than they may.
    Disk,
}

/// What is known of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its attendant lives.
    Running,
    /// Held by an attendant that this process can't see (another pid namespace): wait, never adopt, never run again.
    HeldElsewhere,
    /// It has ended.
    Ended(Ending),
    /// Nothing was started, and from now on nothing will be.
    NeverStarted,
}

/// An agent did not start.
#[derive(Debug, Error)]
pub enum LaunchError {
    /// The program is not there or may not be run: trying again is of no use.
    #[error("agent program `{program}` could not be started: {reason}")]
    Program {
        /// The path that was tried.
        program: String,
        /// The system's reason.
        reason: String,
    },
    /// The machine refused (processes, memory, descriptors) or the nursery was gone: a later try may do.
    #[error("the agent could not be started just now: {reason}")]
    Machine {
        /// What was refused.
        reason: String,
    },
    /// A later attempt of this step is known: this one must not run.
    #[error("{attempt} was overtaken and does not start")]
    Overtaken {
        /// The late attempt.
        attempt: AttemptId,
    },
}

impl LaunchError {
    /// Whether the same launch may succeed later. Exhaustive on purpose: a new variant does not compile until someone decides this.
    pub fn may_be_retried(&self) -> bool {
        match self {
            Self::Machine { .. } => true,
            Self::Program { .. } | Self::Overtaken { .. } => false,
        }
    }
}
