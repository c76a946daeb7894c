//! The port's changes, each with the table that takes it.

use chrono::{DateTime, Utc};
use orchestrator_core::{
    domain::{
        id::{AttemptId, InstanceId, LetterId, MarkId, StepId, TaskId},
        journal::Event,
        outbound::LetterState,
    },
    ports::rows::{
        AttemptRow, CardRow, FollowUpRow, GateRow, IntakeRow, LaneRow, LedgerRow, LetterRow, MarkRow, ParcelRow, Rows, RowsError, StepRow,
        TaskRow,
    },
};

use super::SqliteRows;

impl Rows for SqliteRows<'_> {
    fn insert_intake(&mut self, row: &IntakeRow) -> Result<(), RowsError> {
        self.add_intake(row)
    }

    fn insert_task(&mut self, row: &TaskRow) -> Result<(), RowsError> {
        self.add_task(row)
    }

    fn update_task(&mut self, row: &TaskRow) -> Result<(), RowsError> {
        self.change_task(row)
    }

    fn insert_step(&mut self, row: &StepRow) -> Result<StepId, RowsError> {
        self.add_step(row)
    }

    fn update_step(&mut self, row: &mut StepRow) -> Result<(), RowsError> {
        self.change_step(row)
    }

    fn put_lane(&mut self, row: &LaneRow) -> Result<(), RowsError> {
        self.write_lane(row)
    }

    fn put_gate(&mut self, row: &GateRow) -> Result<(), RowsError> {
        self.write_gate(row)
    }

    fn insert_attempt(&mut self, row: &AttemptRow) -> Result<(), RowsError> {
        self.add_attempt(row)
    }

    fn update_attempt(&mut self, row: &AttemptRow) -> Result<(), RowsError> {
        self.change_attempt(row)
    }

    fn insert_long_result(&mut self, attempt: AttemptId, text: &str) -> Result<(), RowsError> {
        self.add_long_result(attempt, text)
    }

    fn forget_workspace(&mut self, id: AttemptId) -> Result<(), RowsError> {
        self.remove_workspace(id)
    }

    fn renew_leases(&mut self, instance: &InstanceId, until: DateTime<Utc>) -> Result<u64, RowsError> {
        self.renew(instance, until)
    }

    fn insert_ledger(&mut self, row: &LedgerRow) -> Result<(), RowsError> {
        self.add_ledger(row)
    }

    fn insert_letter(&mut self, row: &LetterRow) -> Result<LetterId, RowsError> {
        self.add_letter(row)
    }

    fn set_letter(&mut self, id: LetterId, state: &LetterState) -> Result<(), RowsError> {
        self.change_letter(id, state)
    }

    fn insert_parcel(&mut self, row: &ParcelRow) -> Result<(), RowsError> {
        self.add_parcel(row)
    }

    fn update_parcel(&mut self, row: &ParcelRow) -> Result<(), RowsError> {
        self.change_parcel(row)
    }

    fn insert_mark(&mut self, row: &MarkRow) -> Result<MarkId, RowsError> {
        self.add_mark(row)
    }

    fn update_mark(&mut self, row: &MarkRow) -> Result<(), RowsError> {
        self.change_mark(row)
    }

    fn put_card(&mut self, row: &CardRow) -> Result<(), RowsError> {
        self.set_card(row)
    }

    fn insert_follow_up(&mut self, row: &FollowUpRow) -> Result<(), RowsError> {
        self.add_follow_up(row)
    }

    fn tell_follow_ups(&mut self, task: &TaskId, attempt: u32) -> Result<(), RowsError> {
        self.tell_follow_ups_of(task, attempt)
    }

    fn put_fact(&mut self, name: &str, value: &str) -> Result<(), RowsError> {
        self.write_fact(name, value)
    }

    fn drop_fact(&mut self, name: &str) -> Result<(), RowsError> {
        self.remove_fact(name)
    }

    fn append(&mut self, event: &Event) -> Result<(), RowsError> {
        self.add_event(event)
    }
}
