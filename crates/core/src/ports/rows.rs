//! Rows of the store: what a row holds, and the operations that a promise is written with. Adapters supply rows, not rules.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::{
    agent::AgentName,
    attempt::{AttemptState, Outcome, Report},
    card::Card,
    id::{AttemptId, ChannelId, InstanceId, LetterId, MarkId, MessageId, ParcelId, StepId, TaskId},
    journal::Event,
    lease::{Fence, Lease},
    money::{Usage, Usd},
    outbound::{Address, Class, Letter, LetterState, Mark, MarkState, Post, Progress},
    step::StepState,
    task::{FollowUp, MessageRef, Priority, Task},
};
use crate::ports::agent_runner::StopReason;

pub use super::rows_error::RowsError;

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
    /// The agent definition.
    pub agent: AgentName,
    /// The model, as shown.
    pub model: Option<String>,
    /// The day on which it ended, UTC.
    pub day: NaiveDate,
    /// Its cost; `None`: unknown.
    pub cost: Option<Usd>,
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
    /// The rest.
    pub card: Card,
}

impl CardRow {
    /// What goes first of several: 0 where the card itself is behind, 1 where something else is to be sent.
    pub fn rank(&self) -> u8 {
        u8::from(!self.card.face_is_behind())
    }
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

/// What can be looked up. Order is part of each promise.
pub trait Look {
    /// What a source's id became.
    fn intake(&self, source: &str, key: &str) -> Result<Option<IntakeRow>, RowsError>;
    /// One task.
    fn task(&self, id: &TaskId) -> Result<Option<TaskRow>, RowsError>;
    /// The task whose message this is.
    fn task_of_message(&self, message: MessageId) -> Result<Option<TaskId>, RowsError>;
    /// Tasks, newest accepted (inserted) first. A cursor that names no task shows none.
    fn tasks(&self, filter: &TaskFilter) -> Result<Vec<TaskRow>, RowsError>;
    /// How many tasks of a lane are open.
    fn open_tasks(&self, lane: &str) -> Result<u64, RowsError>;
    /// One step.
    fn step(&self, id: StepId) -> Result<Option<StepRow>, RowsError>;
    /// The only step of a task.
    fn step_of(&self, task: &TaskId) -> Result<Option<StepRow>, RowsError>;
    /// One lane.
    fn lane(&self, id: &str) -> Result<Option<LaneRow>, RowsError>;
    /// Of the lanes that have a ready step and are below their cap: highest `head`, then smallest `pass`, then smallest id.
    fn next_lane(&self) -> Result<Option<LaneRow>, RowsError>;
    /// The lane's ready step with the highest priority, then the oldest (smallest id).
    fn first_ready(&self, lane: &str) -> Result<Option<StepRow>, RowsError>;
    /// Ready, parked and delayed steps, highest priority first, then the oldest: what a queue view shows.
    fn waiting_steps(&self, limit: u32) -> Result<Vec<StepRow>, RowsError>;
    /// The step parked on a gate with the highest priority, then the oldest.
    fn first_parked(&self, gate: &str) -> Result<Option<StepRow>, RowsError>;
    /// Delayed steps whose time has come, earliest first.
    fn due_steps(&self, now: DateTime<Utc>, limit: u32) -> Result<Vec<StepRow>, RowsError>;
    /// When the next delayed step is due.
    fn next_due(&self) -> Result<Option<DateTime<Utc>>, RowsError>;
    /// One gate.
    fn gate(&self, name: &str) -> Result<Option<GateRow>, RowsError>;
    /// One attempt.
    fn attempt(&self, id: AttemptId) -> Result<Option<AttemptRow>, RowsError>;
    /// A task's attempts, oldest first, void ones included.
    fn attempts_of(&self, task: &TaskId) -> Result<Vec<AttemptRow>, RowsError>;
    /// The live attempts that an instance holds, oldest first.
    fn live_attempts(&self, instance: &InstanceId) -> Result<Vec<AttemptRow>, RowsError>;
    /// The same attempts, without what was written about them.
    fn live_heads(&self, instance: &InstanceId) -> Result<Vec<LiveHead>, RowsError>;
    /// Ended attempts (not void ones) whose workspace stands, whose result is over (delivered or undeliverable), and which ended before
    /// `before`, oldest first; only those whose outcome is success, or only the others. An attempt's result is the first
    /// [`Letter::Result`] of its task that was inserted after it: one letter speaks for the declared attempts before it too, and an attempt
    /// whose task has had no such letter yet is not listed.
    fn removable_workspaces(&self, succeeded: bool, before: DateTime<Utc>, limit: u32) -> Result<Vec<AttemptRow>, RowsError>;
    /// Billionths of a dollar that attempts which ended on a day have cost, as far as known.
    fn spent_on(&self, day: NaiveDate) -> Result<Usd, RowsError>;
    /// Ledger lines from a day to a day, both included, oldest first.
    fn ledger(&self, from: NaiveDate, to: NaiveDate) -> Result<Vec<LedgerRow>, RowsError>;
    /// One letter.
    fn letter(&self, id: LetterId) -> Result<Option<LetterRow>, RowsError>;
    /// Addresses with a letter that waits or a parcel under way, in their order, each once.
    fn busy_addresses(&self) -> Result<Vec<Address>, RowsError>;
    /// Letters that wait for an address, by class, then oldest first.
    fn waiting_letters(&self, to: Address, limit: u32) -> Result<Vec<LetterRow>, RowsError>;
    /// A task's letters, oldest first.
    fn letters_of(&self, task: &TaskId) -> Result<Vec<LetterRow>, RowsError>;
    /// The parcel that is under way to an address: frozen and not over. At most one is.
    fn parcel_under_way(&self, to: Address) -> Result<Option<ParcelRow>, RowsError>;
    /// One parcel.
    fn parcel(&self, id: &ParcelId) -> Result<Option<ParcelRow>, RowsError>;
    /// Marks for which something is to be sent ([`MarkState::is_open`]), by purpose, then oldest first; also those that are not yet due.
    fn wanted_marks(&self, limit: u32) -> Result<Vec<MarkRow>, RowsError>;
    /// Channels with an open mark, in their order, each once.
    fn marked_channels(&self) -> Result<Vec<ChannelId>, RowsError>;
    /// A channel's open marks whose time has come, by purpose, then oldest first.
    fn due_marks(&self, channel: ChannelId, now: DateTime<Utc>, limit: u32) -> Result<Vec<MarkRow>, RowsError>;
    /// A channel's open marks whose time is to come, earliest due first, then oldest.
    fn later_marks(&self, channel: ChannelId, now: DateTime<Utc>, limit: u32) -> Result<Vec<MarkRow>, RowsError>;
    /// One mark.
    fn mark(&self, id: MarkId) -> Result<Option<MarkRow>, RowsError>;
    /// The mark with this emoji on this message.
    fn mark_on(&self, message: MessageId, emoji: &str) -> Result<Option<MarkRow>, RowsError>;
    /// The card of a task.
    fn card(&self, task: &TaskId) -> Result<Option<CardRow>, RowsError>;
    /// The task whose card's message this is.
    fn card_at(&self, message: MessageId) -> Result<Option<TaskId>, RowsError>;
    /// Channels with a card that has a due time, in their order, each once.
    fn carded_channels(&self) -> Result<Vec<ChannelId>, RowsError>;
    /// The channel's cards of a [rank](CardRow::rank) whose time has come, the earliest first, then by their tasks' ids.
    fn due_cards(&self, channel: ChannelId, rank: u8, now: DateTime<Utc>, limit: u32) -> Result<Vec<CardRow>, RowsError>;
    /// When the channel's next card of a rank is due.
    fn next_card_due(&self, channel: ChannelId, rank: u8) -> Result<Option<DateTime<Utc>>, RowsError>;
    /// What was said in a task's thread, oldest first.
    fn follow_ups_of(&self, task: &TaskId) -> Result<Vec<FollowUpRow>, RowsError>;
    /// A small fact by name: cursors, pauses.
    fn fact(&self, name: &str) -> Result<Option<String>, RowsError>;
    /// How many of what.
    fn counts(&self) -> Result<Counts, RowsError>;
    /// The journal of a task, oldest first.
    fn events_of(&self, task: &TaskId) -> Result<Vec<Event>, RowsError>;
}

/// What can be changed. Every change of a row that is not as expected is [`RowsError::Stale`].
pub trait Rows: Look {
    /// Adds an intake row; [`RowsError::Duplicate`] if its source and key are there.
    fn insert_intake(&mut self, row: &IntakeRow) -> Result<(), RowsError>;
    /// Adds a task; [`RowsError::Duplicate`] if its id is taken or its message is another task's.
    fn insert_task(&mut self, row: &TaskRow) -> Result<(), RowsError>;
    /// Changes a task that is there; [`RowsError::Duplicate`] if its message is another task's.
    fn update_task(&mut self, row: &TaskRow) -> Result<(), RowsError>;
    /// Adds a step and gives it its key.
    fn insert_step(&mut self, row: &StepRow) -> Result<StepId, RowsError>;
    /// Changes a step whose version is still `row.version`, and never its task; the stored version becomes one more, and so does `row.version`.
    fn update_step(&mut self, row: &mut StepRow) -> Result<(), RowsError>;
    /// Adds or replaces a lane.
    fn put_lane(&mut self, row: &LaneRow) -> Result<(), RowsError>;
    /// Adds or replaces a gate.
    fn put_gate(&mut self, row: &GateRow) -> Result<(), RowsError>;
    /// Adds an attempt; [`RowsError::Duplicate`] if its id is taken, or it is live and its step has a live one.
    fn insert_attempt(&mut self, row: &AttemptRow) -> Result<(), RowsError>;
    /// Changes an attempt whose fencing number is `row.fence` and which is live. Its step and task never change.
    fn update_attempt(&mut self, row: &AttemptRow) -> Result<(), RowsError>;
    /// Notes that the workspace of an attempt that is not live is gone; once more does no harm.
    fn forget_workspace(&mut self, id: AttemptId) -> Result<(), RowsError>;
    /// Sets the lease of all live attempts of an instance; returns how many.
    fn renew_leases(&mut self, instance: &InstanceId, until: DateTime<Utc>) -> Result<u64, RowsError>;
    /// Adds a ledger line; [`RowsError::Duplicate`] if its attempt has one.
    fn insert_ledger(&mut self, row: &LedgerRow) -> Result<(), RowsError>;
    /// Adds a letter and gives it its key.
    fn insert_letter(&mut self, row: &LetterRow) -> Result<LetterId, RowsError>;
    /// Sets the state of a letter that is there.
    fn set_letter(&mut self, id: LetterId, state: &LetterState) -> Result<(), RowsError>;
    /// Adds a parcel; [`RowsError::Duplicate`] if its id is taken, or it is not over and one is under way to its address.
    fn insert_parcel(&mut self, row: &ParcelRow) -> Result<(), RowsError>;
    /// Changes a parcel that is there and not over. Its address never changes.
    fn update_parcel(&mut self, row: &ParcelRow) -> Result<(), RowsError>;
    /// Adds a mark and gives it its key; [`RowsError::Duplicate`] if its message has one with its emoji.
    fn insert_mark(&mut self, row: &MarkRow) -> Result<MarkId, RowsError>;
    /// Changes a mark that is there. Its message and emoji never change.
    fn update_mark(&mut self, row: &MarkRow) -> Result<(), RowsError>;
    /// Adds or replaces a task's card.
    fn put_card(&mut self, row: &CardRow) -> Result<(), RowsError>;
    /// Adds what was said in a task's thread; [`RowsError::Duplicate`] if its message is there.
    fn insert_follow_up(&mut self, row: &FollowUpRow) -> Result<(), RowsError>;
    /// Notes that all that was said in a task's thread and was told to no attempt is told to this one.
    fn tell_follow_ups(&mut self, task: &TaskId, attempt: u32) -> Result<(), RowsError>;
    /// Sets a small fact.
    fn put_fact(&mut self, name: &str, value: &str) -> Result<(), RowsError>;
    /// Appends to the journal.
    fn append(&mut self, event: &Event) -> Result<(), RowsError>;
}
