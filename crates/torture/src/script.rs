//! What a history is made of: settings of a world, and operations that are played one after another.
//!
//! Every operation can stand alone: one about a task that is not there, or about a service that does not run, does nothing. So a script
//! stays playable whichever operations are taken out of it.

use serde::{Deserialize, Serialize};

use crate::{
    agents::Agent,
    settings::Settings,
    task::TaskNumber,
    trouble::{Boundary, GatewayFault, Side, Trouble},
};

/// A history before it is played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Script {
    pub(crate) seed: u64,
    pub(crate) settings: Settings,
    pub(crate) ops: Vec<Op>,
}

/// One thing that is done to a world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(crate) enum Op {
    /// The service is started; with a trap it is killed by its own system call.
    Start {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trap: Option<KillAt>,
    },
    /// Waits until the service has a session.
    AwaitOnline,
    Wait {
        ms: u64,
    },
    /// Somebody wants something done.
    Submit {
        task: TaskNumber,
        door: Door,
        by: Who,
        agent: Agent,
        #[serde(default, skip_serializing_if = "Wish::is_sane")]
        wish: Wish,
    },
    /// A task's message is edited; without an agent it becomes nonsense.
    Edit {
        task: TaskNumber,
        agent: Option<Agent>,
    },
    Delete {
        task: TaskNumber,
    },
    React {
        task: TaskNumber,
        by: Who,
        sign: Sign,
    },
    /// The command line controls a task.
    Control {
        task: TaskNumber,
        verb: Verb,
    },
    /// SIGKILL.
    Kill {
        whom: Whom,
    },
    /// SIGKILL of the service when a request reaches its boundary.
    KillAtRequest {
        at: Boundary,
        nth: u32,
        side: Side,
    },
    /// SIGTERM, and a second one if so many milliseconds are given.
    Stop {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        again_ms: Option<u64>,
    },
    Panic,
    Resume,
    /// The cron form: beside a service it is waited for at the end only.
    Once,
    /// A database of a later version is refused, and stays as it is.
    AheadSchema,
    Trouble {
        trouble: Trouble,
    },
    Gateway {
        fault: GatewayFault,
    },
    /// Trouble for a share of all requests and moments of the gateway, until all trouble is over.
    Storm {
        seed: u64,
        percent: u8,
    },
    /// All trouble is over.
    Calm,
    /// The machine's clock is so many hours off from now on.
    Clock {
        hours: i64,
    },
}

/// Through which door a task comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Door {
    Message,
    Slash,
    Cli,
}

/// Who does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Who {
    /// May everything.
    Admin,
    /// May submit, and control what is his.
    Operator,
    /// May nothing.
    Stranger,
}

impl Who {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Stranger => "stranger",
        }
    }
}

/// What else a task's text asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Wish {
    #[default]
    None,
    HighPriority,
    LowPriority,
    CheapModel,
    /// Can't be granted: the task is refused.
    UnknownModel,
    /// Can't be granted.
    BadTimeout,
}

impl Wish {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    fn is_sane(&self) -> bool {
        *self == Self::None
    }

    /// Whether it can be granted.
    pub(crate) fn can_be_granted(self) -> bool {
        match self {
            Self::None | Self::HighPriority | Self::LowPriority | Self::CheapModel => true,
            Self::UnknownModel | Self::BadTimeout => false,
        }
    }

    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::None => "",
            Self::HighPriority => "[priority:high] ",
            Self::LowPriority => "[priority:low] ",
            Self::CheapModel => "[model:cheap] ",
            Self::UnknownModel => "[model:chaep] ",
            Self::BadTimeout => "[timeout:soon] ",
        }
    }
}

/// A reaction that a person puts or takes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sign {
    Cancel,
    Again,
    Hold,
    Release,
    /// A person's own ✅, put and taken away: means nothing.
    OwnTick,
    /// A moderator takes our ✅ away: means nothing.
    TakeTick,
}

/// A verb of the command line that controls a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verb {
    Cancel,
    Retry,
    Hold,
    Release,
    /// It waits no longer, for a quota before all.
    Hasten,
    /// What its agent asks for it may do.
    Permit,
    /// It may not.
    Deny,
}

impl Verb {
    /// The command about a task.
    pub(crate) fn command(self, task: &str) -> Vec<&str> {
        match self {
            Self::Cancel => vec!["cancel", task],
            Self::Retry => vec!["retry", task],
            Self::Hold => vec!["hold", task],
            Self::Release => vec!["release", task],
            Self::Hasten => vec!["hasten", task],
            Self::Permit => vec!["permit", task],
            Self::Deny => vec!["permit", task, "--deny"],
        }
    }
}

/// Who is killed, all at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Whom {
    Service,
    Nursery,
    /// All attendants that there are.
    Attendants,
    /// One of them.
    Attendant,
    ServiceAndNursery,
    ServiceAndAttendants,
    NurseryAndAttendants,
    All,
}

impl Whom {
    pub(crate) fn service(self) -> bool {
        matches!(self, Self::Service | Self::ServiceAndNursery | Self::ServiceAndAttendants | Self::All)
    }

    pub(crate) fn nursery(self) -> bool {
        matches!(self, Self::Nursery | Self::ServiceAndNursery | Self::NurseryAndAttendants | Self::All)
    }

    /// How many attendants at most.
    pub(crate) fn attendants(self) -> usize {
        match self {
            Self::Attendant => 1,
            Self::Attendants | Self::ServiceAndAttendants | Self::NurseryAndAttendants | Self::All => usize::MAX,
            Self::Service | Self::Nursery | Self::ServiceAndNursery => 0,
        }
    }
}

/// When, seen from a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Moment {
    Before,
    /// Half of a write has been done.
    Within,
    After,
}

/// A death at the nth call of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KillAt {
    pub(crate) call: SystemCall,
    pub(crate) nth: u32,
    pub(crate) moment: Moment,
    pub(crate) who: TrappedProcess,
}

impl KillAt {
    /// The rule for the interposer.
    pub(crate) fn rule(self) -> String {
        let call = match self.call {
            SystemCall::Sync => "sync",
            SystemCall::Write => "write",
            SystemCall::Fork => "fork",
            SystemCall::Rename => "rename",
            SystemCall::Send => "send",
            SystemCall::Any => "any",
        };
        let who = match self.who {
            TrappedProcess::Service => "orchestrator",
            TrappedProcess::Nursery => "nursery",
            TrappedProcess::Attendant => "attendant",
        };
        let effect = match (self.moment, self.call) {
            (Moment::Before, _) => "kill",
            (Moment::Within, SystemCall::Write) => "torn",
            (Moment::Within | Moment::After, _) => "kill-after",
        };
        format!("{call}@{}/{who}={effect}", self.nth)
    }
}

/// What a process is doing when it dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SystemCall {
    /// A commit: the log of the store is brought to the disk.
    Sync,
    /// A write to the store, to a control file, to a log.
    Write,
    /// A new process.
    Fork,
    Rename,
    /// Something is written to a socket.
    Send,
    /// Any of these, and of those that make, open or remove files.
    Any,
}

/// Who dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TrappedProcess {
    Service,
    Nursery,
    Attendant,
}

/// The first line of an operations file.
#[derive(Serialize, Deserialize)]
struct Head {
    seed: u64,
    settings: Settings,
}

/// A text that is no operations file.
#[derive(Debug, thiserror::Error)]
#[error("line {line} of the operations file can't be read: {source}")]
pub(crate) struct Unreadable {
    line: usize,
    source: serde_json::Error,
}

impl Script {
    /// The script as a file: the settings, then one operation a line.
    pub(crate) fn to_text(&self) -> String {
        let head = serde_json::to_string(&Head { seed: self.seed, settings: self.settings.clone() });
        let lines = std::iter::once(head).chain(self.ops.iter().map(serde_json::to_string));
        lines.map(|line| line.unwrap_or_default() + "\n").collect()
    }

    /// Reads what [`to_text`](Self::to_text) has written. Empty lines and those that begin with `#` are left out.
    pub(crate) fn from_text(text: &str) -> Result<Self, Unreadable> {
        let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
        let (line, first) = lines.next().unwrap_or((1, ""));
        let Head { seed, settings } = serde_json::from_str(first).map_err(|source| Unreadable { line, source })?;
        let ops = lines.map(|(line, text)| serde_json::from_str(text).map_err(|source| Unreadable { line, source }));
        Ok(Self { seed, settings, ops: ops.collect::<Result<_, _>>()? })
    }
}
