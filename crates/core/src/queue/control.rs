//! What people do to tasks that are there: cancel, run again, hold, release, edit, stop and resume everything.

use chrono::{DateTime, Utc};

use super::{
    Queue, QueueError, Rules,
    card_changes::{self, Pace},
    dispatch, ended_words, follow_ups, gates, journal, lanes, live_attempt, not_now, quotas,
    reopen::reopen,
    settle, step_row, task_row, write_letter,
};
use crate::{
    domain::{
        attempt::{AttemptState, Outcome},
        id::{AttemptId, TaskId},
        journal::{Event, What},
        lease::Fence,
        outbound::{Address, Identity, Letter},
        quota,
        step::{Blocked, StepEvent, StepState, Verdict},
    },
    ports::{
        agent_runner::StopReason,
        rows::{AttemptRow, LetterRow, Look, Rows, RowsError, StepRow, TaskRow},
        store::Urgency,
    },
};

/// What a cancellation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// It waited, and will not run.
    BeforeItRan,
    /// It runs; its agent is being stopped.
    Stopping(AttemptId),
}

impl Queue {
    /// Cancels a task: a waiting one ends at once, a running one is stopped.
    ///
    /// # Errors
    ///
    /// [`QueueError::NoTask`]; [`QueueError::NotNow`] if it has ended; [`QueueError::Store`].
    pub async fn cancel(&self, id: TaskId, by: String, why: String) -> Result<Cancelled, QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        let done = self
            .write(Urgency::Urgent, move |rows| {
                let mut task = task_row(rows, &id)?;
                let mut step = step_row(rows, &id)?;
                if let StepState::Finished { .. } = step.state {
                    return Err(not_now(
                        &id,
                        "cancelled",
                        &task.ended.map_or_else(|| "has ended".to_owned(), |(_, outcome)| ended_words(outcome)),
                    ));
                }
                let live = live_attempt(rows, &id)?;
                if let Some(attempt) = live.as_ref().filter(|attempt| is_being_cancelled(attempt)) {
                    // One that was to go on with what was said in its thread does so no longer.
                    if rows.fact(&follow_ups::interrupted(attempt))?.is_none() {
                        return Ok(Cancelled::Stopping(attempt.id));
                    }
                    rows.drop_fact(&follow_ups::interrupted(attempt))?;
                }
                journal(rows, now, &id, What::StopAsked { by: by.clone() })?;
                if let Some(mut attempt) = live {
                    attempt.stop = Some((StopReason::Cancelled, by.clone()));
                    rows.update_attempt(&attempt)?;
                    card_changes::touch(rows, &rules, &id, Pace::Now, now)?;
                    return Ok(Cancelled::Stopping(attempt.id));
                }
                end_waiting(rows, &rules, &mut task, &mut step, why.clone(), now)?;
                Ok(Cancelled::BeforeItRan)
            })
            .await?;
        self.bells.work.notify_one();
        self.bells.attempts.notify_one();
        self.bells.outbound.notify_one();
        Ok(done)
    }

    /// Cancels a task that was never claimed, because its source is gone; one that was claimed is left alone. Tells which it was.
    ///
    /// # Errors
    ///
    /// [`QueueError::NoTask`]; [`QueueError::Store`].
    pub async fn withdraw(&self, id: TaskId, by: String, why: String) -> Result<bool, QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        let withdrawn = self
            .write(Urgency::Urgent, move |rows| {
                let mut task = task_row(rows, &id)?;
                let mut step = step_row(rows, &id)?;
                if was_claimed(&step) || task.ended.is_some() {
                    return Ok(false);
                }
                journal(rows, now, &id, What::StopAsked { by: by.clone() })?;
                end_waiting(rows, &rules, &mut task, &mut step, why.clone(), now)?;
                Ok(true)
            })
            .await?;
        self.bells.work.notify_one();
        self.bells.outbound.notify_one();
        Ok(withdrawn)
    }

    /// Runs a task again that has ended, or releases one that is held or asked about. A new counted attempt is allowed for it. If its message was edited
    /// since it was claimed, and that was not told at a former retry, the message is answered with `edited`: what runs is the text that was claimed.
    ///
    /// # Errors
    ///
    /// [`QueueError::NoTask`]; [`QueueError::NotNow`] if it waits or runs; [`QueueError::Store`].
    pub async fn retry(&self, id: TaskId, by: String, edited: String) -> Result<(), QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        self.write(Urgency::Usual, move |rows| {
            let mut task = task_row(rows, &id)?;
            let mut step = step_row(rows, &id)?;
            card_changes::touch(rows, &rules, &id, Pace::Now, now)?;
            match step.state {
                StepState::Finished { .. } => {
                    if let Some(at) = task.message
                        && was_edited_since(rows, &id)?
                    {
                        let to = Address { channel: at.channel, identity: Identity::Orchestrator };
                        write_letter(rows, now, to, Some(&id), Letter::Reply { to: at, text: edited.clone() })?;
                    }
                    journal(rows, now, &id, What::Retried { by: by.clone() })?;
                    card_changes::want_again(rows, &rules, &id, now)?;
                    reopen(rows, &rules, &mut task, &mut step, now)
                }
                StepState::Blocked { .. } => release(rows, &mut step, &by, now, rules.lane_cap),
                StepState::Ready { .. } | StepState::Parked { .. } | StepState::Delayed { .. } => {
                    Err(not_now(&id, "run again", "is waiting for its turn"))
                }
                StepState::Running => Err(not_now(&id, "run again", "is running")),
            }
        })
        .await?;
        self.bells.work.notify_one();
        self.bells.outbound.notify_one();
        Ok(())
    }

    /// Holds a waiting task until it is released.
    ///
    /// # Errors
    ///
    /// [`QueueError::NoTask`]; [`QueueError::NotNow`] if it runs or has ended; [`QueueError::Store`].
    pub async fn hold(&self, id: TaskId, by: String) -> Result<(), QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        self.write(Urgency::Usual, move |rows| {
            let mut step = step_row(rows, &id)?;
            let event = StepEvent::Blocked { reason: Blocked::Paused };
            match step.state {
                StepState::Blocked { .. } => return Ok(()),
                StepState::Running => return Err(not_now(&id, "held", "is running: cancel it instead")),
                StepState::Finished { .. } => return Err(not_now(&id, "held", "has ended")),
                StepState::Ready { .. } => leave_unclaimed(rows, &mut step, event, now, rules.lane_cap)?,
                StepState::Parked { .. } | StepState::Delayed { .. } => {
                    step.state = step.state.after(event, now)?;
                    rows.update_step(&mut step)?;
                }
            }
            card_changes::touch(rows, &rules, &id, Pace::Now, now)?;
            Ok(journal(rows, now, &id, What::Held { by: by.clone() })?)
        })
        .await?;
        self.bells.work.notify_one();
        self.bells.outbound.notify_one();
        Ok(())
    }

    /// Lets a task that somebody held take its turn again. One that is not held is left alone.
    ///
    /// # Errors
    ///
    /// [`QueueError::NoTask`]; [`QueueError::Store`].
    pub async fn release(&self, id: TaskId, by: String) -> Result<(), QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        self.write(Urgency::Usual, move |rows| {
            let mut step = step_row(rows, &id)?;
            match step.state {
                StepState::Blocked { reason: Blocked::Paused } => {
                    card_changes::touch(rows, &rules, &id, Pace::Now, now)?;
                    release(rows, &mut step, &by, now, rules.lane_cap)
                }
                _ => Ok(()),
            }
        })
        .await?;
        self.bells.work.notify_one();
        self.bells.outbound.notify_one();
        Ok(())
    }

    /// Gives its turn to a task that waits for a later time, or for its agent's quota, whatever is known of that.
    ///
    /// # Errors
    ///
    /// [`QueueError::NoTask`]; [`QueueError::NotNow`] if it waits for no time; [`QueueError::Store`].
    pub async fn hasten(&self, id: TaskId, by: String) -> Result<(), QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        self.write(Urgency::Usual, move |rows| {
            let mut step = step_row(rows, &id)?;
            match &step.state {
                StepState::Delayed { .. } => {}
                StepState::Parked { gate } if quota::agent_of(gate).is_some() => quotas::let_past(rows, &id)?,
                _ => return Err(not_now(&id, "tried at once", "waits for no time")),
            }
            journal(rows, now, &id, What::Hastened { by: by.clone() })?;
            card_changes::touch(rows, &rules, &id, Pace::Now, now)?;
            lanes::enter(rows, &mut step, StepEvent::Freed, now, rules.lane_cap)
        })
        .await?;
        self.bells.work.notify_one();
        self.bells.outbound.notify_one();
        Ok(())
    }

    /// Replaces what a waiting task asks, as its message was edited; after its claim that has no effect. Tells whether it had.
    ///
    /// # Errors
    ///
    /// [`QueueError::NoTask`]; [`QueueError::Store`].
    pub async fn edit(&self, new: crate::domain::task::Task, gates: Vec<String>) -> Result<bool, QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        self.write(Urgency::Usual, move |rows| {
            let mut row = task_row(rows, &new.id)?;
            let mut step = step_row(rows, &new.id)?;
            if was_claimed(&step) || matches!(step.state, StepState::Finished { .. }) {
                journal(rows, now, &new.id, What::EditIgnored)?;
                return Ok(false);
            }
            row.task.prompt.clone_from(&new.prompt);
            row.task.wishes = new.wishes.clone();
            row.task.attachments.clone_from(&new.attachments);
            rows.update_task(&row)?;
            // A step that is ready leaves its lane and enters it again, because its priority may be another; a parked one looks at its gates anew.
            let waits = matches!(step.state, StepState::Ready { .. } | StepState::Parked { .. });
            if lanes::is_in_lane(&step) {
                leave_unclaimed(rows, &mut step, StepEvent::Blocked { reason: Blocked::Paused }, now, rules.lane_cap)?;
            }
            step.priority = row.task.wishes.priority;
            step.attempts_allowed = row.task.wishes.attempts;
            step.gates.clone_from(&gates);
            if waits {
                lanes::enter(rows, &mut step, StepEvent::Freed, now, rules.lane_cap)?;
            } else {
                rows.update_step(&mut step)?;
            }
            card_changes::asked_otherwise(rows, &rules, &new.id, step.priority, now)?;
            journal(rows, now, &new.id, What::Edited)?;
            Ok(true)
        })
        .await
        .inspect(|_| {
            self.bells.work.notify_one();
            self.bells.outbound.notify_one();
        })
    }

    /// Starts nothing more, on all instances, until [`resume`](Self::resume); with `stop_running` this instance's agents are stopped too.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn pause(&self, by: String, stop_running: bool) -> Result<u32, QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        // An empty fact says that nothing is paused.
        let by = if by.is_empty() { "somebody".to_owned() } else { by };
        let stopped = self
            .write(Urgency::Urgent, move |rows| {
                rows.put_fact(dispatch::PAUSED, &by)?;
                rows.append(&Event { at: now, task: None, attempt: None, what: What::Paused { by: by.clone() } })?;
                Ok(if stop_running { stop_live(rows, &rules, StopReason::Cancelled, &by, now)? } else { 0 })
            })
            .await?;
        self.bells.outbound.notify_one();
        self.bells.attempts.notify_one();
        Ok(stopped)
    }

    /// Stops this instance's agents because it ends and takes them with it: their tasks end INTERRUPTED. Tells how many there were.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn stop_running(&self, by: String) -> Result<u32, QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        let stopped = self.write(Urgency::Urgent, move |rows| Ok(stop_live(rows, &rules, StopReason::Shutdown, &by, now)?)).await?;
        self.bells.attempts.notify_one();
        Ok(stopped)
    }

    /// Starts tasks again after a [`pause`](Self::pause).
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn resume(&self, by: String) -> Result<(), QueueError> {
        let now = self.now();
        self.write(Urgency::Usual, move |rows| {
            rows.put_fact(dispatch::PAUSED, "")?;
            Ok(rows.append(&Event { at: now, task: None, attempt: None, what: What::Resumed { by: by.clone() } })?)
        })
        .await?;
        self.bells.work.notify_one();
        Ok(())
    }
}

/// Asks for the stop of every live attempt of this instance; one that is being stopped already keeps its reason.
fn stop_live(rows: &mut dyn Rows, rules: &Rules, why: StopReason, by: &str, now: DateTime<Utc>) -> Result<u32, RowsError> {
    let mut stopped = 0;
    for mut attempt in rows.live_attempts(&rules.instance)? {
        attempt.stop.get_or_insert_with(|| (why, by.to_owned()));
        rows.update_attempt(&attempt)?;
        card_changes::touch(rows, rules, &attempt.task, Pace::Now, now)?;
        stopped += 1;
    }
    Ok(stopped)
}

/// Whether the message of a task was edited since it was claimed, and nobody has run it again since.
fn was_edited_since(look: &(impl Look + ?Sized), task: &TaskId) -> Result<bool, RowsError> {
    let last = look.events_of(task)?.into_iter().rev().find(|event| matches!(event.what, What::EditIgnored | What::Retried { .. }));
    Ok(last.is_some_and(|event| event.what == What::EditIgnored))
}

/// Whether somebody has asked that the attempt be stopped.
fn is_being_cancelled(attempt: &AttemptRow) -> bool {
    matches!(attempt.stop, Some((StopReason::Cancelled, _)))
}

/// Whether an instance has ever taken the step: then its message carries ✅, or is about to, and stands for what runs.
fn was_claimed(step: &StepRow) -> bool {
    step.fence > Fence(0)
}

/// Takes a ready step out of its lane for another reason than a claim. If it was woken at a gate, the next one is woken in its stead.
fn leave_unclaimed(
    rows: &mut dyn Rows,
    step: &mut StepRow,
    event: StepEvent<'_>,
    now: DateTime<Utc>,
    lane_cap: u32,
) -> Result<(), QueueError> {
    lanes::leave(rows, step, event, now)?;
    gates::pass_on(rows, &step.gates, now, lane_cap)
}

/// Ends a task whose step waits.
pub(super) fn end_waiting(
    rows: &mut dyn Rows,
    rules: &Rules,
    task: &mut TaskRow,
    step: &mut StepRow,
    why: String,
    now: DateTime<Utc>,
) -> Result<(), QueueError> {
    let event = StepEvent::Settled(Verdict::Cancelled);
    if lanes::is_in_lane(step) {
        leave_unclaimed(rows, step, event, now, rules.lane_cap)?;
    } else {
        step.state = step.state.after(event, now)?;
        rows.update_step(step)?;
    }
    let untold = untold_run(rows, &task.task.id)?;
    settle::end_task(rows, rules, task, Outcome::Cancelled, untold, Some(why), now)
}

/// The latest run of a task, if no result letter speaks for it: what it cost must be told.
fn untold_run(rows: &dyn Rows, task: &TaskId) -> Result<Option<AttemptId>, RowsError> {
    let ended = |attempt: &AttemptRow| matches!(attempt.state, AttemptState::Ended { .. });
    let Some(latest) = rows.attempts_of(task)?.into_iter().rev().find(ended) else { return Ok(None) };
    let tells = |row: LetterRow| matches!(row.letter, Letter::Result { attempt, .. } if attempt == Some(latest.id));
    Ok(if rows.letters_of(task)?.into_iter().any(tells) { None } else { Some(latest.id) })
}

fn release(rows: &mut dyn Rows, step: &mut StepRow, by: &str, now: DateTime<Utc>, lane_cap: u32) -> Result<(), QueueError> {
    journal(rows, now, &step.task.clone(), What::Released { by: by.to_owned() })?;
    lanes::enter(rows, step, StepEvent::Freed, now, lane_cap)
}
