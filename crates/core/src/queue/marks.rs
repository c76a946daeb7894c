//! Reactions that are to stand: the ✅ that the agent waits for, the ❌ of a refusal, the sign at the end.

use chrono::{DateTime, Utc};

use super::{Queue, QueueError, claim::UNMARKABLE, journal, live_attempt, settle, write_letter};
use crate::{
    domain::{
        attempt::{AttemptState, Outcome, Report},
        id::{MarkId, TaskId},
        journal::What,
        outbound::{Address, Identity, Letter, Mark, MarkState, Progress, Purpose},
        task::MessageRef,
    },
    ports::{
        rows::{MarkRow, Rows, RowsError},
        store::Urgency,
    },
};

/// The sign of a claim. Source: contract 003 §2.
pub const CLAIMED: &str = "✅";
/// The sign of a refusal. Source: contract 003 §1.
pub const REFUSED: &str = "❌";

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
    /// A permission is missing: nothing is started until it stands.
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

/// Wants the ✅ on a task's message; tells whether it stands already.
pub(super) fn want_claim(rows: &mut dyn Rows, on: MessageRef, task: &TaskId, now: DateTime<Utc>) -> Result<bool, RowsError> {
    match rows.mark_on(on.message, CLAIMED)? {
        Some(there) => Ok(there.state != MarkState::Wanted),
        None => want(rows, on, CLAIMED, Some(task), Purpose::Claim, now).map(|()| false),
    }
}

/// Wants a reaction; that it may be there already is no surprise.
pub(super) fn want(
    rows: &mut dyn Rows,
    on: MessageRef,
    emoji: &str,
    task: Option<&TaskId>,
    purpose: Purpose,
    now: DateTime<Utc>,
) -> Result<(), RowsError> {
    if let Some(mut there) = rows.mark_on(on.message, emoji)? {
        if matches!(there.state, MarkState::Lifting | MarkState::Lifted) {
            there.state = MarkState::Wanted;
            there.progress = Progress { failures: 0, due_at: now, first_sent_at: None, last_error: None };
            rows.update_mark(&there)?;
        }
        return Ok(());
    }
    rows.insert_mark(&MarkRow {
        id: MarkId(0),
        mark: Mark { on, emoji: emoji.to_owned(), task: task.cloned(), purpose },
        state: MarkState::Wanted,
        progress: Progress { failures: 0, due_at: now, first_sent_at: None, last_error: None },
    })?;
    Ok(())
}

impl Queue {
    /// Refuses a message visibly: ❌ and a reply, once per message however often it is seen.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn refuse(&self, on: MessageRef, text: String) -> Result<(), QueueError> {
        let now = self.now();
        self.write(Urgency::Usual, move |rows| {
            if rows.mark_on(on.message, REFUSED)?.is_some_and(|mark| !matches!(mark.state, MarkState::Lifting | MarkState::Lifted)) {
                return Ok(());
            }
            want(rows, on, REFUSED, None, Purpose::Refusal, now)?;
            let to = Address { channel: on.channel, identity: Identity::Orchestrator };
            write_letter(rows, now, to, None, Letter::Reply { to: on, text: text.clone() })?;
            Ok(())
        })
        .await?;
        self.bells.outbound.notify_one();
        Ok(())
    }

    /// Takes back the refusal of a message that was edited; tells whether there was one.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn unrefuse(&self, on: MessageRef) -> Result<bool, QueueError> {
        let lifted = self
            .write(Urgency::Usual, move |rows| {
                let Some(mut mark) = rows.mark_on(on.message, REFUSED)?.filter(|mark| mark.mark.purpose == Purpose::Refusal) else {
                    return Ok(false);
                };
                mark.state = if mark.state == MarkState::Put { MarkState::Lifting } else { MarkState::Lifted };
                rows.update_mark(&mark)?;
                Ok(true)
            })
            .await?;
        self.bells.outbound.notify_one();
        Ok(lifted)
    }

    /// A mark stands, or has been taken away as it was to be. A claim's attempt may start; a hold for want of permission is over.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn mark_put(&self, id: MarkId) -> Result<(), QueueError> {
        let now = self.now();
        self.write(Urgency::Urgent, move |rows| {
            let Some(mut row) = rows.mark(id)? else { return Ok(()) };
            row.state = if row.state == MarkState::Lifting { MarkState::Lifted } else { MarkState::Put };
            rows.update_mark(&row)?;
            if rows.fact(UNMARKABLE)?.is_some_and(|reason| !reason.is_empty()) {
                rows.put_fact(UNMARKABLE, "")?;
            }
            if row.mark.purpose == Purpose::Claim {
                clear(rows, &row, now)?;
            }
            Ok(())
        })
        .await?;
        self.bells.attempts.notify_one();
        self.bells.work.notify_one();
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
                    rows.update_mark(&row)?;
                }
                MarkFailure::Forbidden { due_at, reason, alert } => {
                    row.progress.due_at = *due_at;
                    row.progress.last_error = Some(reason.clone());
                    rows.update_mark(&row)?;
                    let told = rows.fact(UNMARKABLE)?.is_some_and(|held| !held.is_empty());
                    if !told {
                        write_letter(rows, now, rules.routes.operator, None, Letter::Operator { text: alert.clone() })?;
                    }
                    rows.put_fact(UNMARKABLE, reason)?;
                }
                MarkFailure::MessageGone => {
                    row.state = MarkState::Impossible { reason: "the message is gone".to_owned() };
                    rows.update_mark(&row)?;
                    if let (true, Some(task)) = (claim, &row.mark.task)
                        && let Some(attempt) = live_attempt(rows, task)?.filter(|a| a.state == AttemptState::Launching { cleared: false })
                    {
                        let report = Report::without_result(Outcome::Cancelled, "its message was deleted before the agent started");
                        settle::end_attempt(rows, &rules, &attempt, report, now)?;
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

    /// Marks that are wanted, in the order of sending, due or not.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn wanted_marks(&self, limit: u32) -> Result<Vec<MarkRow>, QueueError> {
        self.read(move |look| look.wanted_marks(limit)).await
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
