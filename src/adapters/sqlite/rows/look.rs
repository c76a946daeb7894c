//! The port's looks, each with the table that answers it.

use chrono::{DateTime, NaiveDate, Utc};
use orchestrator_core::{
    domain::{
        id::{AttemptId, ChannelId, InstanceId, LetterId, MarkId, MessageId, ParcelId, StepId, TaskId},
        journal::Event,
        money::Usd,
        outbound::Address,
    },
    ports::rows::{
        AttemptRow, CardRow, Counts, FollowUpRow, GateRow, IntakeRow, LaneRow, LedgerRow, LetterRow, LiveHead, Look, MarkRow, ParcelRow,
        RowsError, StepRow, TaskFilter, TaskRow,
    },
};

use super::SqliteRows;

impl Look for SqliteRows<'_> {
    fn intake(&self, source: &str, key: &str) -> Result<Option<IntakeRow>, RowsError> {
        self.find_intake(source, key)
    }

    fn task(&self, id: &TaskId) -> Result<Option<TaskRow>, RowsError> {
        self.find_task(id)
    }

    fn task_of_message(&self, message: MessageId) -> Result<Option<TaskId>, RowsError> {
        self.find_task_of_message(message)
    }

    fn tasks(&self, filter: &TaskFilter) -> Result<Vec<TaskRow>, RowsError> {
        self.list_tasks(filter)
    }

    fn open_tasks(&self, lane: &str) -> Result<u64, RowsError> {
        self.count_open_tasks(lane)
    }

    fn step(&self, id: StepId) -> Result<Option<StepRow>, RowsError> {
        self.find_step(id)
    }

    fn step_of(&self, task: &TaskId) -> Result<Option<StepRow>, RowsError> {
        self.find_step_of(task)
    }

    fn lane(&self, id: &str) -> Result<Option<LaneRow>, RowsError> {
        self.find_lane(id)
    }

    fn next_lane(&self) -> Result<Option<LaneRow>, RowsError> {
        self.find_next_lane()
    }

    fn first_ready(&self, lane: &str) -> Result<Option<StepRow>, RowsError> {
        self.find_first_ready(lane)
    }

    fn waiting_steps(&self, limit: u32) -> Result<Vec<StepRow>, RowsError> {
        self.list_waiting_steps(limit)
    }

    fn first_parked(&self, gate: &str) -> Result<Option<StepRow>, RowsError> {
        self.find_first_parked(gate)
    }

    fn parked_at(&self, beginning: &str) -> Result<Vec<String>, RowsError> {
        self.list_parked_gates(beginning)
    }

    fn due_steps(&self, now: DateTime<Utc>, limit: u32) -> Result<Vec<StepRow>, RowsError> {
        self.list_due_steps(now, limit)
    }

    fn next_due(&self) -> Result<Option<DateTime<Utc>>, RowsError> {
        self.find_next_due()
    }

    fn gate(&self, name: &str) -> Result<Option<GateRow>, RowsError> {
        self.find_gate(name)
    }

    fn attempt(&self, id: AttemptId) -> Result<Option<AttemptRow>, RowsError> {
        self.find_attempt(id)
    }

    fn attempts_of(&self, task: &TaskId) -> Result<Vec<AttemptRow>, RowsError> {
        self.list_attempts_of(task)
    }

    fn long_result(&self, attempt: AttemptId) -> Result<Option<String>, RowsError> {
        self.find_long_result(attempt)
    }

    fn live_attempts(&self, instance: &InstanceId) -> Result<Vec<AttemptRow>, RowsError> {
        self.list_live_attempts(instance)
    }

    fn live_heads(&self, instance: &InstanceId) -> Result<Vec<LiveHead>, RowsError> {
        self.list_live_heads(instance)
    }

    fn removable_workspaces(&self, succeeded: bool, before: DateTime<Utc>, limit: u32) -> Result<Vec<AttemptRow>, RowsError> {
        self.list_removable(succeeded, before, limit)
    }

    fn spent_on(&self, day: NaiveDate) -> Result<Usd, RowsError> {
        self.find_spent(day)
    }

    fn each_ledger_line(
        &self,
        lane: Option<&str>,
        from: NaiveDate,
        to: NaiveDate,
        each: &mut dyn FnMut(LedgerRow),
    ) -> Result<(), RowsError> {
        self.show_ledger(lane, from, to, each)
    }

    fn letter(&self, id: LetterId) -> Result<Option<LetterRow>, RowsError> {
        self.find_letter(id)
    }

    fn busy_addresses(&self) -> Result<Vec<Address>, RowsError> {
        self.list_busy_addresses()
    }

    fn waiting_letters(&self, to: Address, limit: u32) -> Result<Vec<LetterRow>, RowsError> {
        self.list_waiting_letters(to, limit)
    }

    fn letters_of(&self, task: &TaskId) -> Result<Vec<LetterRow>, RowsError> {
        self.list_letters_of(task)
    }

    fn parcel_under_way(&self, to: Address) -> Result<Option<ParcelRow>, RowsError> {
        self.find_parcel_under_way(to)
    }

    fn parcel(&self, id: &ParcelId) -> Result<Option<ParcelRow>, RowsError> {
        self.find_parcel(id)
    }

    fn wanted_marks(&self, limit: u32) -> Result<Vec<MarkRow>, RowsError> {
        self.list_wanted_marks(limit)
    }

    fn marked_channels(&self) -> Result<Vec<ChannelId>, RowsError> {
        self.list_marked_channels()
    }

    fn due_marks(&self, channel: ChannelId, now: DateTime<Utc>, limit: u32) -> Result<Vec<MarkRow>, RowsError> {
        self.list_due_marks(channel, now, limit)
    }

    fn later_marks(&self, channel: ChannelId, now: DateTime<Utc>, limit: u32) -> Result<Vec<MarkRow>, RowsError> {
        self.list_later_marks(channel, now, limit)
    }

    fn mark(&self, id: MarkId) -> Result<Option<MarkRow>, RowsError> {
        self.find_mark(id)
    }

    fn mark_on(&self, message: MessageId, emoji: &str) -> Result<Option<MarkRow>, RowsError> {
        self.find_mark_on(message, emoji)
    }

    fn card(&self, task: &TaskId) -> Result<Option<CardRow>, RowsError> {
        self.find_card(task)
    }

    fn card_at(&self, message: MessageId) -> Result<Option<TaskId>, RowsError> {
        self.find_card_at(message)
    }

    fn carded_channels(&self) -> Result<Vec<ChannelId>, RowsError> {
        self.list_carded_channels()
    }

    fn due_cards(&self, channel: ChannelId, rank: u8, now: DateTime<Utc>, limit: u32) -> Result<Vec<CardRow>, RowsError> {
        self.list_due_cards(channel, rank, now, limit)
    }

    fn next_card_due(&self, channel: ChannelId, rank: u8) -> Result<Option<DateTime<Utc>>, RowsError> {
        self.find_next_card_due(channel, rank)
    }

    fn cards_near(&self, channel: ChannelId, most: u32) -> Result<u32, RowsError> {
        self.count_cards_near(channel, most)
    }

    fn first_card_far(&self, channel: ChannelId) -> Result<Option<CardRow>, RowsError> {
        self.find_first_card_far(channel)
    }

    fn follow_ups_of(&self, task: &TaskId) -> Result<Vec<FollowUpRow>, RowsError> {
        self.list_follow_ups_of(task)
    }

    fn fact(&self, name: &str) -> Result<Option<String>, RowsError> {
        self.find_fact(name)
    }

    fn counts(&self) -> Result<Counts, RowsError> {
        self.count_all()
    }

    fn events_of(&self, task: &TaskId) -> Result<Vec<Event>, RowsError> {
        self.list_events_of(task)
    }
}
