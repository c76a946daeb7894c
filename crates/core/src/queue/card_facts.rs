//! What a card is composed of, gathered when it is sent.

use chrono::TimeDelta;

use super::{Rules, ceilings, permissions, quotas, showing};
use crate::{
    domain::{
        attempt::{AttemptState, Outcome},
        card::{CardFacts, TaskState},
        id::TaskId,
        money::{Usage, Usd},
        outbound::Letter,
        step::{Blocked, StepState},
    },
    ports::{
        agent_runner::StopReason,
        rows::{AttemptRow, CardRow, Look, RowsError, TaskRow},
    },
};

/// A waiting task further behind than this is not told its place.
const PLACES: u32 = 50;
/// What a card is composed of; `None`: its task is not there.
pub(super) fn facts(look: &dyn Look, rules: &Rules, card: &CardRow) -> Result<Option<CardFacts>, RowsError> {
    let (Some(row), Some(step)) = (look.task(&card.task)?, look.step_of(&card.task)?) else { return Ok(None) };
    let mut attempts = look.attempts_of(&card.task)?;
    attempts.retain(|attempt| attempt.state != AttemptState::Void);
    let live = attempts.iter().rev().find(|attempt| attempt.state.is_live());
    let live_id = live.map(|attempt| attempt.id);
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
        (None, None) => match step.state.clone() {
            StepState::Blocked { reason: Blocked::Paused } => TaskState::Held,
            StepState::Blocked { reason: Blocked::Approval } => TaskState::Asked,
            StepState::Delayed { until } => TaskState::Delayed { until },
            StepState::Parked { gate } => match quotas::wait_of(look, rules, &step)? {
                Some(wait) => TaskState::OutOfQuota(wait),
                None => TaskState::Parked { gate },
            },
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
        cost_is_doubtful: reports.iter().any(|report| report.cost_is_doubtful),
        cost: (!costs.is_empty()).then(|| costs.into_iter().sum()),
        usage: used.into_iter().reduce(|mut sum, one| {
            sum += one;
            sum
        }),
        model: reports.last().and_then(|report| report.model.clone()),
        checked: reports.last().and_then(|report| report.checked.clone()),
        agent_id: attempts.last().map(|attempt| attempt.agent_id.clone()),
        quiet_since: None,
        open: None,
        metered: None,
        waits_for_people: false,
        accepted: if matches!(row.ended, Some((_, Outcome::OverBudget))) { look.fact(&ceilings::accepted_fact(&card.task))? } else { None },
        asked: if let (None, Some(live)) = (row.ended, live_id) { permissions::of(look, live)? } else { Vec::new() },
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
        (Some((reason, by)), _) => TaskState::Stopping { by: by.clone(), out_of_money: *reason == StopReason::OverBudget },
        (None, AttemptState::Running { since }) => {
            let limit = TimeDelta::from_std(row.task.wishes.time_limit).unwrap_or_default();
            TaskState::Running { since: *since, until: *since + limit }
        }
        (None, _) => TaskState::Claimed,
    }
}
