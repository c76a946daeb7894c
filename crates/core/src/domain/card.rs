//! Cards: what a task's one message in its channel is to show, and its thread beneath. Desired state, not letters: a thousand changes are one edit.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    attempt::Outcome,
    check::Checked,
    id::{MessageId, TaskId},
    money::{Usage, Usd},
    permission::Asked,
    quota::Wait,
    showing::Showing,
    task::{MessageRef, Task},
};

/// A card's own state, beside where it stands and when it is looked at again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Card {
    /// The task's message, which the card answers; it is not posted before that stands.
    pub anchor: Option<MessageId>,
    /// Grows with each change of the task.
    pub wanted: u64,
    /// What the card shows.
    pub face: Shows,
    /// The thread beneath it; its id is that of the card's message.
    pub thread: Thread,
    /// The sheet: the first message of the thread, with all details and the end of the log.
    pub sheet: Option<MessageId>,
    /// What the sheet shows.
    pub details: Shows,
    /// Tries in a row that failed.
    pub failures: u32,
    /// The last failure, in words.
    pub last_error: Option<String>,
    /// It will not be shown any more, and why: somebody has deleted it, or the bot may not post there.
    pub given_up: Option<String>,
    /// Its task was run again by hand since it was shown last: if somebody has deleted it, it is posted anew.
    pub wanted_again: bool,
    /// How often it was posted anew.
    pub renewed: u32,
    /// The process that is the only one that can have begun to post it, by its own number; `None`: one of a time when none was noted.
    pub begun_by: Option<u64>,
    /// Who was told that he is not heard in its thread, the latest last.
    pub unheard: Vec<Unheard>,
}

/// Somebody who was told why what he says in a task's thread has no effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unheard {
    /// Who, as a lane.
    pub by: String,
    /// The word for the reason.
    pub of: String,
}

/// What one message of a card shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Shows {
    /// The version that was composed for it last; 0: none.
    pub version: u64,
    /// A digest of what stands there: what would look the same is not sent again.
    pub digest: String,
    /// When it was changed last.
    pub at: Option<DateTime<Utc>>,
    /// When it was sent for the first time, and so since when its nonce protects it.
    pub first_sent_at: Option<DateTime<Utc>>,
}

/// A task's thread.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Thread {
    /// There is to be none.
    #[default]
    Unwanted,
    /// It is to be started.
    Wanted,
    /// It is there.
    Open,
    /// It can't be.
    Impossible {
        /// Why.
        reason: String,
    },
}

impl Card {
    /// Whether the card itself is behind the task.
    pub fn face_is_behind(&self) -> bool {
        self.face.version < self.wanted
    }

    /// Whether the sheet in the thread is behind the task.
    pub fn details_are_behind(&self) -> bool {
        self.thread == Thread::Open && self.details.version < self.wanted
    }
}

/// What a card is composed of, gathered from the store when it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardFacts {
    /// The task.
    pub task: Task,
    /// What it is doing.
    pub doing: TaskState,
    /// Counted attempts that have begun.
    pub attempts: u32,
    /// Counted attempts that it may have.
    pub allowed: u32,
    /// What all its attempts have cost, as far as known.
    pub cost: Option<Usd>,
    /// Whether there is an attempt whose cost nobody knows.
    pub cost_has_gaps: bool,
    /// Whether it can hardly be meant; the entry says why.
    pub cost_is_doubtful: bool,
    /// What all its attempts have used, as far as known.
    pub usage: Option<Usage>,
    /// The model that answered last, where it is known.
    pub model: Option<String>,
    /// The latest attempt's agent id (its workspace's name).
    pub agent_id: Option<String>,
    /// When its running agent was last heard, if that is long ago.
    pub quiet_since: Option<DateTime<Utc>>,
    /// What of its agent's isolation this machine can't hold, in one line.
    pub open: Option<String>,
    /// Whether its running agent tells what it uses while it works; `None`: nothing runs.
    pub metered: Option<bool>,
    /// Whether its agent waits for people, and its time stands still.
    pub waits_for_people: bool,
    /// Who took what it had left when its money had run out.
    pub accepted: Option<String>,
    /// What its running agent asks, and waits for.
    pub asked: Vec<Asked>,
    /// What the checks of its last attempt found.
    pub checked: Option<Checked>,
    /// Its entry in #results.
    pub entry: Option<MessageRef>,
    /// Follow-ups that wait for the present attempt's end.
    pub follow_ups: u32,
    /// How much its channel shows.
    pub showing: Showing,
}

/// What a task is doing, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// It waits for its turn.
    Waiting {
        /// Its place, if it is one of the first.
        position: Option<u64>,
    },
    /// It waits for a place at its agent's gate.
    Parked {
        /// Which.
        gate: String,
    },
    /// It waits for its agent's quota.
    OutOfQuota(Wait),
    /// It is tried again later.
    Delayed {
        /// When.
        until: DateTime<Utc>,
    },
    /// Somebody holds it.
    Held,
    /// Its requester is asked whether it is still wanted.
    Asked,
    /// It is claimed; its agent is about to start.
    Claimed,
    /// Its agent works.
    Running {
        /// Since when.
        since: DateTime<Utc>,
        /// When its time is over.
        until: DateTime<Utc>,
    },
    /// Its agent is asked to stop.
    Stopping {
        /// By whom.
        by: String,
        /// Whether that is no person but its money, which has run out; then it tells how.
        out_of_money: bool,
    },
    /// It has ended.
    Ended {
        /// When.
        at: DateTime<Utc>,
        /// How.
        outcome: Outcome,
        /// Why, in words.
        reason: Option<String>,
        /// How long its last attempt ran; zero: none did.
        ran: std::time::Duration,
    },
}

impl CardFacts {
    /// The task's id.
    pub fn id(&self) -> &TaskId {
        &self.task.id
    }
}
