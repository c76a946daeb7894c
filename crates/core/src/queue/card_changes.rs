//! Every change of a task makes its card wanted anew; when it is looked at is decided here.

use chrono::{DateTime, TimeDelta, Utc};

use super::{QueueError, Rules, showing, write_letter};
use crate::{
    domain::{
        card::{Card, Thread},
        id::{AttemptId, ChannelId, MessageId, TaskId},
        outbound::{Address, Identity, Letter},
        showing::Shown,
        task::{MessageRef, Origin, Priority},
    },
    ports::rows::{CardRow, Rows, RowsError, StepRow, TaskRow, Turn},
};

/// A task's end waits so long for its entry in the results, so that one edit tells both; never longer than edits are apart anyway.
const ENTRY_COMES: TimeDelta = TimeDelta::milliseconds(700);

/// So many cards of a channel are shown of tasks that merely wait for their turn; whoever waits behind them gets his when his turn comes near,
/// when something is up with his task, or when it ends. Discord takes about a post a second: a backlog must not fill a channel for hours, nor keep
/// the cards of running tasks waiting.
pub const SHOWN_WAITING: u32 = 20;

/// How soon a change is to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// When the card may be edited again.
    Soon,
    /// At once: somebody asked for it, or waits for it.
    Now,
}

/// A task was accepted: it gets a card, if its channel shows one from the beginning. One whose step `waits` for nothing but its turn is shown at
/// once only as long as few do.
pub(super) fn begin(
    rows: &mut dyn Rows,
    rules: &Rules,
    task: &TaskRow,
    waits: Option<&StepRow>,
    now: DateTime<Utc>,
) -> Result<(), RowsError> {
    let Some(channel) = home(task) else { return Ok(()) };
    let showing = showing::of(rows, rules, channel)?;
    if showing.shown < Shown::StateChanges {
        return Ok(());
    }
    let mut row = new(rules, task, channel, showing.threads, now);
    if let Some(step) = waits {
        let near = rows.cards_near(channel, SHOWN_WAITING)? < SHOWN_WAITING;
        row.turn = Some(Turn { near, priority: step.priority, step: step.id });
        row.due_at = row.due_at.filter(|_| near);
    }
    rows.put_card(&row)
}

/// A task has changed, and not merely waits any more: its card, if it has one, is to show it.
pub(super) fn touch(rows: &mut dyn Rows, rules: &Rules, task: &TaskId, pace: Pace, now: DateTime<Utc>) -> Result<(), RowsError> {
    let Some(mut row) = rows.card(task)? else { return Ok(()) };
    let turn = row.turn.take();
    want(&mut row, rules, pace, now);
    rows.put_card(&row)?;
    next_comes_near(rows, row.channel, turn, now)
}

/// What a task asks was changed while it waits: its card, if it is shown, is to show it.
pub(super) fn asked_otherwise(
    rows: &mut dyn Rows,
    rules: &Rules,
    task: &TaskId,
    priority: Priority,
    now: DateTime<Utc>,
) -> Result<(), RowsError> {
    let Some(mut row) = rows.card(task)? else { return Ok(()) };
    if let Some(turn) = &mut row.turn {
        turn.priority = priority;
    }
    want(&mut row, rules, Pace::Soon, now);
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
        return rows.put_card(&new(rules, task, channel, showing.threads, soon));
    };
    let turn = row.turn.take();
    row.card.wanted += 1;
    if may_be_sent(&row) {
        // Whoever stands in line for its first post keeps its place there.
        let in_line = row.due_at.filter(|due| row.message.is_none() && *due <= now);
        row.due_at = Some(not_sooner_than_its_next_try(&row, in_line.unwrap_or(soon)));
    }
    rows.put_card(&row)?;
    next_comes_near(rows, row.channel, turn, now)?;
    match attempt.filter(|_| row.card.sheet.is_some()) {
        Some(attempt) => tell_in_thread(rows, &row, attempt, now),
        None => Ok(()),
    }
}

/// A task is run again by hand: it has a card then, also where somebody had deleted the former one.
pub(super) fn want_again(rows: &mut dyn Rows, rules: &Rules, task: &TaskId, now: DateTime<Utc>) -> Result<(), RowsError> {
    let Some(mut row) = rows.card(task)? else { return Ok(()) };
    if row.card.given_up.is_some() {
        return renew(rows, rules, row, now);
    }
    // Whether it was deleted shows itself when it is edited.
    row.card.wanted_again = row.message.is_some();
    rows.put_card(&row)
}

/// The card is posted anew, with a thread of its own where there is to be one. What is said in the thread of the former one is still heard.
pub(super) fn renew(rows: &mut dyn Rows, rules: &Rules, mut row: CardRow, now: DateTime<Utc>) -> Result<(), RowsError> {
    if let Some(former) = row.message.take().filter(|_| row.card.thread == Thread::Open) {
        rows.put_fact(&former_card(former), row.task.as_str())?;
    }
    let threads = showing::of(rows, rules, row.channel)?.threads;
    row.card = Card {
        anchor: row.card.anchor,
        wanted: row.card.wanted,
        renewed: row.card.renewed + 1,
        unheard: row.card.unheard,
        thread: if threads { Thread::Wanted } else { Thread::Unwanted },
        begun_by: Some(rules.process),
        ..Card::default()
    };
    row.due_at = may_be_sent(&row).then_some(now);
    rows.put_card(&row)
}

/// The fact that names the task of a card that was posted anew since, and that has a thread.
pub(super) fn former_card(message: MessageId) -> String {
    format!("former_card:{message}")
}

/// The message of a task that began without one stands: its card can answer it.
pub(super) fn anchor(rows: &mut dyn Rows, task: &TaskId, at: MessageRef, now: DateTime<Utc>) -> Result<(), RowsError> {
    let Some(mut row) = rows.card(task)?.filter(|row| row.card.anchor.is_none()) else { return Ok(()) };
    row.card.anchor = Some(at.message);
    row.due_at = may_be_sent(&row).then_some(now);
    rows.put_card(&row)
}

fn new(rules: &Rules, task: &TaskRow, channel: ChannelId, threads: bool, due: DateTime<Utc>) -> CardRow {
    let anchor = task.message.map(|at| at.message);
    CardRow {
        task: task.task.id.clone(),
        channel,
        message: None,
        due_at: anchor.map(|_| due),
        turn: None,
        card: Card {
            anchor,
            wanted: 1,
            thread: if threads { Thread::Wanted } else { Thread::Unwanted },
            begun_by: Some(rules.process),
            ..Card::default()
        },
    }
}

/// The card is to show what is true now.
fn want(row: &mut CardRow, rules: &Rules, pace: Pace, now: DateTime<Utc>) {
    row.card.wanted += 1;
    if may_be_sent(row) {
        let due = match (pace, row.card.face.at) {
            // Whoever stands in line for its first post keeps its place there.
            (_, None) => row.due_at.map_or(now, |due| due.min(now)),
            (Pace::Now, Some(_)) => now,
            (Pace::Soon, Some(shown_at)) => now.max(shown_at + gap(rules)),
        };
        row.due_at = Some(not_sooner_than_its_next_try(row, due));
    }
}

/// Whether a card may stand, as far as its task goes.
fn may_be_sent(row: &CardRow) -> bool {
    row.card.given_up.is_none() && row.card.anchor.is_some() && row.turn.is_none_or(|turn| turn.near)
}

/// A task that was near its turn waits no longer: whoever is next behind it is near now.
fn next_comes_near(rows: &mut dyn Rows, channel: ChannelId, left: Option<Turn>, now: DateTime<Utc>) -> Result<(), RowsError> {
    if !left.is_some_and(|turn| turn.near) {
        return Ok(());
    }
    while rows.cards_near(channel, SHOWN_WAITING)? < SHOWN_WAITING {
        let Some(mut next) = rows.first_card_far(channel)? else { break };
        next.turn = next.turn.map(|turn| Turn { near: true, ..turn });
        next.due_at = may_be_sent(&next).then_some(now);
        rows.put_card(&next)?;
    }
    Ok(())
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
    let fact = told(of, channel);
    if rows.fact(&fact)?.is_none_or(|told| told != alert) {
        rows.put_fact(&fact, alert)?;
        write_letter(rows, now, operator, None, Letter::Operator { text: alert.to_owned() })?;
    }
    Ok(())
}

/// What the operator was told of a channel is so no longer: if it comes again, it is told again.
pub(super) fn tell_again(rows: &mut dyn Rows, channel: ChannelId, of: &str) -> Result<(), RowsError> {
    rows.drop_fact(&told(of, channel))
}

/// The fact that holds what the operator was told last of a channel's cards or threads, until that is over.
fn told(of: &str, channel: ChannelId) -> String {
    format!("told:{of}:{channel}")
}
