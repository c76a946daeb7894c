//! What each row of the store holds.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::{
    agent::AgentName,
    attempt::{AttemptState, Outcome, Report},
    card::Card,
    id::{AttemptId, ChannelId, InstanceId, LetterId, MarkId, MessageId, ParcelId, StepId, TaskId},
    lease::{Fence, Lease},
    money::{CostFrom, Usage, Usd},
    outbound::{Address, Class, Letter, LetterState, Mark, MarkState, Post, Progress},
    step::StepState,
    task::{FollowUp, MessageRef, Priority, Task},
};
use crate::ports::agent_runner::StopReason;

/// What was heard from a source, once: the key to "exactly once".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntakeRow {
    /// `message`, `interaction`, `cli`, …
    pub source: String,
    /// The source's own id.
    pub key: String,
    /// SHA-256 of what was asked, in hexadecimal digits.
    pub body_hash: String,
    /// The task that it became.
    pub task: TaskId,
}

/// A task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRow {
    /// What was asked.
    pub task: Task,
    /// Its message: its source, or the one that we posted for it.
    pub message: Option<MessageRef>,
    /// Its first entry in #results, once that stands.
    pub entry: Option<MessageRef>,
    /// When it ended, and how, if it has.
    pub ended: Option<(DateTime<Utc>, Outcome)>,
}

/// A step: of a task without a plan, its only one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRow {
    /// Its key; given by the store at insertion (whatever stands here then is ignored).
    pub id: StepId,
    /// Its task.
    pub task: TaskId,
    /// Its requester's lane.
    pub lane: String,
    /// What it is doing.
    pub state: StepState,
    /// How soon it should run.
    pub priority: Priority,
    /// Gates that must be open for it to run.
    pub gates: Vec<String>,
    /// Counted attempts so far.
    pub attempts: u32,
    /// Counted attempts that it may have.
    pub attempts_allowed: u32,
    /// Launches since the last counted attempt that failed before the agent started.
    pub failed_launches: u32,
    /// The fencing number of its latest attempt.
    pub fence: Fence,
    /// Grows with each change; a change names the version that it was made from.
    pub version: u64,
}

/// One requester's waiting tasks. Lanes share the slots by stride: the lane with the smallest pass is next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneRow {
    /// Its requester.
    pub id: String,
    /// Its share, compared with others.
    pub weight: u32,
    /// How much it has had, in strides.
    pub pass: u64,
    /// Its steps that run.
    pub running: u32,
    /// How many of its steps may run at once.
    pub cap: u32,
    /// Its steps that are ready.
    pub ready: u32,
    /// The highest priority among these.
    pub head: Priority,
}

/// Something that only so many steps may hold at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateRow {
    /// `agent:<name>`, `instance:<id>`, …
    pub name: String,
    /// Steps that hold it.
    pub held: u32,
    /// How many may; `None`: any number.
    pub cap: Option<u32>,
    /// Closed by hand.
    pub paused: bool,
}

/// One run of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRow {
    /// Its name.
    pub id: AttemptId,
    /// Its step.
    pub step: StepId,
    /// Its task.
    pub task: TaskId,
    /// Which counted attempt it is (or would be), from 1.
    pub number: u32,
    /// Its fencing number.
    pub fence: Fence,
    /// Who holds it.
    pub lease: Lease,
    /// Where it is.
    pub state: AttemptState,
    /// The name of its workspace, `agent-<unix seconds>-<random>`: what people see as the agent's id.
    pub agent_id: String,
    /// Its agent definition.
    pub agent: AgentName,
    /// Which of the instance's slots it fills, from 1.
    pub slot: u32,
    /// A stop that was asked for, and by whom.
    pub stop: Option<(StopReason, String)>,
    /// What came of it, once it has ended.
    pub report: Option<Report>,
    /// When it was claimed.
    pub claimed_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Whether its workspace has been removed (or never was made).
    pub workspace_removed: bool,
}

/// What is looked at of a live attempt again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveHead {
    /// Its name.
    pub id: AttemptId,
    /// Which of the instance's slots it fills, from 1.
    pub slot: u32,
    /// Whether its agent was started.
    pub runs: bool,
    /// A stop that was asked for, and by whom.
    pub stop: Option<(StopReason, String)>,
}

/// One line of the ledger: an ended attempt and its money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRow {
    /// The attempt.
    pub attempt: AttemptId,
    /// Its task.
    pub task: TaskId,
    /// Who asked, as a lane.
    pub lane: String,
    /// Who asked, as he was called then.
    pub requester: String,
    /// The channel in which the task stands; `None`: it came from where there is no Discord.
    pub channel: Option<ChannelId>,
    /// The instance on which it ran.
    pub instance: InstanceId,
    /// The agent definition.
    pub agent: AgentName,
    /// The model that answered, as its agent names it, else the full id of the one that was asked for.
    pub model: Option<String>,
    /// The day on which it ended, UTC.
    pub day: NaiveDate,
    /// Its cost; `None`: unknown.
    pub cost: Option<Usd>,
    /// Whose figure that is; `None`: there is none, or nobody noted it.
    pub cost_from: Option<CostFrom>,
    /// Its tokens; `None`: unknown.
    pub usage: Option<Usage>,
}

/// A letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterRow {
    /// Its key; given by the store at insertion.
    pub id: LetterId,
    /// To where.
    pub to: Address,
    /// What it yields to.
    pub class: Class,
    /// What it says.
    pub letter: Letter,
    /// Its task, if it is about one.
    pub task: Option<TaskId>,
    /// Where it is.
    pub state: LetterState,
    /// When it was written.
    pub written_at: DateTime<Utc>,
}

/// A parcel: one request with its letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParcelRow {
    /// Its name and nonce.
    pub id: ParcelId,
    /// To where.
    pub to: Address,
    /// The class of its letters.
    pub class: Class,
    /// Its letters, in their order.
    pub letters: Vec<LetterId>,
    /// Its frozen body; emptied when it is over.
    pub post: Post,
    /// How far it has come.
    pub progress: Progress,
    /// Whether it is over (delivered or given up).
    pub over: bool,
}

/// A reaction that is to be put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkRow {
    /// Its key; given by the store at insertion.
    pub id: MarkId,
    /// What, on which message, what for.
    pub mark: Mark,
    /// Where it is.
    pub state: MarkState,
    /// How far it has come.
    pub progress: Progress,
}

/// The card of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardRow {
    /// Its task.
    pub task: TaskId,
    /// Where it stands, or is to stand.
    pub channel: ChannelId,
    /// Its message, once it is posted.
    pub message: Option<MessageId>,
    /// When something is to be sent for it; `None`: nothing is.
    pub due_at: Option<DateTime<Utc>>,
    /// Its task merely waits for its turn, as it has from the beginning; `None`: it has had its turn, needs somebody, or has ended.
    pub turn: Option<Turn>,
    /// The rest.
    pub card: Card,
}

/// How soon the turn of a task may come that has never run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Whether it is near, and the card therefore shown.
    pub near: bool,
    /// The highest comes first.
    pub priority: Priority,
    /// Of these the smallest, which is the oldest.
    pub step: StepId,
}

impl CardRow {
    /// What goes first of several: one of the constants below.
    pub fn rank(&self) -> u8 {
        match (self.card.face_is_behind(), self.message) {
            (true, Some(_)) => Self::BEHIND,
            (true, None) if self.turn.is_some() => Self::WAITING,
            (true, None) => Self::UNPOSTED,
            (false, _) => Self::OTHER,
        }
    }

    /// The card stands and is behind its task.
    pub const BEHIND: u8 = 0;
    /// The card is to be posted, and its task runs, needs somebody, or has ended.
    pub const UNPOSTED: u8 = 1;
    /// A thread is to be started, a sheet to be shown, a live card to be looked at.
    pub const OTHER: u8 = 2;
    /// The card is to be posted, and its task merely waits for its turn.
    pub const WAITING: u8 = 3;
}

/// Something said in a task's thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowUpRow {
    /// The task.
    pub task: TaskId,
    /// The counted attempt that was told it; `None`: none yet.
    pub told_to: Option<u32>,
    /// What was said.
    pub said: FollowUp,
}

/// Which tasks a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskFilter {
    /// Only open ones, only ended ones, or both.
    pub open: Option<bool>,
    /// Only of this lane.
    pub lane: Option<String>,
    /// Only tasks accepted before this one (the cursor of a page).
    pub before: Option<TaskId>,
    /// At most so many.
    pub limit: u32,
}

/// How many of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Steps that wait for their turn, parked and delayed ones included.
    pub waiting: u64,
    /// Steps that are held or asked about.
    pub blocked: u64,
    /// Steps that run.
    pub running: u64,
    /// Tasks that have ended.
    pub ended: u64,
    /// Letters that are not yet delivered.
    pub letters: u64,
    /// Letters that will not be delivered.
    pub undeliverable: u64,
}
