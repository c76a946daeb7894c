//! Rows of the store: the operations that a promise is written with. Adapters supply rows, not rules.

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::{
    id::{AttemptId, ChannelId, InstanceId, LetterId, MarkId, MessageId, ParcelId, StepId, TaskId},
    journal::Event,
    money::Usd,
    outbound::{Address, LetterState},
};

pub use super::{
    row::{
        AttemptRow, CardRow, Counts, FollowUpRow, GateRow, IntakeRow, LaneRow, LedgerRow, LetterRow, LiveHead, MarkRow, ParcelRow, StepRow,
        TaskFilter, TaskRow, Turn,
    },
    rows_error::RowsError,
};

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
    /// The gates at which steps are parked whose names begin so, in order; at most ten thousand.
    fn parked_at(&self, beginning: &str) -> Result<Vec<String>, RowsError>;
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
    /// The result that was set aside of an attempt's report, whole; `None`: none was.
    fn long_result(&self, attempt: AttemptId) -> Result<Option<String>, RowsError>;
    /// The live attempts that an instance holds, oldest first.
    fn live_attempts(&self, instance: &InstanceId) -> Result<Vec<AttemptRow>, RowsError>;
    /// The same attempts, without what was written about them.
    fn live_heads(&self, instance: &InstanceId) -> Result<Vec<LiveHead>, RowsError>;
    /// Ended attempts (not void ones) whose workspace stands, whose result is over (delivered or undeliverable), and which ended before
    /// `before`, oldest first; only those whose outcome is success, or only the others. An attempt's result is the first
    /// [`Letter::Result`](crate::domain::outbound::Letter::Result) of its task that was inserted after it: one letter speaks for the declared attempts before it too, and an attempt
    /// whose task has had no such letter yet is not listed.
    fn removable_workspaces(&self, succeeded: bool, before: DateTime<Utc>, limit: u32) -> Result<Vec<AttemptRow>, RowsError>;
    /// Billionths of a dollar that attempts which ended on a day have cost, as far as known.
    fn spent_on(&self, day: NaiveDate) -> Result<Usd, RowsError>;
    /// Shows ledger lines from a day to a day, both included, by day, then oldest first; only those of a lane, if one is named. One after
    /// another: a ledger may be longer than fits.
    fn each_ledger_line(
        &self,
        lane: Option<&str>,
        from: NaiveDate,
        to: NaiveDate,
        each: &mut dyn FnMut(LedgerRow),
    ) -> Result<(), RowsError>;
    /// The same lines of all lanes, together.
    fn ledger(&self, from: NaiveDate, to: NaiveDate) -> Result<Vec<LedgerRow>, RowsError> {
        let mut lines = Vec::new();
        self.each_ledger_line(None, from, to, &mut |line| lines.push(line))?;
        Ok(lines)
    }
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
    /// Marks for which something is to be sent ([`MarkState::is_open`](crate::domain::outbound::MarkState::is_open)), by purpose, then oldest first; also those that are not yet due.
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
    /// How many of a channel's cards have a [turn](CardRow::turn) that is near; not counted beyond `most`.
    fn cards_near(&self, channel: ChannelId, most: u32) -> Result<u32, RowsError>;
    /// Of a channel's cards whose turn is not near, the one whose turn comes next.
    fn first_card_far(&self, channel: ChannelId) -> Result<Option<CardRow>, RowsError>;
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
    /// Keeps the result that was set aside of an attempt's report; [`RowsError::Duplicate`] if it has one.
    fn insert_long_result(&mut self, attempt: AttemptId, text: &str) -> Result<(), RowsError>;
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
    /// Removes a small fact; that there is none is no surprise.
    fn drop_fact(&mut self, name: &str) -> Result<(), RowsError>;
    /// Appends to the journal.
    fn append(&mut self, event: &Event) -> Result<(), RowsError>;
}
