//! From a claim to a running agent: what may start, what has started, what could not.

use std::collections::HashSet;

use super::{
    Queue, QueueError,
    card_changes::{self, Pace},
    journal_attempt, lanes,
    settle::{self, held, let_go},
    write_letter,
};
use crate::{
    domain::{
        attempt::{AttemptState, Outcome, Report},
        id::AttemptId,
        journal::What,
        lease::Fence,
        outbound::Letter,
        step::StepEvent,
    },
    ports::{
        rows::{AttemptRow, LiveHead, TaskRow},
        store::Urgency,
    },
};

/// How many characters of a task's text its start notice shows. Source: contract 003 §5.
pub const NOTICE_CHARS: usize = 60;

impl Queue {
    /// This instance's live attempts with their tasks, oldest first.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn live(&self) -> Result<Vec<(AttemptRow, TaskRow)>, QueueError> {
        let instance = self.rules.instance.clone();
        self.read(move |look| {
            let live = look.live_attempts(&instance)?;
            live.into_iter()
                .filter_map(|attempt| look.task(&attempt.task).transpose().map(|task| task.map(|task| (attempt, task))))
                .collect()
        })
        .await
    }

    /// The heads of this instance's live attempts, oldest first, with all that is known of those that are not `known` yet: this is asked at every
    /// ring, and a task's text may be long.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn live_beside(&self, known: HashSet<AttemptId>) -> Result<Vec<(LiveHead, Option<(AttemptRow, TaskRow)>)>, QueueError> {
        let instance = self.rules.instance.clone();
        self.read(move |look| {
            let heads = look.live_heads(&instance)?.into_iter();
            heads
                .map(|head| {
                    let attempt = if known.contains(&head.id) { None } else { look.attempt(head.id)? };
                    let whole = match attempt {
                        Some(attempt) => look.task(&attempt.task)?.map(|task| (attempt, task)),
                        None => None,
                    };
                    Ok((head, whole))
                })
                .collect()
        })
        .await
    }

    /// An attempt as it is now; `None` if there is none of this name.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn attempt(&self, id: AttemptId) -> Result<Option<AttemptRow>, QueueError> {
        self.read(move |look| look.attempt(id)).await
    }

    /// The agent of an attempt was started: it runs, and #worker-pool is told.
    ///
    /// # Errors
    ///
    /// [`QueueError::Late`] if the attempt is no longer the step's; [`QueueError::Store`].
    pub async fn launched(&self, attempt: AttemptId, fence: Fence) -> Result<(), QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        self.write(Urgency::Urgent, move |rows| {
            let mut row = held(rows, attempt, fence)?;
            if matches!(row.state, AttemptState::Running { .. }) {
                return Ok(());
            }
            row.state = AttemptState::Running { since: now };
            rows.update_attempt(&row)?;
            if let Some(mut step) = rows.step(row.step)?.filter(|step| step.failed_launches > 0) {
                step.failed_launches = 0;
                rows.update_step(&mut step)?;
            }
            journal_attempt(rows, now, &row, What::Launched)?;
            card_changes::touch(rows, &rules, &row.task, Pace::Soon, now)?;
            if let Some(pool) = rules.routes.pool_of_slot(row.slot) {
                let text = super::task_row(rows, &row.task)?.task.prompt.chars().take(NOTICE_CHARS).collect();
                write_letter(rows, now, pool, Some(&row.task), Letter::Spawned { agent_id: row.agent_id.clone(), text })?;
            }
            Ok(())
        })
        .await?;
        // A stop may have been asked for while it was being started.
        self.bells.attempts.notify_one();
        self.bells.outbound.notify_one();
        Ok(())
    }

    /// The agent did not start, and never will in this attempt, which therefore doesn't count: its step gets its turn again, later where
    /// the machine refused, at once where the launch was merely cut off; after too many such launches it fails.
    ///
    /// # Errors
    ///
    /// [`QueueError::Late`]; [`QueueError::Store`].
    pub async fn launch_failed(&self, attempt: AttemptId, fence: Fence, reason: String, cut_off: bool) -> Result<(), QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        self.write(Urgency::Urgent, move |rows| {
            let mut row = held(rows, attempt, fence)?;
            let Some(mut step) = rows.step(row.step)? else { return Err(QueueError::Late) };
            journal_attempt(rows, now, &row, What::LaunchFailed { reason: reason.clone() })?;
            if let Some((_, by)) = &row.stop {
                let report = Report::without_result(Outcome::Cancelled, format!("cancelled by {by} before the agent started"));
                return settle::end_attempt(rows, &rules, &row, report, now);
            }
            if !cut_off && step.failed_launches + 1 >= rules.launch_tries {
                let report = Report::without_result(Outcome::Failed, reason.clone());
                return settle::end_attempt(rows, &rules, &row, report, now);
            }
            row.state = AttemptState::Void;
            row.ended_at = Some(now);
            rows.update_attempt(&row)?;
            card_changes::touch(rows, &rules, &row.task, Pace::Soon, now)?;
            let_go(rows, &rules, &row, &step.gates.clone(), &step.lane.clone(), now)?;
            if cut_off {
                return lanes::enter(rows, &mut step, StepEvent::Freed, now, rules.lane_cap);
            }
            step.failed_launches += 1;
            let until = now + rules.launch_delays.before(step.failed_launches);
            step.state = step.state.after(StepEvent::PutOff { until }, now)?;
            Ok(rows.update_step(&mut step)?)
        })
        .await?;
        self.bells.work.notify_one();
        self.bells.outbound.notify_one();
        Ok(())
    }

    /// A restarted service has found an attempt's agent running.
    ///
    /// # Errors
    ///
    /// [`QueueError::Late`]; [`QueueError::Store`].
    pub async fn adopted(&self, attempt: AttemptId, fence: Fence) -> Result<(), QueueError> {
        let now = self.now();
        self.write(Urgency::Urgent, move |rows| {
            let row = held(rows, attempt, fence)?;
            Ok(journal_attempt(rows, now, &row, What::Adopted)?)
        })
        .await
    }
}
