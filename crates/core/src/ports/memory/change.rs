//! What can be changed in memory, with the refusals that every adapter gives.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Attempt, Tables, next};
use crate::{
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

impl Rows for Tables {
    fn insert_intake(&mut self, row: &IntakeRow) -> Result<(), RowsError> {
        let key = (row.source.clone(), row.key.clone());
        if self.intake.contains_key(&key) {
            return Err(RowsError::duplicate("intake", &format!("{}/{}", row.source, row.key)));
        }
        Arc::make_mut(&mut self.intake).insert(key, row.clone());
        Ok(())
    }

    fn insert_task(&mut self, row: &TaskRow) -> Result<(), RowsError> {
        if self.tasks.values().any(|other| other.task.id == row.task.id) || self.message_is_taken(row) {
            return Err(RowsError::duplicate("task", &row.task.id));
        }
        let seq = next(&self.tasks);
        Arc::make_mut(&mut self.tasks).insert(seq, row.clone());
        Ok(())
    }

    fn update_task(&mut self, row: &TaskRow) -> Result<(), RowsError> {
        let Some(seq) = self.tasks.iter().find(|(_, old)| old.task.id == row.task.id).map(|(seq, _)| *seq) else {
            return Err(RowsError::stale("task", &row.task.id));
        };
        if self.message_is_taken(row) {
            return Err(RowsError::duplicate("task", &row.task.id));
        }
        Arc::make_mut(&mut self.tasks).insert(seq, row.clone());
        Ok(())
    }

    fn insert_step(&mut self, row: &StepRow) -> Result<StepId, RowsError> {
        let id = StepId(self.steps.last_key_value().map_or(1, |(last, _)| last.0 + 1));
        Arc::make_mut(&mut self.steps).insert(id, StepRow { id, ..row.clone() });
        Ok(id)
    }

    fn update_step(&mut self, row: &mut StepRow) -> Result<(), RowsError> {
        let is_as_read = self.steps.get(&row.id).is_some_and(|old| old.version == row.version && old.task == row.task);
        if !is_as_read {
            return Err(RowsError::stale("step", &row.id.0));
        }
        row.version += 1;
        Arc::make_mut(&mut self.steps).insert(row.id, row.clone());
        Ok(())
    }

    fn put_lane(&mut self, row: &LaneRow) -> Result<(), RowsError> {
        Arc::make_mut(&mut self.lanes).insert(row.id.clone(), row.clone());
        Ok(())
    }

    fn put_gate(&mut self, row: &GateRow) -> Result<(), RowsError> {
        Arc::make_mut(&mut self.gates).insert(row.name.clone(), row.clone());
        Ok(())
    }

    fn insert_attempt(&mut self, row: &AttemptRow) -> Result<(), RowsError> {
        let collides = |old: &AttemptRow| old.id == row.id || (row.state.is_live() && old.state.is_live() && old.step == row.step);
        if self.attempts.values().any(|attempt| collides(&attempt.row)) {
            return Err(RowsError::duplicate("attempt", &row.id));
        }
        let (seq, letters_from) = (next(&self.attempts), self.next_letter());
        Arc::make_mut(&mut self.attempts).insert(seq, Attempt { row: row.clone(), letters_from });
        Ok(())
    }

    fn update_attempt(&mut self, row: &AttemptRow) -> Result<(), RowsError> {
        let is_it = |old: &AttemptRow| {
            old.id == row.id && old.fence == row.fence && old.state.is_live() && old.step == row.step && old.task == row.task
        };
        match Arc::make_mut(&mut self.attempts).values_mut().find(|attempt| is_it(&attempt.row)) {
            Some(attempt) => attempt.row = row.clone(),
            None => return Err(RowsError::stale("attempt", &row.id)),
        }
        Ok(())
    }

    fn insert_long_result(&mut self, attempt: AttemptId, text: &str) -> Result<(), RowsError> {
        if self.long_results.contains_key(&attempt) {
            return Err(RowsError::duplicate("long_result", &attempt));
        }
        Arc::make_mut(&mut self.long_results).insert(attempt, text.to_owned());
        Ok(())
    }

    fn forget_workspace(&mut self, id: AttemptId) -> Result<(), RowsError> {
        let is_it = |old: &AttemptRow| old.id == id && !old.state.is_live();
        match Arc::make_mut(&mut self.attempts).values_mut().find(|attempt| is_it(&attempt.row)) {
            Some(attempt) => attempt.row.workspace_removed = true,
            None => return Err(RowsError::stale("attempt", &id)),
        }
        Ok(())
    }

    fn renew_leases(&mut self, instance: &InstanceId, until: DateTime<Utc>) -> Result<u64, RowsError> {
        let mut renewed = 0;
        for Attempt { row, .. } in Arc::make_mut(&mut self.attempts).values_mut() {
            if row.state.is_live() && row.lease.instance == *instance {
                row.lease.until = until;
                renewed += 1;
            }
        }
        Ok(renewed)
    }

    fn insert_ledger(&mut self, row: &LedgerRow) -> Result<(), RowsError> {
        if self.ledger.values().any(|old| old.attempt == row.attempt) {
            return Err(RowsError::duplicate("ledger", &row.attempt));
        }
        let seq = next(&self.ledger);
        Arc::make_mut(&mut self.ledger).insert(seq, row.clone());
        Ok(())
    }

    fn insert_letter(&mut self, row: &LetterRow) -> Result<LetterId, RowsError> {
        let id = self.next_letter();
        Arc::make_mut(&mut self.letters).insert(id, LetterRow { id, ..row.clone() });
        Ok(id)
    }

    fn set_letter(&mut self, id: LetterId, state: &LetterState) -> Result<(), RowsError> {
        match Arc::make_mut(&mut self.letters).get_mut(&id) {
            Some(row) => row.state = state.clone(),
            None => return Err(RowsError::stale("letter", &id.0)),
        }
        Ok(())
    }

    fn insert_parcel(&mut self, row: &ParcelRow) -> Result<(), RowsError> {
        let collides = |old: &ParcelRow| old.id == row.id || (!row.over && !old.over && old.to == row.to);
        if self.parcels.values().any(collides) {
            return Err(RowsError::duplicate("parcel", &row.id));
        }
        Arc::make_mut(&mut self.parcels).insert(row.id.clone(), row.clone());
        Ok(())
    }

    fn update_parcel(&mut self, row: &ParcelRow) -> Result<(), RowsError> {
        match Arc::make_mut(&mut self.parcels).get_mut(&row.id) {
            Some(old) if !old.over && old.to == row.to => *old = row.clone(),
            Some(_) | None => return Err(RowsError::stale("parcel", &row.id)),
        }
        Ok(())
    }

    fn insert_mark(&mut self, row: &MarkRow) -> Result<MarkId, RowsError> {
        let (message, emoji) = (row.mark.on.message, &row.mark.emoji);
        if self.marks.values().any(|old| old.mark.on.message == message && old.mark.emoji == *emoji) {
            return Err(RowsError::duplicate("mark", &format!("{emoji} on {message}")));
        }
        let id = MarkId(self.marks.last_key_value().map_or(1, |(last, _)| last.0 + 1));
        Arc::make_mut(&mut self.marks).insert(id, MarkRow { id, ..row.clone() });
        Ok(id)
    }

    fn update_mark(&mut self, row: &MarkRow) -> Result<(), RowsError> {
        match Arc::make_mut(&mut self.marks).get_mut(&row.id) {
            Some(old) if old.mark.on.message == row.mark.on.message && old.mark.emoji == row.mark.emoji => *old = row.clone(),
            Some(_) | None => return Err(RowsError::stale("mark", &row.id.0)),
        }
        Ok(())
    }

    fn put_card(&mut self, row: &CardRow) -> Result<(), RowsError> {
        Arc::make_mut(&mut self.cards).insert(row.task.clone(), row.clone());
        Ok(())
    }

    fn insert_follow_up(&mut self, row: &FollowUpRow) -> Result<(), RowsError> {
        if self.follow_ups.values().any(|old| old.said.at.message == row.said.at.message) {
            return Err(RowsError::duplicate("follow_up", &row.said.at.message));
        }
        let seq = next(&self.follow_ups);
        Arc::make_mut(&mut self.follow_ups).insert(seq, row.clone());
        Ok(())
    }

    fn tell_follow_ups(&mut self, task: &TaskId, attempt: u32) -> Result<(), RowsError> {
        for row in Arc::make_mut(&mut self.follow_ups).values_mut() {
            if row.task == *task && row.told_to.is_none() {
                row.told_to = Some(attempt);
            }
        }
        Ok(())
    }

    fn put_fact(&mut self, name: &str, value: &str) -> Result<(), RowsError> {
        Arc::make_mut(&mut self.facts).insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    fn drop_fact(&mut self, name: &str) -> Result<(), RowsError> {
        Arc::make_mut(&mut self.facts).remove(name);
        Ok(())
    }

    fn append(&mut self, event: &Event) -> Result<(), RowsError> {
        let seq = next(&self.journal);
        Arc::make_mut(&mut self.journal).insert(seq, event.clone());
        Ok(())
    }
}

impl Tables {
    fn message_is_taken(&self, row: &TaskRow) -> bool {
        let message = |row: &TaskRow| row.message.map(|at| at.message);
        let others = self.tasks.values().filter(|other| other.task.id != row.task.id);
        row.message.is_some() && others.map(message).any(|taken| taken == message(row))
    }

    fn next_letter(&self) -> LetterId {
        LetterId(self.letters.last_key_value().map_or(1, |(last, _)| last.0 + 1))
    }
}
