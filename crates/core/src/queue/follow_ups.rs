//! What is said in a task's thread: kept once, told to the next attempt, and a reason for one.

use chrono::{DateTime, Utc};

use super::{
    Queue, QueueError,
    card_changes::{self, Pace},
    journal, live_attempt, not_now, refusals,
    reopen::reopen,
    signs, step_row, task_row,
};
use crate::{
    domain::{
        attempt::{AttemptState, Outcome, Report},
        card::Unheard,
        check::Finding,
        id::{AttemptId, TaskId},
        journal::What,
        outbound::Purpose,
        reading::ErrorClass,
        step::StepState,
        task::{Conversation, FollowUp, Left, MessageRef},
    },
    ports::{
        agent_runner::StopReason,
        rows::{AttemptRow, FollowUpRow, Rows, RowsError},
        store::Urgency,
    },
};

/// Of so many people it is remembered that they were told that they are not heard in a thread.
const MOST_UNHEARD: usize = 32;

/// What became of something that was said in a task's thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heeded {
    /// The task goes on with it at once.
    GoesOn,
    /// It is told to the next attempt, when that begins.
    Waits,
    /// It was heard before.
    Known,
}

impl Queue {
    /// Takes what somebody said in a task's thread, once. A task that has ended goes on with it; to any other it is told when its next attempt
    /// begins.
    ///
    /// # Errors
    ///
    /// [`QueueError::NoTask`]; [`QueueError::Store`].
    pub async fn follow_up(&self, id: TaskId, said: FollowUp) -> Result<Heeded, QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        let heeded = self
            .write(Urgency::Usual, move |rows| {
                let mut task = task_row(rows, &id)?;
                let mut step = step_row(rows, &id)?;
                if rows.follow_ups_of(&id)?.iter().any(|row| row.said.at.message == said.at.message) {
                    return Ok(Heeded::Known);
                }
                rows.insert_follow_up(&FollowUpRow { task: id.clone(), told_to: None, said: said.clone() })?;
                signs::want(rows, said.at, signs::CLAIMED, None, Purpose::Heard, now)?;
                journal(rows, now, &id, What::FollowedUp { by: said.by.name().to_owned() })?;
                card_changes::touch(rows, &rules, &id, Pace::Now, now)?;
                if !matches!(step.state, StepState::Finished { .. }) {
                    return Ok(Heeded::Waits);
                }
                reopen(rows, &rules, &mut task, &mut step, now)?;
                Ok(Heeded::GoesOn)
            })
            .await?;
        self.bells.work.notify_one();
        self.bells.outbound.notify_one();
        Ok(heeded)
    }

    /// Refuses what somebody said in a task's thread, visibly, once per person and reason (`of`): people may talk among themselves.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn refuse_follow_up(&self, id: TaskId, on: MessageRef, by: String, of: &'static str, text: String) -> Result<(), QueueError> {
        let now = self.now();
        self.write(Urgency::Usual, move |rows| {
            let Some(mut card) = rows.card(&id)? else { return Ok(()) };
            let told = Unheard { by: by.clone(), of: of.to_owned() };
            if card.card.unheard.contains(&told) {
                return Ok(());
            }
            card.card.unheard.retain(|before| before.by != by);
            card.card.unheard.push(told);
            let too_many = card.card.unheard.len().saturating_sub(MOST_UNHEARD);
            card.card.unheard.drain(..too_many);
            rows.put_card(&card)?;
            Ok(refusals::refuse(rows, on, &text, now)?)
        })
        .await?;
        self.bells.outbound.notify_one();
        Ok(())
    }

    /// Stops the present attempt of a task so that it goes on at once with what was said in its thread.
    ///
    /// # Errors
    ///
    /// [`QueueError::NoTask`]; [`QueueError::NotNow`] if it does not run, or nothing was said that it was not told; [`QueueError::Store`].
    pub async fn interrupt(&self, id: TaskId, by: String) -> Result<AttemptId, QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        let stopped = self
            .write(Urgency::Urgent, move |rows| {
                let Some(mut attempt) = live_attempt(rows, &id)? else { return Err(not_now(&id, "interrupted", "does not run")) };
                if attempt.stop.is_some() {
                    let is_interrupted = rows.fact(&interrupted(&attempt))?.is_some();
                    return if is_interrupted { Ok(attempt.id) } else { Err(not_now(&id, "interrupted", "is being stopped")) };
                }
                if !waits(rows, &id)? {
                    return Err(not_now(&id, "interrupted", "was told all that was said in its thread"));
                }
                journal(rows, now, &id, What::StopAsked { by: by.clone() })?;
                rows.put_fact(&interrupted(&attempt), &by)?;
                attempt.stop = Some((StopReason::Cancelled, by.clone()));
                rows.update_attempt(&attempt)?;
                card_changes::touch(rows, &rules, &id, Pace::Now, now)?;
                Ok(attempt.id)
            })
            .await?;
        self.bells.attempts.notify_one();
        self.bells.outbound.notify_one();
        Ok(stopped)
    }

    /// What a counted attempt of a task is told beside the task itself.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn conversation(&self, id: TaskId, number: u32) -> Result<Conversation, QueueError> {
        self.read(move |look| {
            let said = look.follow_ups_of(&id)?.into_iter().filter(|row| row.told_to.is_some_and(|told| told <= number));
            let said: Vec<FollowUp> = said.map(|row| row.said).collect();
            if said.is_empty() && number == 1 {
                return Ok(Conversation::default());
            }
            let earlier = |row: &AttemptRow| row.number < number && matches!(row.state, AttemptState::Ended { .. });
            let left = look.attempts_of(&id)?.into_iter().rev().filter(earlier).find_map(|row| {
                let report = row.report?;
                let objections = objections(&report);
                Some(Left { number: row.number, outcome: report.outcome, text: report.text, objections })
                    .filter(|left| !left.text.trim().is_empty())
            });
            Ok(Conversation { left, said })
        })
        .await
    }
}

/// Why an attempt's checks did not say yes, if it failed for that.
fn objections(report: &Report) -> Vec<String> {
    let checks = report.checked.iter().flat_map(|checked| &checked.checks).filter(|_| report.class == Some(ErrorClass::CheckFailed));
    let told = checks.filter(|check| check.finding != Finding::Verified).map(|check| {
        let command = check.command.as_deref().map_or_else(String::new, |command| format!(" ({command})"));
        let printed = check.output.as_deref().map_or_else(String::new, |output| format!("\n{output}"));
        format!("{}{command}: {}{printed}", check.check, check.because)
    });
    told.collect()
}

/// Whether something was said in a task's thread that no attempt was told.
fn waits(rows: &dyn Rows, task: &TaskId) -> Result<bool, RowsError> {
    Ok(rows.follow_ups_of(task)?.iter().any(|row| row.told_to.is_none()))
}

/// What was said in a task's thread, now that an attempt has ended: what that one was told gets the sign of its end. Tells whether the task goes on:
/// something waits to be told, and nobody wanted the task itself stopped.
pub(super) fn after(rows: &mut dyn Rows, ended: &AttemptRow, outcome: Outcome, now: DateTime<Utc>) -> Result<bool, RowsError> {
    let mut waits = false;
    for row in rows.follow_ups_of(&ended.task)? {
        match row.told_to {
            None => waits = true,
            Some(number) if number == ended.number => signs::want(rows, row.said.at, outcome.mark(), None, Purpose::End, now)?,
            Some(_) => {}
        }
    }
    if ended.stop.is_none() {
        return Ok(waits);
    }
    let interrupted = interrupted(ended);
    let was_interrupted = rows.fact(&interrupted)?.is_some();
    if was_interrupted {
        rows.drop_fact(&interrupted)?;
    }
    Ok(waits && was_interrupted)
}

/// The fact that says that an attempt was stopped so that its task could go on; it ends with the attempt.
pub(super) fn interrupted(attempt: &AttemptRow) -> String {
    format!("interrupted:{}", attempt.id)
}
