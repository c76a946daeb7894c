//! Every change of a task makes its card wanted anew; when it is looked at is decided here.

use chrono::{DateTime, TimeDelta, Utc};

use super::{QueueError, Rules, showing, write_letter};
use crate::{
    domain::{
        card::{Card, Thread},
        id::{AttemptId, ChannelId, TaskId},
        outbound::{Address, Identity, Letter},
        showing::Shown,
        task::{MessageRef, Origin},
    },
    ports::rows::{CardRow, Rows, RowsError, TaskRow},
};

/// A task's end waits so long for its entry in the results, so that one edit tells both; never longer than edits are apart anyway.
const ENTRY_COMES: TimeDelta = TimeDelta::milliseconds(700);

/// How soon a change is to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// When the card may be edited again.
    Soon,
    /// At once: somebody asked for it, or waits for it.
    Now,
}

/// A task was accepted: it gets a card, if its channel shows one from the beginning.
pub(super) fn begin(rows: &mut dyn Rows, rules: &Rules, task: &TaskRow, now: DateTime<Utc>) -> Result<(), RowsError> {
    let Some(channel) = home(task) else { return Ok(()) };
    let showing = showing::of(rows, rules, channel)?;
    if showing.shown < Shown::StateChanges {
        return Ok(());
    }
    rows.put_card(&new(task, channel, showing.threads, now))
}

/// A task has changed: its card, if it has one, is to show it.
pub(super) fn touch(rows: &mut dyn Rows, rules: &Rules, task: &TaskId, pace: Pace, now: DateTime<Utc>) -> Result<(), RowsError> {
    let Some(mut row) = rows.card(task)? else { return Ok(()) };
    row.card.wanted += 1;
    if row.card.given_up.is_none() && row.card.anchor.is_some() {
        let due = match (pace, row.card.face.at) {
            (Pace::Now, _) | (Pace::Soon, None) => now,
            (Pace::Soon, Some(shown_at)) => now.max(shown_at + gap(rules)),
        };
        row.due_at = Some(not_sooner_than_its_next_try(&row, due));
    }
    rows.put_card(&row)
}

/// A task has ended: its card tells it, and where there is none yet, there may be one now.
pub(super) fn end(
    rows: &mut dyn Rows,
    rules: &Rules,
    task: &TaskRow,
    attempt: Option<AttemptId>,
    now: DateTime<Utc>,
) -> Result<(), RowsError> {
    let soon = now + ENTRY_COMES.min(gap(rules));
    let Some(mut row) = rows.card(&task.task.id)? else {
        let Some(channel) = home(task) else { return Ok(()) };
        let showing = showing::of(rows, rules, channel)?;
        if showing.shown == Shown::Silent {
            return Ok(());
        }
        return rows.put_card(&new(task, channel, showing.threads, soon));
    };
    row.card.wanted += 1;
    if row.card.given_up.is_none() && row.card.anchor.is_some() {
        row.due_at = Some(not_sooner_than_its_next_try(&row, soon));
    }
    rows.put_card(&row)?;
    match attempt.filter(|_| row.card.sheet.is_some()) {
        Some(attempt) => tell_in_thread(rows, &row, attempt, now),
        None => Ok(()),
    }
}

/// The message of a task that began without one stands: its card can answer it.
pub(super) fn anchor(rows: &mut dyn Rows, task: &TaskId, at: MessageRef, now: DateTime<Utc>) -> Result<(), RowsError> {
    let Some(mut row) = rows.card(task)?.filter(|row| row.card.anchor.is_none()) else { return Ok(()) };
    row.card.anchor = Some(at.message);
    row.due_at = Some(now);
    rows.put_card(&row)
}

fn new(task: &TaskRow, channel: ChannelId, threads: bool, due: DateTime<Utc>) -> CardRow {
    let anchor = task.message.map(|at| at.message);
    CardRow {
        task: task.task.id.clone(),
        channel,
        message: None,
        due_at: anchor.map(|_| due),
        card: Card { anchor, wanted: 1, thread: if threads { Thread::Wanted } else { Thread::Unwanted }, ..Card::default() },
    }
}

/// The channel in which a task's message stands, or is to stand.
fn home(task: &TaskRow) -> Option<ChannelId> {
    match task.task.origin {
        Origin::Message(at) => Some(at.channel),
        Origin::Asked { announce_in } => announce_in,
    }
}

fn gap(rules: &Rules) -> TimeDelta {
    TimeDelta::from_std(rules.card_gap).unwrap_or_default()
}

/// What failed is not tried sooner for a change.
fn not_sooner_than_its_next_try(row: &CardRow, due: DateTime<Utc>) -> DateTime<Utc> {
    if row.card.failures > 0 { row.due_at.unwrap_or(due).max(due) } else { due }
}

/// When something is to be sent for a card next, now that something was.
pub(super) fn rest(row: &mut CardRow, rules: &Rules, again: Option<DateTime<Utc>>, now: DateTime<Utc>) {
    let card = &row.card;
    row.due_at = if card.given_up.is_some() {
        None
    } else if card.face_is_behind() {
        // Something happened while it was being sent: a little later more of it may have.
        Some(row.due_at.filter(|due| *due > now).unwrap_or(now + ENTRY_COMES.min(gap(rules))))
    } else if card.thread == Thread::Wanted || card.details_are_behind() {
        Some(now)
    } else {
        again
    };
}

pub(super) fn tell_in_thread(rows: &mut dyn Rows, card: &CardRow, attempt: AttemptId, now: DateTime<Utc>) -> Result<(), RowsError> {
    let Some(thread) = card.message.map(|message| ChannelId::new(message.get())) else { return Ok(()) };
    let to = Address { channel: thread, identity: Identity::Orchestrator };
    write_letter(rows, now, to, Some(&card.task), Letter::Told { attempt }).map(drop)
}

pub(super) fn tell_once(
    rows: &mut dyn Rows,
    channel: ChannelId,
    of: &str,
    alert: Option<&str>,
    operator: Address,
    now: DateTime<Utc>,
) -> Result<(), QueueError> {
    let Some(alert) = alert else { return Ok(()) };
    let fact = format!("told:{of}:{channel}");
    if rows.fact(&fact)?.is_none_or(|told| told != alert) {
        rows.put_fact(&fact, alert)?;
        write_letter(rows, now, operator, None, Letter::Operator { text: alert.to_owned() })?;
    }
    Ok(())
}
