//! What can be looked up in memory: each look is its promise, spelled out as a filter and an order.

use std::{cmp::Reverse, collections::BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

use super::{Attempt, Tables};
use crate::{
    domain::{
        attempt::{AttemptState, Outcome},
        id::{AttemptId, ChannelId, InstanceId, LetterId, MarkId, MessageId, ParcelId, StepId, TaskId},
        journal::Event,
        money::Usd,
        outbound::{Address, Letter, LetterState},
        step::StepState,
    },
    ports::rows::{
        AttemptRow, CardRow, Counts, FollowUpRow, GateRow, IntakeRow, LaneRow, LedgerRow, LetterRow, LiveHead, Look, MarkRow, ParcelRow,
        RowsError, StepRow, TaskFilter, TaskRow,
    },
};

impl Look for Tables {
    fn intake(&self, source: &str, key: &str) -> Result<Option<IntakeRow>, RowsError> {
        Ok(self.intake.get(&(source.to_owned(), key.to_owned())).cloned())
    }

    fn task(&self, id: &TaskId) -> Result<Option<TaskRow>, RowsError> {
        Ok(self.tasks.values().find(|row| row.task.id == *id).cloned())
    }

    fn task_of_message(&self, message: MessageId) -> Result<Option<TaskId>, RowsError> {
        let has_it = |row: &&TaskRow| row.message.is_some_and(|at| at.message == message);
        Ok(self.tasks.values().find(has_it).map(|row| row.task.id.clone()))
    }

    fn tasks(&self, filter: &TaskFilter) -> Result<Vec<TaskRow>, RowsError> {
        let before = match &filter.before {
            None => i64::MAX,
            Some(cursor) => self.tasks.iter().find(|(_, row)| row.task.id == *cursor).map_or(0, |(seq, _)| *seq),
        };
        let shown = |row: &&TaskRow| {
            filter.open.is_none_or(|open| row.ended.is_none() == open)
                && filter.lane.as_ref().is_none_or(|lane| row.task.requester.lane() == *lane)
        };
        let newest_first = self.tasks.range(..before).rev().map(|(_, row)| row);
        Ok(newest_first.filter(shown).take(filter.limit as usize).cloned().collect())
    }

    fn open_tasks(&self, lane: &str) -> Result<u64, RowsError> {
        Ok(count(self.tasks.values(), |row| row.ended.is_none() && row.task.requester.lane() == lane))
    }

    fn step(&self, id: StepId) -> Result<Option<StepRow>, RowsError> {
        Ok(self.steps.get(&id).cloned())
    }

    fn step_of(&self, task: &TaskId) -> Result<Option<StepRow>, RowsError> {
        Ok(self.steps.values().find(|row| row.task == *task).cloned())
    }

    fn lane(&self, id: &str) -> Result<Option<LaneRow>, RowsError> {
        Ok(self.lanes.get(id).cloned())
    }

    fn next_lane(&self) -> Result<Option<LaneRow>, RowsError> {
        let may_run = self.lanes.values().filter(|row| row.ready > 0 && row.running < row.cap);
        Ok(may_run.min_by_key(|row| (Reverse(row.head), row.pass, &row.id)).cloned())
    }

    fn first_ready(&self, lane: &str) -> Result<Option<StepRow>, RowsError> {
        Ok(self.first_step(|row| row.lane == lane && matches!(row.state, StepState::Ready { .. })))
    }

    fn waiting_steps(&self, limit: u32) -> Result<Vec<StepRow>, RowsError> {
        let mut waiting: Vec<_> = self.steps.values().filter(|row| waits(row)).cloned().collect();
        waiting.sort_by_key(|row| (Reverse(row.priority), row.id));
        waiting.truncate(limit as usize);
        Ok(waiting)
    }

    fn first_parked(&self, gate: &str) -> Result<Option<StepRow>, RowsError> {
        Ok(self.first_step(|row| matches!(&row.state, StepState::Parked { gate: at } if at == gate)))
    }

    fn parked_at(&self, beginning: &str) -> Result<Vec<String>, RowsError> {
        let parked = self.steps.values().filter_map(|row| match &row.state {
            StepState::Parked { gate } if gate.starts_with(beginning) => Some(gate.clone()),
            _ => None,
        });
        let gates: std::collections::BTreeSet<String> = parked.collect();
        Ok(gates.into_iter().take(10_000).collect())
    }

    fn due_steps(&self, now: DateTime<Utc>, limit: u32) -> Result<Vec<StepRow>, RowsError> {
        let mut due: Vec<_> = self.delayed().filter(|(until, _)| *until <= now).collect();
        due.sort_by_key(|(until, row)| (*until, row.id));
        Ok(due.into_iter().take(limit as usize).map(|(_, row)| row.clone()).collect())
    }

    fn next_due(&self) -> Result<Option<DateTime<Utc>>, RowsError> {
        Ok(self.delayed().map(|(until, _)| until).min())
    }

    fn gate(&self, name: &str) -> Result<Option<GateRow>, RowsError> {
        Ok(self.gates.get(name).cloned())
    }

    fn attempt(&self, id: AttemptId) -> Result<Option<AttemptRow>, RowsError> {
        Ok(self.attempts.values().find(|attempt| attempt.row.id == id).map(|attempt| attempt.row.clone()))
    }

    fn attempts_of(&self, task: &TaskId) -> Result<Vec<AttemptRow>, RowsError> {
        Ok(self.attempt_rows(|attempt| attempt.row.task == *task))
    }

    fn long_result(&self, attempt: AttemptId) -> Result<Option<String>, RowsError> {
        Ok(self.long_results.get(&attempt).cloned())
    }

    fn live_attempts(&self, instance: &InstanceId) -> Result<Vec<AttemptRow>, RowsError> {
        Ok(self.attempt_rows(|attempt| attempt.row.state.is_live() && attempt.row.lease.instance == *instance))
    }

    fn live_heads(&self, instance: &InstanceId) -> Result<Vec<LiveHead>, RowsError> {
        let head = |row: AttemptRow| {
            let runs = matches!(row.state, AttemptState::Running { .. });
            LiveHead { id: row.id, slot: row.slot, runs, stop: row.stop }
        };
        Ok(self.live_attempts(instance)?.into_iter().map(head).collect())
    }

    fn removable_workspaces(&self, succeeded: bool, before: DateTime<Utc>, limit: u32) -> Result<Vec<AttemptRow>, RowsError> {
        let mut removable = self.attempt_rows(|attempt| {
            let row = &attempt.row;
            let outcome_fits = matches!(row.state, AttemptState::Ended { outcome } if (outcome == Outcome::Succeeded) == succeeded);
            outcome_fits && !row.workspace_removed && row.ended_at.is_some_and(|at| at < before) && self.result_is_over(attempt)
        });
        removable.sort_by_key(|row| row.ended_at);
        removable.truncate(limit as usize);
        Ok(removable)
    }

    fn spent_on(&self, day: NaiveDate) -> Result<Usd, RowsError> {
        Ok(self.ledger.values().filter(|row| row.day == day).filter_map(|row| row.cost).sum())
    }

    fn each_ledger_line(
        &self,
        lane: Option<&str>,
        from: NaiveDate,
        to: NaiveDate,
        each: &mut dyn FnMut(LedgerRow),
    ) -> Result<(), RowsError> {
        let meant = |row: &&LedgerRow| from <= row.day && row.day <= to && lane.is_none_or(|lane| row.lane == lane);
        let mut lines: Vec<_> = self.ledger.values().filter(meant).cloned().collect();
        lines.sort_by_key(|row| row.day);
        lines.into_iter().for_each(each);
        Ok(())
    }

    fn letter(&self, id: LetterId) -> Result<Option<LetterRow>, RowsError> {
        Ok(self.letters.get(&id).cloned())
    }

    fn busy_addresses(&self) -> Result<Vec<Address>, RowsError> {
        let waited_for = self.letters.values().filter(|row| row.state == LetterState::Waiting).map(|row| row.to);
        let under_way = self.parcels.values().filter(|row| !row.over).map(|row| row.to);
        Ok(waited_for.chain(under_way).collect::<BTreeSet<_>>().into_iter().collect())
    }

    fn waiting_letters(&self, to: Address, limit: u32) -> Result<Vec<LetterRow>, RowsError> {
        let waits = |row: &&LetterRow| row.to == to && row.state == LetterState::Waiting;
        let mut waiting: Vec<_> = self.letters.values().filter(waits).cloned().collect();
        waiting.sort_by_key(|row| (row.class, row.id));
        waiting.truncate(limit as usize);
        Ok(waiting)
    }

    fn letters_of(&self, task: &TaskId) -> Result<Vec<LetterRow>, RowsError> {
        Ok(self.letters.values().filter(|row| row.task.as_ref() == Some(task)).cloned().collect())
    }

    fn parcel_under_way(&self, to: Address) -> Result<Option<ParcelRow>, RowsError> {
        Ok(self.parcels.values().find(|row| row.to == to && !row.over).cloned())
    }

    fn parcel(&self, id: &ParcelId) -> Result<Option<ParcelRow>, RowsError> {
        Ok(self.parcels.get(id).cloned())
    }

    fn wanted_marks(&self, limit: u32) -> Result<Vec<MarkRow>, RowsError> {
        let mut wanted: Vec<_> = self.marks.values().filter(|row| row.state.is_open()).cloned().collect();
        wanted.sort_by_key(|row| (row.mark.purpose, row.id));
        wanted.truncate(limit as usize);
        Ok(wanted)
    }

    fn marked_channels(&self) -> Result<Vec<ChannelId>, RowsError> {
        let channels = self.marks.values().filter(|row| row.state.is_open()).map(|row| row.mark.on.channel);
        Ok(channels.collect::<BTreeSet<_>>().into_iter().collect())
    }

    fn due_marks(&self, channel: ChannelId, now: DateTime<Utc>, limit: u32) -> Result<Vec<MarkRow>, RowsError> {
        let mut due: Vec<_> = self.open_marks(channel).filter(|row| row.progress.due_at <= now).cloned().collect();
        due.sort_by_key(|row| (row.mark.purpose, row.id));
        due.truncate(limit as usize);
        Ok(due)
    }

    fn later_marks(&self, channel: ChannelId, now: DateTime<Utc>, limit: u32) -> Result<Vec<MarkRow>, RowsError> {
        let mut later: Vec<_> = self.open_marks(channel).filter(|row| row.progress.due_at > now).cloned().collect();
        later.sort_by_key(|row| (row.progress.due_at, row.id));
        later.truncate(limit as usize);
        Ok(later)
    }

    fn mark(&self, id: MarkId) -> Result<Option<MarkRow>, RowsError> {
        Ok(self.marks.get(&id).cloned())
    }

    fn mark_on(&self, message: MessageId, emoji: &str) -> Result<Option<MarkRow>, RowsError> {
        Ok(self.marks.values().find(|row| row.mark.on.message == message && row.mark.emoji == emoji).cloned())
    }

    fn card(&self, task: &TaskId) -> Result<Option<CardRow>, RowsError> {
        Ok(self.cards.get(task).cloned())
    }

    fn card_at(&self, message: MessageId) -> Result<Option<TaskId>, RowsError> {
        Ok(self.cards.values().find(|row| row.message == Some(message)).map(|row| row.task.clone()))
    }

    fn carded_channels(&self) -> Result<Vec<ChannelId>, RowsError> {
        let due = self.cards.values().filter(|row| row.due_at.is_some()).map(|row| row.channel);
        Ok(due.collect::<BTreeSet<_>>().into_iter().collect())
    }

    fn due_cards(&self, channel: ChannelId, rank: u8, now: DateTime<Utc>, limit: u32) -> Result<Vec<CardRow>, RowsError> {
        let is_due = |row: &&CardRow| row.channel == channel && row.rank() == rank && row.due_at.is_some_and(|due| due <= now);
        let mut due: Vec<_> = self.cards.values().filter(is_due).cloned().collect();
        due.sort_by(|a, b| (a.due_at, &a.task).cmp(&(b.due_at, &b.task)));
        due.truncate(limit as usize);
        Ok(due)
    }

    fn next_card_due(&self, channel: ChannelId, rank: u8) -> Result<Option<DateTime<Utc>>, RowsError> {
        Ok(self.cards.values().filter(|row| row.channel == channel && row.rank() == rank).filter_map(|row| row.due_at).min())
    }

    fn cards_near(&self, channel: ChannelId, most: u32) -> Result<u32, RowsError> {
        let near = count(self.cards.values(), |row| row.channel == channel && row.turn.is_some_and(|turn| turn.near));
        Ok(u32::try_from(near).unwrap_or(u32::MAX).min(most))
    }

    fn first_card_far(&self, channel: ChannelId) -> Result<Option<CardRow>, RowsError> {
        let far = self.cards.values().filter(|row| row.channel == channel);
        let far = far.filter_map(|row| row.turn.filter(|turn| !turn.near).map(|turn| (turn, row)));
        Ok(far.min_by_key(|(turn, _)| (Reverse(turn.priority), turn.step)).map(|(_, row)| row.clone()))
    }

    fn follow_ups_of(&self, task: &TaskId) -> Result<Vec<FollowUpRow>, RowsError> {
        Ok(self.follow_ups.values().filter(|row| row.task == *task).cloned().collect())
    }

    fn fact(&self, name: &str) -> Result<Option<String>, RowsError> {
        Ok(self.facts.get(name).cloned())
    }

    fn counts(&self) -> Result<Counts, RowsError> {
        Ok(Counts {
            waiting: count(self.steps.values(), waits),
            blocked: count(self.steps.values(), |row| matches!(row.state, StepState::Blocked { .. })),
            running: count(self.steps.values(), |row| row.state == StepState::Running),
            ended: count(self.tasks.values(), |row| row.ended.is_some()),
            letters: count(self.letters.values(), |row| matches!(row.state, LetterState::Waiting | LetterState::Packed)),
            undeliverable: count(self.letters.values(), |row| matches!(row.state, LetterState::Undeliverable { .. })),
        })
    }

    fn events_of(&self, task: &TaskId) -> Result<Vec<Event>, RowsError> {
        Ok(self.journal.values().filter(|event| event.task.as_ref() == Some(task)).cloned().collect())
    }
}

impl Tables {
    fn first_step(&self, wanted: impl Fn(&StepRow) -> bool) -> Option<StepRow> {
        self.steps.values().filter(|row| wanted(row)).min_by_key(|row| (Reverse(row.priority), row.id)).cloned()
    }

    fn open_marks(&self, channel: ChannelId) -> impl Iterator<Item = &MarkRow> {
        self.marks.values().filter(move |row| row.state.is_open() && row.mark.on.channel == channel)
    }

    fn delayed(&self) -> impl Iterator<Item = (DateTime<Utc>, &StepRow)> {
        self.steps.values().filter_map(|row| match row.state {
            StepState::Delayed { until } => Some((until, row)),
            StepState::Blocked { .. }
            | StepState::Ready { .. }
            | StepState::Parked { .. }
            | StepState::Running
            | StepState::Finished { .. } => None,
        })
    }

    fn attempt_rows(&self, wanted: impl Fn(&Attempt) -> bool) -> Vec<AttemptRow> {
        self.attempts.values().filter(|attempt| wanted(attempt)).map(|attempt| attempt.row.clone()).collect()
    }

    fn result_is_over(&self, attempt: &Attempt) -> bool {
        let is_result = |row: &&LetterRow| row.task.as_ref() == Some(&attempt.row.task) && matches!(row.letter, Letter::Result { .. });
        let result = self.letters.range(attempt.letters_from..).map(|(_, row)| row).find(is_result);
        result.is_some_and(|row| matches!(row.state, LetterState::Delivered { .. } | LetterState::Undeliverable { .. }))
    }
}

fn waits(row: &StepRow) -> bool {
    matches!(row.state, StepState::Ready { .. } | StepState::Parked { .. } | StepState::Delayed { .. })
}

fn count<'a, T: 'a>(rows: impl Iterator<Item = &'a T>, counted: impl Fn(&T) -> bool) -> u64 {
    rows.filter(|row| counted(row)).count() as u64
}
