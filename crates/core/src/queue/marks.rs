//! What became of the reactions that were wanted: put, taken away, refused; and what follows for the task.

use chrono::{DateTime, Utc};

pub use super::signs::{CLAIMED, REFUSED};
use super::{
    Queue, QueueError, Rules, control,
    dispatch::{UNMARKABLE, UNMARKABLE_IN},
    journal, live_attempt,
    refusals::refuse,
    settle, step_row, task_row, write_letter,
};
use crate::{
    domain::{
        attempt::{AttemptState, Outcome, Report},
        id::{ChannelId, MarkId},
        journal::What,
        outbound::{Address, Identity, Letter, MarkState, Purpose},
        task::{MessageRef, Origin},
    },
    ports::{
        rows::{MarkRow, Rows, RowsError},
        store::Urgency,
    },
};

/// Most reactions of a channel that are brought forward when Discord is back: those behind them come at their own time.
const HURRIED: u32 = 500;

/// What is to be done for a channel's reactions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextMark {
    /// This one is due.
    Due(Box<MarkRow>),
    /// None is due; this one will be first.
    Later(Box<MarkRow>),
    /// Nothing.
    Nothing,
}

/// Why a mark does not stand, and what follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarkFailure {
    /// It may stand at a later try.
    Later {
        /// When.
        due_at: DateTime<Utc>,
        /// Why not now.
        reason: String,
    },
    /// A permission is missing: nothing is started until a ✅ stands. Any other mark is merely tried later.
    Forbidden {
        /// When it is tried again.
        due_at: DateTime<Utc>,
        /// Discord's words.
        reason: String,
        /// What the operator is told, once.
        alert: String,
    },
    /// The message is gone.
    MessageGone,
    /// This message takes no reaction of ours (too many, or its author has blocked us): a reply shows the state instead.
    Impossible {
        /// Why.
        reason: String,
        /// The reply, for a claim.
        reply: Option<String>,
    },
}

impl Queue {
    /// Refuses a message visibly: ❌ and a reply, once per message and reason however often it is seen.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn refuse(&self, on: MessageRef, text: String) -> Result<(), QueueError> {
        let now = self.now();
        self.write(Urgency::Usual, move |rows| Ok(refuse(rows, on, &text, now)?)).await?;
        self.bells.outbound.notify_one();
        Ok(())
    }

    /// Whether this store has refused a message, and the refusal stands.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn has_refused(&self, on: MessageRef) -> Result<bool, QueueError> {
        self.read(move |look| {
            let refusal = look.mark_on(on.message, REFUSED)?.filter(|mark| mark.mark.purpose == Purpose::Refusal);
            Ok(refusal.is_some_and(|mark| !matches!(mark.state, MarkState::Lifting | MarkState::Lifted)))
        })
        .await
    }

    /// A mark was put. A claim's attempt may start; a hold for want of permission in its channel is over. One that is not wanted any more is
    /// taken away again.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn mark_put(&self, id: MarkId) -> Result<(), QueueError> {
        let now = self.now();
        self.write(Urgency::Urgent, move |rows| {
            let Some(mut row) = rows.mark(id)? else { return Ok(()) };
            row.state = match row.state {
                MarkState::Wanted | MarkState::Put | MarkState::Impossible { .. } => MarkState::Put,
                MarkState::Lifting | MarkState::Lifted => MarkState::Lifting,
            };
            rows.update_mark(&row)?;
            if row.mark.purpose == Purpose::Claim {
                if rows.fact(UNMARKABLE_IN)?.is_some_and(|channel| channel == row.mark.on.channel.to_string()) {
                    end_hold(rows)?;
                } else {
                    end_hold_that_nobody_tries(rows)?;
                }
                clear(rows, &row, now)?;
            }
            Ok(())
        })
        .await?;
        self.bells.attempts.notify_one();
        self.bells.outbound.notify_one();
        self.bells.work.notify_one();
        Ok(())
    }

    /// A mark was taken away. One that is wanted again meanwhile is put again.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn mark_lifted(&self, id: MarkId) -> Result<(), QueueError> {
        self.write(Urgency::Urgent, move |rows| {
            let Some(mut row) = rows.mark(id)?.filter(|row| row.state == MarkState::Lifting) else { return Ok(()) };
            row.state = MarkState::Lifted;
            Ok(rows.update_mark(&row)?)
        })
        .await?;
        self.bells.outbound.notify_one();
        Ok(())
    }

    /// A mark does not stand.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn mark_failed(&self, id: MarkId, failure: MarkFailure) -> Result<(), QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        self.write(Urgency::Urgent, move |rows| {
            let Some(mut row) = rows.mark(id)? else { return Ok(()) };
            let claim = row.mark.purpose == Purpose::Claim;
            row.progress.failures += 1;
            match &failure {
                MarkFailure::Later { due_at, reason } => {
                    row.progress.due_at = *due_at;
                    row.progress.last_error = Some(reason.clone());
                    if row.state == MarkState::Lifted {
                        // It was not wanted any more while it was being put: it may stand.
                        row.state = MarkState::Lifting;
                    }
                    rows.update_mark(&row)?;
                }
                MarkFailure::Forbidden { due_at, reason, alert } => {
                    row.progress.due_at = *due_at;
                    row.progress.last_error = Some(reason.clone());
                    rows.update_mark(&row)?;
                    let told = rows.fact(UNMARKABLE)?.is_some_and(|held| !held.is_empty());
                    if claim && !told {
                        write_letter(rows, now, rules.routes.operator, None, Letter::Operator { text: alert.clone() })?;
                    }
                    if claim {
                        rows.put_fact(UNMARKABLE, reason)?;
                        rows.put_fact(UNMARKABLE_IN, &row.mark.on.channel.to_string())?;
                    }
                }
                MarkFailure::MessageGone => {
                    row.state = MarkState::Impossible { reason: "the message is gone".to_owned() };
                    rows.update_mark(&row)?;
                    if claim {
                        end_unmarked(rows, &rules, &row, now)?;
                        end_hold_that_nobody_tries(rows)?;
                    }
                }
                MarkFailure::Impossible { reason, reply } => {
                    row.state = MarkState::Impossible { reason: reason.clone() };
                    rows.update_mark(&row)?;
                    if let Some(text) = reply {
                        let to = Address { channel: row.mark.on.channel, identity: Identity::Orchestrator };
                        let letter = Letter::Reply { to: row.mark.on, text: text.clone() };
                        write_letter(rows, now, to, row.mark.task.as_ref(), letter)?;
                    }
                    if claim {
                        clear(rows, &row, now)?;
                        end_hold_that_nobody_tries(rows)?;
                    }
                }
            }
            Ok(())
        })
        .await?;
        self.bells.attempts.notify_one();
        self.bells.outbound.notify_one();
        self.bells.work.notify_one();
        Ok(())
    }

    /// Channels in which a reaction is to be put or taken away.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn marked_channels(&self) -> Result<Vec<ChannelId>, QueueError> {
        self.read(|look| look.marked_channels()).await
    }

    /// What is to be done next for a channel's reactions. However many wait, one is read.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn next_mark(&self, channel: ChannelId) -> Result<NextMark, QueueError> {
        let now = self.now();
        self.read(move |look| {
            if let Some(due) = look.due_marks(channel, now, 1)?.pop() {
                return Ok(NextMark::Due(Box::new(due)));
            }
            Ok(look.later_marks(channel, now, 1)?.pop().map_or(NextMark::Nothing, |later| NextMark::Later(Box::new(later))))
        })
        .await
    }

    /// Discord is back: a channel's reactions that wait for nothing else are due now.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn hurry_marks(&self, channel: ChannelId) -> Result<(), QueueError> {
        let now = self.now();
        self.write(Urgency::Usual, move |rows| {
            for mut mark in rows.later_marks(channel, now, HURRIED)? {
                if mark.progress.waits_for_return() {
                    mark.progress.due_at = now;
                    rows.update_mark(&mark)?;
                }
            }
            Ok(())
        })
        .await
    }

    /// Marks that are wanted, in the order of sending, due or not.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn wanted_marks(&self, limit: u32) -> Result<Vec<MarkRow>, QueueError> {
        self.read(move |look| look.wanted_marks(limit)).await
    }
}

fn end_hold(rows: &mut dyn Rows) -> Result<(), RowsError> {
    rows.put_fact(UNMARKABLE, "")?;
    rows.put_fact(UNMARKABLE_IN, "")
}

/// While ✅ is refused nothing is claimed, so that no new ✅ is wanted: when the last one that could prove that it can be put again is gone,
/// the next claim has to.
fn end_hold_that_nobody_tries(rows: &mut dyn Rows) -> Result<(), RowsError> {
    if rows.fact(UNMARKABLE)?.is_none_or(|reason| reason.is_empty()) {
        return Ok(());
    }
    // Claims are the first of all marks that are wanted.
    let tried = rows.wanted_marks(1)?.iter().any(|mark| mark.mark.purpose == Purpose::Claim);
    if tried { Ok(()) } else { end_hold(rows) }
}

/// The message of a task is gone before its agent has started: it does not run.
fn end_unmarked(rows: &mut dyn Rows, rules: &Rules, mark: &MarkRow, now: DateTime<Utc>) -> Result<(), QueueError> {
    const WHY: &str = "its message was deleted before the agent started";
    let Some(id) = &mark.mark.task else { return Ok(()) };
    let mut task = task_row(rows, id)?;
    // The message of a task that began elsewhere is ours: it decides nothing.
    if task.ended.is_some() || task.task.origin != Origin::Message(mark.mark.on) {
        return Ok(());
    }
    match live_attempt(rows, id)? {
        Some(attempt) if attempt.state == (AttemptState::Launching { cleared: false }) => {
            settle::end_attempt(rows, rules, &attempt, Report::without_result(Outcome::Cancelled, WHY), now)
        }
        Some(_) => Ok(()),
        None => {
            let mut step = step_row(rows, id)?;
            control::end_waiting(rows, rules, &mut task, &mut step, WHY.to_owned(), now)
        }
    }
}

/// Lets the attempt start that waited for this mark.
fn clear(rows: &mut dyn Rows, mark: &MarkRow, now: DateTime<Utc>) -> Result<(), RowsError> {
    let Some(task) = &mark.mark.task else { return Ok(()) };
    if let Some(mut attempt) = live_attempt(rows, task)?.filter(|a| a.state == AttemptState::Launching { cleared: false }) {
        attempt.state = AttemptState::Launching { cleared: true };
        rows.update_attempt(&attempt)?;
        journal(rows, now, task, What::Marked)?;
    }
    Ok(())
}
