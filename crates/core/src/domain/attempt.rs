//! One run of a step: where it is, how it ended, what it cost.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    check::Checked,
    money::{CostFrom, Usage, Usd},
    reading::ErrorClass,
    step::Verdict,
};

/// Where an attempt is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum AttemptState {
    /// Claimed; its agent has not been started.
    Launching {
        /// Whether it may start: its ✅ stands, or it needs none.
        cleared: bool,
    },
    /// Its agent runs, or was asked for.
    Running {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Over, with its report.
    Ended {
        /// How.
        outcome: Outcome,
    },
    /// Never became a run: its launch failed before the agent started. It does not count.
    Void,
}

impl AttemptState {
    /// The word for it, in the store.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Launching { cleared: false } => "claimed",
            Self::Launching { cleared: true } => "cleared",
            Self::Running { .. } => "running",
            Self::Ended { .. } => "ended",
            Self::Void => "void",
        }
    }

    /// Whether it still holds its step.
    pub fn is_live(&self) -> bool {
        match self {
            Self::Launching { .. } | Self::Running { .. } => true,
            Self::Ended { .. } | Self::Void => false,
        }
    }
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Exit 0 and a result, or the agent's own rule.
    Succeeded,
    /// Anything else that the agent did by itself.
    Failed,
    /// It reached its time limit.
    TimedOut,
    /// Somebody cancelled it.
    Cancelled,
    /// It was cut off from outside: its attendant was killed, the machine went down.
    Interrupted,
    /// It reached a spend ceiling.
    OverBudget,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Succeeded, Self::Failed, Self::TimedOut, Self::Cancelled, Self::Interrupted, Self::OverBudget];

    /// The tag of its result entry. Source: contract 003 §5.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Succeeded => "SUCCESS",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMEOUT",
            Self::Cancelled => "CANCELLED",
            Self::Interrupted => "INTERRUPTED",
            Self::OverBudget => "OVER BUDGET",
        }
    }

    /// The word for it in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
            Self::OverBudget => "over_budget",
        }
    }

    /// The reaction that its message gets at the end. Source: contract 003 §2.
    pub fn mark(self) -> &'static str {
        match self {
            Self::Succeeded => "🏁",
            Self::Failed | Self::Interrupted | Self::OverBudget => "❌",
            Self::TimedOut => "⏱",
            Self::Cancelled => "🛑",
        }
    }

    /// What becomes of the step when no attempt is left.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Succeeded => Verdict::Done,
            Self::Failed | Self::Interrupted | Self::OverBudget => Verdict::Failed,
            Self::TimedOut => Verdict::TimedOut,
            Self::Cancelled => Verdict::Cancelled,
        }
    }

    /// Whether a further declared attempt may follow by itself. Money that ran out and a person's will are final.
    pub fn may_be_retried(self) -> bool {
        match self {
            Self::Failed | Self::TimedOut => true,
            Self::Succeeded | Self::Cancelled | Self::Interrupted | Self::OverBudget => false,
        }
    }
}

/// All that is known of an attempt that has ended: what its result entry is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// Why, in words; none for a success.
    pub reason: Option<String>,
    /// The result, up to the collection bound.
    pub text: String,
    /// Bytes of the result that were left behind the bound, in the workspace only.
    pub text_left_out: u64,
    /// The short form, if the agent wrote one.
    pub summary: Option<String>,
    /// Whether the result is what there was when the attempt was cut off.
    pub partial: bool,
    /// Named outputs.
    pub outputs: BTreeMap<String, String>,
    /// Files of the workspace that the entry names, by path below the working folder, with their size.
    pub files: Vec<(String, u64)>,
    /// The end of the log, where there is no success.
    pub log_tail: Option<String>,
    /// Tokens; `None`: unknown.
    pub usage: Option<Usage>,
    /// Cost; `None`: unknown.
    pub cost: Option<Usd>,
    /// Whose figure that is; `None`: there is none, or the report is of a time when this was not noted.
    #[serde(default)]
    pub cost_from: Option<CostFrom>,
    /// Whether it can hardly be meant; a remark says why.
    #[serde(default)]
    pub cost_is_doubtful: bool,
    /// The model that answered, where it says so, else the one that was asked for.
    pub model: Option<String>,
    /// From the agent's start to its end; zero if it never ran.
    pub duration: Duration,
    /// Things that a reader should know: processes that had to be killed, output left out, an implausible price.
    pub remarks: Vec<String>,
    /// What the agent's error means, where it ended in one that its definition knows.
    #[serde(default)]
    pub class: Option<ErrorClass>,
    /// The session that the agent kept, by its own name for it.
    #[serde(default)]
    pub session: Option<String>,
    /// When the quota is there again that was used up, where that was why it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resets_at: Option<DateTime<Utc>>,
    /// What its checks found; none: its task has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked: Option<Checked>,
}

impl Report {
    /// A report of an attempt that has no result: cancelled while waiting, never started, lost.
    pub fn without_result(outcome: Outcome, reason: impl Into<String>) -> Self {
        Self {
            outcome,
            reason: Some(reason.into()),
            text: String::new(),
            text_left_out: 0,
            summary: None,
            partial: false,
            outputs: BTreeMap::new(),
            files: Vec::new(),
            log_tail: None,
            usage: None,
            cost: None,
            cost_from: None,
            cost_is_doubtful: false,
            model: None,
            duration: Duration::ZERO,
            remarks: Vec::new(),
            class: None,
            session: None,
            resets_at: None,
            checked: None,
        }
    }

    /// Whether a further declared attempt may follow by itself: a refused key is refused again.
    pub fn may_be_retried(&self) -> bool {
        self.outcome.may_be_retried() && self.class.is_none_or(ErrorClass::may_pass)
    }
}
