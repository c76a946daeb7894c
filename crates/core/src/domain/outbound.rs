//! What is said to Discord: letters (to be said once), parcels (one request each), marks (reactions).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    attempt::{Outcome, Report},
    component::Row,
    id::{AttemptId, ChannelId, TaskId},
    permission::Question,
    retry::POST_RETRIES,
    task::{MessageRef, Task},
};

/// Something that must be posted once, as facts: wording turns it into text when it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "letter")]
pub enum Letter {
    /// The entry of a finished task in #results; its facts are the attempt's report, or, of a task that never ran, the reason here.
    Result {
        /// The attempt that ended it; none: it never ran.
        attempt: Option<AttemptId>,
        /// Why it never ran.
        unrun: Option<String>,
    },
    /// An agent was started; in #worker-pool.
    Spawned {
        /// The agent id (its workspace's name).
        agent_id: String,
        /// The beginning of the task's text.
        text: String,
    },
    /// An agent has ended; in #worker-pool.
    Finished {
        /// The agent id.
        agent_id: String,
        /// How.
        outcome: Outcome,
    },
    /// The message of a task that began without one; in #task-queue.
    Announcement {
        /// The task.
        task: Box<Task>,
    },
    /// What an attempt has left, told in its task's thread.
    Told {
        /// Which attempt.
        attempt: AttemptId,
    },
    /// A running agent asks whether it may do something.
    Question {
        /// Which message it answers; none: it stands in the task's thread.
        to: Option<MessageRef>,
        /// Whose agent.
        task: TaskId,
        /// What it asks.
        question: Box<Question>,
    },
    /// An answer to a message.
    Reply {
        /// To which.
        to: MessageRef,
        /// The whole text.
        text: String,
    },
    /// Something that an operator must know.
    Operator {
        /// The whole text.
        text: String,
    },
}

/// The facts of a result entry, gathered from the store when it is worded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultFacts {
    /// The task.
    pub task: Task,
    /// The attempt; none: none was ever made.
    pub attempt: Option<AttemptId>,
    /// The agent id (its workspace's name); none: no attempt was ever made.
    pub agent_id: Option<String>,
    /// Which counted attempt it was, from 1; 0: none.
    pub number: u32,
    /// What came of it.
    pub report: Report,
    /// The workspace's path as shown, if there is one.
    pub workspace: Option<String>,
    /// The first entry of this task, which a later one answers.
    pub answers: Option<MessageRef>,
}

/// What goes first when several wait for one channel. Approvals and results pass notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Refusals, questions, operator's news: somebody waits.
    Answer,
    /// Results.
    Result,
    /// Notices.
    Notice,
}

impl Letter {
    /// What it yields to.
    pub fn class(&self) -> Class {
        match self {
            Self::Reply { .. } | Self::Operator { .. } | Self::Announcement { .. } | Self::Told { .. } | Self::Question { .. } => {
                Class::Answer
            }
            Self::Result { .. } => Class::Result,
            Self::Spawned { .. } | Self::Finished { .. } => Class::Notice,
        }
    }
}

/// Which of our tokens speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// The orchestrator's own bot.
    #[default]
    Orchestrator,
    /// The identity of slot 1, 2 or 3.
    Worker(u8),
}

/// Where a letter is on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum LetterState {
    /// Not yet in a parcel.
    Waiting,
    /// In a parcel whose body is frozen.
    Packed,
    /// It stands in Discord.
    Delivered {
        /// There.
        at: MessageRef,
    },
    /// It will not be delivered.
    Undeliverable {
        /// Why.
        reason: String,
    },
}

impl LetterState {
    /// The word for it, in the store.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Packed => "packed",
            Self::Delivered { .. } => "delivered",
            Self::Undeliverable { .. } => "undeliverable",
        }
    }
}

/// One message as it will be posted: frozen with its nonce before the first send.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// The text.
    pub content: String,
    /// Boxes below it.
    pub embeds: Vec<Embed>,
    /// The message that it answers.
    pub reply_to: Option<MessageRef>,
    /// Whether it rings nobody's phone.
    pub silent: bool,
    /// Files that go with it.
    pub files: Vec<PostFile>,
    /// Files of a workspace that go with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<LeftFile>,
    /// Buttons and selects below it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Row>,
}

/// A box in a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Embed {
    /// Its text.
    pub description: String,
    /// Its bar's colour, as 0xRRGGBB.
    pub colour: u32,
}

/// A file that goes with a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostFile {
    /// Its name.
    pub name: String,
    /// Its text; empty until it is sent, where it is a result that stands beside its report.
    pub text: String,
    /// The result that it is, where it is one that stands beside its report: it is read when the message is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<LongResult>,
}

impl PostFile {
    /// A file with a text of its own.
    pub fn of(name: String, text: String) -> Self {
        Self { name, text, result: None }
    }

    /// Its bytes, also where its text is yet to be read.
    pub fn size(&self) -> u64 {
        self.result.map_or(self.text.len() as u64, |result| result.bytes)
    }
}

/// A result that stands beside its report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LongResult {
    /// Whose it is.
    pub attempt: AttemptId,
    /// How many bytes it has.
    pub bytes: u64,
}

/// A file that an agent has left and that goes with a message: it is read when the message is sent, and stands nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftFile {
    /// Its name there.
    pub name: String,
    /// Where it lies, below the agent's working folder.
    pub path: String,
    /// How many bytes it had when it was found.
    pub size: u64,
    /// Whose workspace it is.
    pub agent_id: String,
    /// The task whose working folder it is.
    pub task: TaskId,
    /// What is in it; empty until it is sent.
    #[serde(skip)]
    pub bytes: Vec<u8>,
}

/// How far a parcel or a mark has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Tries so far that failed.
    pub failures: u32,
    /// Not before this time.
    pub due_at: DateTime<Utc>,
    /// When it was sent first, and so since when its nonce protects it.
    pub first_sent_at: Option<DateTime<Utc>>,
    /// The last failure, in words.
    pub last_error: Option<String>,
}

impl Progress {
    /// Whether its tries in quick succession are over, so that it only waits for Discord's return: then, and only then, it may go before its time.
    pub fn waits_for_return(&self) -> bool {
        self.failures > POST_RETRIES
    }
}

/// A reaction that is to stand on a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// On which message.
    pub on: MessageRef,
    /// Which.
    pub emoji: String,
    /// Of which task.
    pub task: Option<TaskId>,
    /// What it stands for.
    pub purpose: Purpose,
}

/// What a mark stands for. The order is the order of sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Claimed: the agent waits for it.
    Claim,
    /// Refused.
    Refusal,
    /// Ended.
    End,
    /// What was said in a thread was heard.
    Heard,
}

/// Where a mark is on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum MarkState {
    /// To be put.
    Wanted,
    /// It stands.
    Put,
    /// To be taken away again: its task is open once more.
    Lifting,
    /// It was taken away.
    Lifted,
    /// It will not stand.
    Impossible {
        /// Why.
        reason: String,
    },
}

impl MarkState {
    /// Whether something is still to be sent for it.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Wanted | Self::Lifting)
    }

    /// The word for it, in the store.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Wanted => "wanted",
            Self::Put => "put",
            Self::Lifting => "lifting",
            Self::Lifted => "lifted",
            Self::Impossible { .. } => "impossible",
        }
    }
}

/// An address for letters: which channel, spoken by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Address {
    /// The channel.
    pub channel: ChannelId,
    /// Who speaks.
    pub identity: Identity,
}
