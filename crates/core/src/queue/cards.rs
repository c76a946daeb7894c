//! Cards: every change of a task makes its card wanted anew; what was shown, and what could not be, comes back here.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Queue, QueueError, Rules, showing, write_letter};
use crate::{
    domain::{
        attempt::AttemptState,
        card::{Card, CardFacts, Shows, TaskState, Thread},
        id::{AttemptId, ChannelId, MessageId, TaskId},
        money::{Usage, Usd},
        outbound::{Address, Identity, Letter},
        showing::Shown,
        step::{Blocked, StepState},
        task::{MessageRef, Origin},
    },
    ports::{
        rows::{AttemptRow, CardRow, Look, Rows, RowsError, TaskRow},
        store::Urgency,
    },
};

/// A waiting task further behind than this is not told its place.
const PLACES: u32 = 50;
/// A task's end waits so long for its entry in the results, so that one edit tells both; never longer than edits are apart anyway.
const ENTRY_COMES: TimeDelta = TimeDelta::milliseconds(700);

/// No try is put off for longer.
const LATER_THAN_ALL: TimeDelta = TimeDelta::days(7);
/// Most cards of a channel that are brought forward when Discord is back: those behind them come at their own time.
const HURRIED: u32 = 500;

/// How soon a change is to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// When the card may be edited again.
    Soon,
    /// At once: somebody asked for it, or waits for it.
    Now,
}

/// One of a card's two messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The card itself, in its channel.
    Face,
    /// The sheet in the thread.
    Details,
}

/// What is to be sent for a channel's cards.
#[derive(Clone, Debug)]
pub enum NextCard {
    /// Something for this one.
    Due(Box<(CardRow, CardFacts)>),
    /// Nothing before this time.
    Later(DateTime<Utc>),
    /// Nothing.
    Nothing,
}

/// What stands now.
#[derive(Clone, Debug)]
pub struct Stands {
    /// Which of the card's messages.
    pub part: Part,
    /// It.
    pub message: MessageId,
    /// The version that it was composed of.
    pub version: u64,
    /// A digest of it.
    pub digest: String,
    /// When it is looked at again although nothing changes: a live one, while an agent works.
    pub again: Option<DateTime<Utc>>,
}

impl Queue {
    /// Channels in which something is or will be to be sent for a card.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn carded_channels(&self) -> Result<Vec<ChannelId>, QueueError> {
        self.read(|look| look.carded_channels()).await
    }

    /// What is to be sent next for a channel's cards: those that are behind their tasks first.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn next_card(&self, channel: ChannelId) -> Result<NextCard, QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        self.read(move |look| {
            let mut later = None;
            for rank in [0, 1] {
                if let Some(row) = look.due_cards(channel, rank, now, 1)?.pop() {
                    let Some(facts) = facts(look, &rules, &row)? else { continue };
                    return Ok(NextCard::Due(Box::new((row, facts))));
                }
                let next = look.next_card_due(channel, rank)?;
                later = [later, next].into_iter().flatten().min();
            }
            Ok(later.map_or(NextCard::Nothing, NextCard::Later))
        })
        .await
    }

    /// The task whose card, or whose thread, this is: a thread has the id of the message that it hangs on.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn task_of_card(&self, message: MessageId) -> Result<Option<TaskId>, QueueError> {
        self.read(move |look| look.card_at(message)).await
    }

    /// One of a card's messages stands as it was composed. What has changed meanwhile is shown next.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn card_stands(&self, task: TaskId, stands: Stands) -> Result<(), QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        self.write(Urgency::Usual, move |rows| {
            let Some(mut row) = rows.card(&task)? else { return Ok(()) };
            let shows = Shows { version: stands.version, digest: stands.digest.clone(), at: Some(now), first_sent_at: None };
            match stands.part {
                Part::Face => (row.message, row.card.face) = (Some(stands.message), shows),
                Part::Details => (row.card.sheet, row.card.details) = (Some(stands.message), shows),
            }
            (row.card.failures, row.card.last_error) = (0, None);
            rest(&mut row, &rules, stands.again, now);
            Ok(rows.put_card(&row)?)
        })
        .await
    }

    /// Nothing of a card has to be sent, for all that was to be looked at.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn card_rests(&self, task: TaskId, part: Part, version: u64, again: Option<DateTime<Utc>>) -> Result<(), QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        self.write(Urgency::Usual, move |rows| {
            let Some(mut row) = rows.card(&task)? else { return Ok(()) };
            match part {
                Part::Face => row.card.face.version = row.card.face.version.max(version),
                Part::Details => row.card.details.version = row.card.details.version.max(version),
            }
            rest(&mut row, &rules, again, now);
            Ok(rows.put_card(&row)?)
        })
        .await
    }

    /// Something for a card could not be sent now.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn card_put_off(&self, task: TaskId, part: Part, due_at: DateTime<Utc>, reason: String) -> Result<(), QueueError> {
        let now = self.now();
        self.write(Urgency::Usual, move |rows| {
            let Some(mut row) = rows.card(&task)? else { return Ok(()) };
            row.card.failures += 1;
            row.card.last_error = Some(reason.clone());
            row.due_at = Some(due_at);
            let shows = if part == Part::Face { &mut row.card.face } else { &mut row.card.details };
            shows.first_sent_at = Some(shows.first_sent_at.unwrap_or(now));
            Ok(rows.put_card(&row)?)
        })
        .await
    }

    /// Discord is back: a channel's cards that have failed are due now.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn hurry_cards(&self, channel: ChannelId) -> Result<(), QueueError> {
        let now = self.now();
        self.write(Urgency::Usual, move |rows| {
            for rank in [0, 1] {
                for mut row in rows.due_cards(channel, rank, now + LATER_THAN_ALL, HURRIED)? {
                    if row.card.failures > 0 {
                        row.due_at = Some(now);
                        rows.put_card(&row)?;
                    }
                }
            }
            Ok(())
        })
        .await
    }

    /// The channel's history was searched and the message is not in it: its nonce protects it from now.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn card_sent_afresh(&self, task: TaskId, part: Part) -> Result<(), QueueError> {
        let now = self.now();
        self.write(Urgency::Usual, move |rows| {
            let Some(mut row) = rows.card(&task)? else { return Ok(()) };
            let shows = if part == Part::Face { &mut row.card.face } else { &mut row.card.details };
            shows.first_sent_at = Some(now);
            Ok(rows.put_card(&row)?)
        })
        .await
    }

    /// A card will not be shown any more. The operator is told, once per channel and reason, if there is something to tell.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn card_given_up(&self, task: TaskId, reason: String, alert: Option<String>) -> Result<(), QueueError> {
        let (now, operator) = (self.now(), self.rules.routes.operator);
        self.write(Urgency::Usual, move |rows| {
            let Some(mut row) = rows.card(&task)? else { return Ok(()) };
            row.due_at = None;
            row.card.given_up = Some(reason.clone());
            rows.put_card(&row)?;
            tell_once(rows, row.channel, "card", alert.as_deref(), operator, now)
        })
        .await?;
        self.bells.outbound.notify_one();
        Ok(())
    }

    /// A card's thread is there, or can't be. What the task's attempts have left so far is told in it.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn thread_settled(&self, task: TaskId, thread: Thread, alert: Option<String>) -> Result<(), QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        self.write(Urgency::Usual, move |rows| {
            let Some(mut row) = rows.card(&task)?.filter(|row| row.card.thread == Thread::Wanted) else { return Ok(()) };
            row.card.thread = thread.clone();
            rest(&mut row, &rules, None, now);
            rows.put_card(&row)?;
            if thread == Thread::Open {
                let over = rows.attempts_of(&task)?;
                for attempt in over.iter().filter(|attempt| matches!(attempt.state, AttemptState::Ended { .. })) {
                    tell_in_thread(rows, &row, attempt.id, now)?;
                }
            }
            tell_once(rows, row.channel, "thread", alert.as_deref(), rules.routes.operator, now)
        })
        .await?;
        self.bells.outbound.notify_one();
        Ok(())
    }
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
        // What failed is not tried sooner for a change.
        let due = if row.card.failures > 0 { row.due_at.unwrap_or(due).max(due) } else { due };
        row.due_at = Some(due);
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
    if row.card.given_up.is_none() && row.card.anchor.is_some() && row.card.failures == 0 {
        row.due_at = Some(soon);
    }
    rows.put_card(&row)?;
    match attempt.filter(|_| row.card.thread == Thread::Open) {
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

/// When something is to be sent for a card next, now that something was.
fn rest(row: &mut CardRow, rules: &Rules, again: Option<DateTime<Utc>>, now: DateTime<Utc>) {
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

fn tell_in_thread(rows: &mut dyn Rows, card: &CardRow, attempt: AttemptId, now: DateTime<Utc>) -> Result<(), RowsError> {
    let Some(thread) = card.message.map(|message| ChannelId::new(message.get())) else { return Ok(()) };
    let to = Address { channel: thread, identity: Identity::Orchestrator };
    write_letter(rows, now, to, Some(&card.task), Letter::Told { attempt }).map(drop)
}

fn tell_once(
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

/// What a card is composed of; `None`: its task is not there.
fn facts(look: &dyn Look, rules: &Rules, card: &CardRow) -> Result<Option<CardFacts>, RowsError> {
    let (Some(row), Some(step)) = (look.task(&card.task)?, look.step_of(&card.task)?) else { return Ok(None) };
    let mut attempts = look.attempts_of(&card.task)?;
    attempts.retain(|attempt| attempt.state != AttemptState::Void);
    let live = attempts.iter().rev().find(|attempt| attempt.state.is_live());
    let doing = match (row.ended, live) {
        (Some((at, outcome)), _) => {
            let report = attempts.iter().rev().find_map(|attempt| attempt.report.as_ref());
            let reason = match report.filter(|report| report.outcome == outcome) {
                Some(report) => report.reason.clone(),
                None => unrun(look, &card.task)?,
            };
            TaskState::Ended { at, outcome, reason, ran: report.map(|report| report.duration).unwrap_or_default() }
        }
        (None, Some(attempt)) => working(attempt, &row),
        (None, None) => match step.state {
            StepState::Blocked { reason: Blocked::Paused } => TaskState::Held,
            StepState::Blocked { reason: Blocked::Approval } => TaskState::Asked,
            StepState::Delayed { until } => TaskState::Delayed { until },
            StepState::Parked { gate } => TaskState::Parked { gate },
            StepState::Ready { .. } | StepState::Running | StepState::Finished { .. } => {
                let place = look.waiting_steps(PLACES)?.iter().position(|other| other.id == step.id);
                TaskState::Waiting { position: place.and_then(|place| u64::try_from(place + 1).ok()) }
            }
        },
    };
    let reports: Vec<_> = attempts.iter().filter_map(|attempt| attempt.report.as_ref()).collect();
    let costs: Vec<Usd> = reports.iter().filter_map(|report| report.cost).collect();
    let used: Vec<Usage> = reports.iter().filter_map(|report| report.usage).collect();
    let follow_ups = look.follow_ups_of(&card.task)?.iter().filter(|row| row.told_to.is_none()).count();
    Ok(Some(CardFacts {
        doing,
        attempts: attempts.last().map_or(0, |attempt| attempt.number),
        allowed: step.attempts_allowed,
        cost_has_gaps: costs.len() < reports.len(),
        cost: (!costs.is_empty()).then(|| costs.into_iter().sum()),
        usage: used.into_iter().reduce(|mut sum, one| {
            sum += one;
            sum
        }),
        model: reports.last().and_then(|report| report.model.clone()),
        agent_id: attempts.last().map(|attempt| attempt.agent_id.clone()),
        entry: row.entry,
        follow_ups: u32::try_from(follow_ups).unwrap_or(u32::MAX),
        showing: showing::of(look, rules, card.channel)?,
        task: row.task,
    }))
}

/// Why a task ended that did not run to that end.
fn unrun(look: &dyn Look, task: &TaskId) -> Result<Option<String>, RowsError> {
    Ok(look.letters_of(task)?.into_iter().rev().find_map(|row| match row.letter {
        Letter::Result { unrun, .. } => unrun,
        _ => None,
    }))
}

fn working(attempt: &AttemptRow, row: &TaskRow) -> TaskState {
    match (&attempt.stop, &attempt.state) {
        (Some((_, by)), _) => TaskState::Stopping { by: by.clone() },
        (None, AttemptState::Running { since }) => {
            let limit = TimeDelta::from_std(row.task.wishes.time_limit).unwrap_or_default();
            TaskState::Running { since: *since, until: *since + limit }
        }
        (None, _) => TaskState::Claimed,
    }
}
