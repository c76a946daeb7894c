//! The append-only journal: what happened, to which task, when.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    attempt::Outcome,
    id::{AttemptId, TaskId},
    permission::Answer,
};

/// One row of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: DateTime<Utc>,
    /// Of which task; none: of the service.
    pub task: Option<TaskId>,
    /// Of which attempt.
    pub attempt: Option<AttemptId>,
    /// What.
    pub what: What,
}

/// What happened. Never holds prompts, results or secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum What {
    /// A task was accepted.
    Accepted {
        /// Who asked.
        by: String,
    },
    /// Its text was changed before it was claimed.
    Edited,
    /// Its message was changed after it was claimed: without effect.
    EditIgnored,
    /// An instance took it.
    Claimed {
        /// Which attempt it is, from 1.
        number: u32,
    },
    /// Its ✅ stands.
    Marked,
    /// Its agent was started.
    Launched,
    /// Its launch failed and does not count.
    LaunchFailed {
        /// Why.
        reason: String,
    },
    /// A restarted service found its agent running.
    Adopted,
    /// An attempt ended.
    Ended {
        /// How.
        outcome: Outcome,
        /// Its cost in billionths of a dollar, if known.
        cost_nanos: Option<i64>,
    },
    /// Somebody asked that it be stopped.
    StopAsked {
        /// Who.
        by: String,
    },
    /// What it may cost is spent: it is stopped.
    OutOfMoney {
        /// By which ceiling.
        why: String,
    },
    /// Most of what it may cost is spent.
    NearlyOutOfMoney {
        /// By which ceiling.
        why: String,
    },
    /// What it has left is taken as its result, though its money had run out.
    TakenAsItIs {
        /// Who said so.
        by: String,
    },
    /// It may cost more.
    Raised {
        /// Who said so.
        by: String,
        /// In all, in billionths of a dollar.
        to_nanos: i64,
    },
    /// Its agent asks whether it may do something.
    AskedPermission {
        /// Which of its questions.
        number: u32,
    },
    /// Somebody has decided it.
    Permitted {
        /// Who.
        by: String,
        /// Which question.
        number: u32,
        /// How.
        answer: Answer,
    },
    /// Nobody has, in time: it was denied.
    PermissionExpired {
        /// Which question.
        number: u32,
    },
    /// Its agent has told that its quota is used up.
    QuotaUsedUp {
        /// Whose.
        credential: String,
        /// Until when.
        until: DateTime<Utc>,
    },
    /// Another agent takes it, because its own has no quota.
    GoesToAnother {
        /// The agent that it had.
        from: String,
        /// The one that takes it.
        to: String,
    },
    /// Somebody said that a quota is there again.
    QuotaIsBack {
        /// Whose.
        credential: String,
        /// Who said so.
        by: String,
    },
    /// Somebody holds it.
    Held {
        /// Who.
        by: String,
    },
    /// Its hold was lifted.
    Released {
        /// Who.
        by: String,
    },
    /// Somebody wants it run again.
    Retried {
        /// Who.
        by: String,
    },
    /// Somebody wants it tried again now, and not later.
    Hastened {
        /// Who.
        by: String,
    },
    /// Somebody said in its thread how it is to go on.
    FollowedUp {
        /// Who.
        by: String,
    },
    /// It is so old that its requester is asked.
    Asked,
    /// Its result entry stands in Discord.
    Delivered,
    /// Its result entry could not be delivered and will not be.
    Undeliverable {
        /// Why.
        reason: String,
    },
    /// Its workspace was removed.
    WorkspaceRemoved,
    /// A late writer with an old fencing number was refused.
    LateWriterRefused,
    /// Claims were stopped.
    Paused {
        /// Who, and why.
        by: String,
    },
    /// Claims go on.
    Resumed {
        /// Who.
        by: String,
    },
}
