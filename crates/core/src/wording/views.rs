//! What is shown of tasks and of the service, as the HTTP interface answers it and the command line prints it: one shape for both ends.
//!
//! Only facts and finished words are in here; whoever fills it in decides what may be seen.

mod asks;
mod deciding;
mod refused;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::figures;
use crate::domain::{
    attempt::Outcome,
    check::{Checked, Finding, WishedCheck},
    id::TaskId,
    isolation::Closer,
    money::{CostFrom, Usage, Usd},
    permission::Asked,
    task::Thinking,
};

pub use self::{
    asks::{PauseAsk, SubmitAsk},
    deciding::{PermitAsk, RaiseAsk},
    refused::{ErrorBody, ErrorCode, FieldIssue},
};

/// One task in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskSummary {
    /// Its id.
    pub id: TaskId,
    /// `waiting`, `delayed`, `parked`, `out_of_quota`, `held`, `asked`, `running`, or how it ended: `succeeded`, `failed`, `timed_out`, `cancelled`,
    /// `interrupted`, `over_budget`.
    pub state: String,
    /// How it ended, if it has.
    pub outcome: Option<Outcome>,
    /// What the checks of its last attempt found; none: there are none, or it has not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<Finding>,
    /// Who asked.
    pub requester: String,
    /// The beginning of what was asked, on one line.
    pub text: String,
    /// The agent definition.
    pub agent: String,
    /// The model that was asked for, as shown.
    pub model: Option<String>,
    /// How hard it thinks.
    pub thinking: Thinking,
    /// 0 to 1,000.
    pub priority: u16,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
    /// When its latest attempt was started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// The number of its latest attempt, from 1.
    pub attempt: Option<u32>,
    /// The id of its latest agent, which is also its workspace's name.
    pub agent_id: Option<String>,
    /// What all its attempts have cost, shown: `$0.001215`, `$0`, `N/A`.
    pub cost: String,
    /// The same in billionths of a dollar; none: unknown.
    pub cost_nanos: Option<i64>,
}

/// One task with all that may be asked of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskDetail {
    /// What a list shows.
    #[serde(flatten)]
    pub summary: TaskSummary,
    /// What the agent is told, whole.
    pub prompt: String,
    /// The model's full id.
    pub model_id: Option<String>,
    /// Wall time of one attempt, in seconds.
    pub time_limit_s: u64,
    /// What it is kept from beyond its agent's definition: `workspace`, `offline` or `closed`; none: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<Closer>,
    /// What all its attempts together may cost, shown; none: no budget of its own.
    #[serde(default)]
    pub budget: Option<String>,
    /// What its work is checked by: names, or commands after `!`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<WishedCheck>,
    /// Why it is as it is, in words: what it waits for, why it failed.
    pub reason: Option<String>,
    /// How its running agent is doing.
    #[serde(default)]
    pub now: Option<NowView>,
    /// What its agent asks, with what was decided.
    #[serde(default)]
    pub asks: Vec<Asked>,
    /// Its place among those that wait, from 1.
    pub queue_position: Option<u64>,
    /// Where it is to be seen.
    pub links: Links,
    /// Its attempts, oldest first.
    pub attempts: Vec<AttemptView>,
    /// The result of its latest ended attempt.
    pub result: Option<ResultView>,
    /// Whether its result entry stands in Discord.
    pub delivered: bool,
    /// What happened to it, oldest first.
    pub events: Vec<EventView>,
}

/// A running agent at this moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NowView {
    /// What it told last of its work: words that it writes, a tool that it uses.
    pub tells: Option<String>,
    /// Tokens so far, as far as it tells.
    pub tokens: Option<Usage>,
    /// What it has cost so far, in billionths of a dollar, as far as it tells.
    pub cost_nanos: Option<i64>,
    /// When its output last grew.
    pub heard_at: DateTime<Utc>,
}

impl NowView {
    /// What it tells, its tokens and its cost so far; `None`: it tells nothing of it.
    pub fn words(&self) -> Option<String> {
        let tokens = self.tokens.as_ref().map(|usage| format!("{} tokens", figures::tokens(Some(usage))));
        let cost = self.cost_nanos.map(|nanos| format!("{} so far", Usd::from_nanos(nanos)));
        let told: Vec<String> = self.tells.clone().into_iter().chain(tokens).chain(cost).collect();
        (!told.is_empty()).then(|| told.join(" · "))
    }
}

/// Where a task is to be seen in Discord.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Links {
    /// Its message.
    pub message: Option<String>,
    /// Its first entry in #results.
    pub result: Option<String>,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptView {
    /// From 1.
    pub number: u32,
    /// `claimed`, `cleared`, `running`, `ended`.
    pub state: String,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Why, in words.
    pub reason: Option<String>,
    /// The agent's id.
    pub agent_id: String,
    /// When it was claimed.
    pub claimed_at: DateTime<Utc>,
    /// When its agent was started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// How long its agent ran, in milliseconds.
    pub duration_ms: Option<u64>,
    /// The model that answered.
    pub model: Option<String>,
    /// Tokens; none: unknown.
    pub tokens: Option<Usage>,
    /// Cost, shown.
    pub cost: String,
    /// The same in billionths of a dollar.
    pub cost_nanos: Option<i64>,
    /// Whose figure that is; none: nobody's, or nobody noted it.
    #[serde(default)]
    pub cost_from: Option<CostFrom>,
    /// What its checks found; none: it has none, or has not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked: Option<Checked>,
    /// Its workspace, while it stands.
    pub workspace: Option<String>,
    /// What a reader should know.
    pub remarks: Vec<String>,
}

/// What an attempt left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultView {
    /// The text, up to the collection bound.
    pub text: String,
    /// Bytes that were left in the workspace.
    pub text_left_out: u64,
    /// The short form.
    pub summary: Option<String>,
    /// Whether it is what there was when the attempt was cut off.
    pub partial: bool,
    /// Named outputs.
    pub outputs: BTreeMap<String, String>,
    /// Files of the workspace, with their sizes.
    pub files: Vec<(String, u64)>,
    /// The end of the log, where there is no success.
    pub log_tail: Option<String>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventView {
    /// When.
    pub at: DateTime<Utc>,
    /// What, in words.
    pub what: String,
}

/// Why a task is where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyView {
    /// The task.
    pub id: TaskId,
    /// What it is doing.
    pub state: String,
    /// What holds it, and what is in its way, as sentences.
    pub why: Vec<String>,
    /// The verbs of the command line that would move it, most likely first.
    pub moves: Vec<String>,
}

/// A page of tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskPage {
    /// Newest first.
    pub tasks: Vec<TaskSummary>,
    /// What `before` has to be for the next page; none: this is the last.
    pub next: Option<TaskId>,
}

/// The service at a glance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusView {
    /// Whether a service answers; otherwise the store was read without one.
    pub service: bool,
    /// Its version.
    pub version: String,
    /// The commit that it was built from.
    pub commit: Option<String>,
    /// Its process.
    pub pid: u32,
    /// Since when it runs.
    pub started_at: Option<DateTime<Utc>>,
    /// The instance's name.
    pub instance: String,
    /// How many agents it runs at once.
    pub slots: u32,
    /// How many of what.
    pub counts: CountsView,
    /// What the day (UTC) has cost so far, shown.
    pub spent_today: String,
    /// The same in billionths of a dollar.
    pub spent_today_nanos: i64,
    /// The most that the day may cost, shown.
    pub daily_budget: Option<String>,
    /// Why nothing is started, if so, as a sentence.
    pub closed: Option<String>,
    /// Whether nothing will happen unless somebody does something: nothing runs, and what waits can't start, or waits for people, money or a quota.
    pub at_rest: bool,
    /// What runs.
    pub running: Vec<TaskSummary>,
    /// What is next.
    pub next: Vec<TaskSummary>,
    /// What an operator must know, as sentences.
    pub troubles: Vec<String>,
}

/// How many of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountsView {
    /// Tasks that wait for their turn.
    pub waiting: u64,
    /// Tasks that are held or asked about.
    pub blocked: u64,
    /// Tasks that run.
    pub running: u64,
    /// Tasks that have ended.
    pub ended: u64,
    /// Posts that wait.
    pub letters: u64,
    /// Posts that will not be delivered.
    pub undeliverable: u64,
}

/// A part of a task's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogChunk {
    /// The agent whose log it is.
    pub agent_id: String,
    /// Its attempt.
    pub attempt: u32,
    /// The text; what is no UTF-8 is replaced.
    pub text: String,
    /// Where in the file the text begins, in bytes.
    pub from: u64,
    /// Where the next part begins.
    pub next: u64,
    /// Whether the attempt has ended: nothing will be added.
    pub ended: bool,
}

/// A task was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// Its id.
    pub id: TaskId,
    /// Whether it is new; otherwise the same was asked before.
    pub new: bool,
    /// What it is doing.
    pub state: String,
}

/// What a verb did to a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// The task.
    pub id: TaskId,
    /// What it is doing now.
    pub state: String,
    /// What was done, as a sentence.
    pub message: String,
}

/// What a reclaim did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reclaimed {
    /// Tasks that will run.
    pub taken: Vec<TaskId>,
    /// Tasks that the store knows: nothing was lost of them.
    pub known: Vec<TaskId>,
    /// Tasks so old that their requester is asked first.
    pub asked: Vec<TaskId>,
    /// Messages that were refused, with a reply there.
    pub refused: Vec<TaskId>,
    /// Messages left alone: ended long ago, or no tasks.
    pub left: u64,
}

/// What a pause did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paused {
    /// How many agents were asked to stop.
    pub stopped: u32,
}

/// Whether the service lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// `ok`.
    pub status: String,
    /// Its process.
    pub pid: u32,
    /// Its version.
    pub version: String,
}
