//! The end of an attempt: one transaction holds its report, what becomes of its step, the freed gates, the ledger, the journal and the letters.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    Queue, QueueError, Rules,
    card_changes::{self, Pace},
    ceilings,
    dispatch::instance_gate,
    follow_ups, gates, journal_attempt, lanes, permissions, quotas, reopen, signs, write_letter,
};
use crate::{
    domain::{
        attempt::{AttemptState, Outcome, Report},
        evidence::Collected,
        id::AttemptId,
        journal::What,
        lease::Fence,
        money::Usd,
        outbound::{Letter, Purpose},
        quota,
        step::StepEvent,
    },
    ports::{
        agent_runner::Ending,
        rows::{AttemptRow, LedgerRow, Rows, StepRow, TaskRow},
        store::Urgency,
    },
};

/// An attempt whose agent has ended (or never will start), with what it left: what the runner hands to outcome.
#[derive(Debug)]
pub struct Ended {
    /// How the agent ended, or why it did not start.
    pub how: How,
    /// What it left.
    pub collected: Collected,
    /// The attempt, as it was last read.
    pub attempt: AttemptRow,
    /// Its task.
    pub task: TaskRow,
    /// The room in memory that a large result takes, until it is settled.
    pub room: Option<OwnedSemaphorePermit>,
}

/// How an attempt ended, as far as its process is concerned.
#[derive(Debug)]
pub enum How {
    /// The agent ran.
    Ran(Ending),
    /// The agent could not be started, and another try would do no better.
    Unstartable(String),
}

/// What came of an attempt, as it is stored.
#[derive(Clone, Debug)]
pub struct Found {
    /// The report.
    report: Report,
    /// Its result, if it is too long for the report.
    long_result: Option<Arc<str>>,
}

impl From<Report> for Found {
    fn from(mut report: Report) -> Self {
        let long_result = report.set_aside().map(Arc::from);
        Self { report, long_result }
    }
}

impl Queue {
    /// Records how an attempt ended, once, and everything that follows from it.
    ///
    /// # Errors
    ///
    /// [`QueueError::Late`] if it was settled already or overtaken; [`QueueError::Store`].
    pub async fn settle(&self, attempt: AttemptId, fence: Fence, found: impl Into<Found>) -> Result<(), QueueError> {
        let (now, rules, found) = (self.now(), self.rules.clone(), found.into());
        let settled = self
            .write(Urgency::Urgent, move |rows| {
                let row = held(rows, attempt, fence)?;
                if let Some(text) = &found.long_result {
                    rows.insert_long_result(attempt, text)?;
                }
                end_attempt(rows, &rules, &row, found.report.clone(), now)
            })
            .await;
        if let Err(QueueError::Late) = settled {
            // A transaction that refuses leaves nothing behind, this note neither.
            self.write(Urgency::Usual, move |rows| match rows.attempt(attempt)? {
                Some(row) => Ok(journal_attempt(rows, now, &row, What::LateWriterRefused)?),
                None => Ok(()),
            })
            .await?;
        }
        settled?;
        self.bells.work.notify_one();
        self.bells.outbound.notify_one();
        Ok(())
    }
}

/// Ends a live attempt with its report.
pub(super) fn end_attempt(
    rows: &mut dyn Rows,
    rules: &Rules,
    live: &AttemptRow,
    report: Report,
    now: DateTime<Utc>,
) -> Result<(), QueueError> {
    let outcome = report.outcome;
    let ran = matches!(live.state, AttemptState::Running { .. });
    let mut attempt = live.clone();
    attempt.state = AttemptState::Ended { outcome };
    attempt.ended_at = Some(now);
    let (may_be_retried, resets_at) = (report.may_be_retried(), report.resets_at.filter(|at| *at > now));
    attempt.report = Some(report);
    rows.update_attempt(&attempt)?;
    let Some(mut step) = rows.step(attempt.step)? else { return Err(QueueError::Late) };
    let mut task = super::task_row(rows, &attempt.task)?;
    permissions::forget(rows, attempt.id)?;
    let_go(rows, rules, &attempt, &step.gates.clone(), &step.lane.clone(), now)?;
    enter_in_ledger(rows, rules, &attempt, &step, &task, now)?;
    let cost_nanos = attempt.report.as_ref().and_then(|report| report.cost).map(Usd::nanos);
    journal_attempt(rows, now, &attempt, What::Ended { outcome, cost_nanos })?;
    if let Some(pool) = rules.routes.pool_of_slot(attempt.slot).filter(|_| ran) {
        write_letter(rows, now, pool, Some(&attempt.task), Letter::Finished { agent_id: attempt.agent_id.clone(), outcome })?;
    }

    step.attempts += 1;
    step.failed_launches = 0;
    if let Some(until) = resets_at {
        quotas::used_up(rows, rules, &attempt, until, now)?;
        if live.stop.is_none() && quotas::may_wait(rows, &attempt.task)? {
            // It is the quota's fault, and not one of the tries that its task may have.
            step.attempts_allowed = step.attempts_allowed.max(step.attempts + 1);
            if quotas::moved(rows, rules, &mut task, &mut step, now)? {
                lanes::enter(rows, &mut step, StepEvent::Freed, now, rules.lane_cap)?;
            } else {
                step.state = step.state.after(StepEvent::Stopped { gate: &quota::gate(&attempt.agent) }, now)?;
                rows.update_step(&mut step)?;
            }
            return Ok(card_changes::touch(rows, rules, &attempt.task, Pace::Soon, now)?);
        }
    }
    // Whoever asked that it be stopped did not mean "until the next attempt".
    let goes_on = may_be_retried && live.stop.is_none() && step.attempts < step.attempts_allowed;
    if goes_on && ceilings::has_money(rows, &task.task, &attempt)? {
        let until = now + rules.attempt_delays.before(step.attempts);
        step.state = step.state.after(StepEvent::PutOff { until }, now)?;
        rows.update_step(&mut step)?;
        return Ok(card_changes::touch(rows, rules, &attempt.task, Pace::Soon, now)?);
    }
    step.state = step.state.after(StepEvent::Settled(outcome.verdict()), now)?;
    rows.update_step(&mut step)?;
    end_task(rows, rules, &mut task, outcome, Some(attempt.id), None, now)?;
    // What was said meanwhile is told to the next one.
    if follow_ups::after(rows, live, outcome, now)? {
        reopen::reopen(rows, rules, &mut task, &mut step, now)?;
    }
    Ok(())
}

/// Ends a task: its result entry is written, and its message gets its last sign.
pub(super) fn end_task(
    rows: &mut dyn Rows,
    rules: &Rules,
    task: &mut TaskRow,
    outcome: Outcome,
    attempt: Option<AttemptId>,
    unrun: Option<String>,
    now: DateTime<Utc>,
) -> Result<(), QueueError> {
    task.ended = Some((now, outcome));
    rows.update_task(task)?;
    quotas::forget(rows, &task.task.id)?;
    write_letter(rows, now, rules.routes.results, Some(&task.task.id), Letter::Result { attempt, unrun })?;
    if let Some(at) = task.message {
        signs::want(rows, at, outcome.mark(), Some(&task.task.id), Purpose::End, now)?;
    }
    Ok(card_changes::end(rows, rules, task, attempt, now)?)
}

fn enter_in_ledger(
    rows: &mut dyn Rows,
    rules: &Rules,
    attempt: &AttemptRow,
    step: &StepRow,
    task: &TaskRow,
    now: DateTime<Utc>,
) -> Result<(), QueueError> {
    let report = attempt.report.as_ref();
    rows.insert_ledger(&LedgerRow {
        attempt: attempt.id,
        task: attempt.task.clone(),
        lane: step.lane.clone(),
        requester: task.task.requester.name().to_owned(),
        channel: task.task.origin.channel(),
        instance: attempt.lease.instance.clone(),
        agent: attempt.agent.clone(),
        // One model has one name here, whichever was used to ask for it.
        model: report.and_then(|report| report.model.clone()).or_else(|| task.task.wishes.model.as_ref().map(ToString::to_string)),
        day: now.date_naive(),
        cost: report.and_then(|report| report.cost),
        cost_from: report.and_then(|report| report.cost_from),
        usage: report.and_then(|report| report.usage),
    })?;
    let Some(cost) = report.and_then(|report| report.cost).filter(|cost| *cost != Usd::ZERO) else { return Ok(()) };
    Ok(ceilings::count(rows, rules, &task.task, cost, now)?)
}

/// The attempt, if it is live and this is still its fencing number.
pub(super) fn held(rows: &dyn Rows, attempt: AttemptId, fence: Fence) -> Result<AttemptRow, QueueError> {
    rows.attempt(attempt)?.filter(|row| row.fence == fence && row.state.is_live()).ok_or(QueueError::Late)
}

/// Gives back what an attempt's step held: its gates, its slot, its lane's place.
pub(super) fn let_go(
    rows: &mut dyn Rows,
    rules: &Rules,
    attempt: &AttemptRow,
    step_gates: &[String],
    lane: &str,
    now: DateTime<Utc>,
) -> Result<(), QueueError> {
    lanes::stopped_running(rows, lane, rules.lane_cap)?;
    gates::release(rows, step_gates, now, rules.lane_cap)?;
    ceilings::give_back(rows, attempt.id, now, rules.lane_cap)?;
    gates::release(rows, &[instance_gate(&attempt.lease.instance)], now, rules.lane_cap)
}
