//! From the queue's read models to what is shown, at every door.

use orchestrator_core::{
    domain::{
        attempt::{AttemptState, Report},
        check::Checked,
        id::AttemptId,
        journal::{Event, What},
        progress::Pulse,
        step::Blocked,
    },
    ports::{agent_runner::StopReason, chat::Chat, rows::AttemptRow},
    queue::board::{Doing, TaskView},
    wording::{
        because, figures, fit, harmless, permission,
        views::{AttemptView, EventView, Links, NowView, ResultView, TaskDetail, TaskSummary},
    },
};

/// How much of a task's text a list shows.
const EXCERPT: usize = 80;

pub(super) fn summary(view: &TaskView) -> TaskSummary {
    let (task, latest) = (&view.row.task, view.latest());
    let cost = view.cost();
    TaskSummary {
        id: task.id.clone(),
        state: view.word().to_owned(),
        outcome: view.row.ended.map(|(_, outcome)| outcome),
        finding: view.row.ended.and_then(|_| reported(view)?.checked.as_ref()).map(Checked::finding),
        requester: task.requester.name().to_owned(),
        text: fit::cut(&harmless::one_line(&task.prompt), EXCERPT).into_owned(),
        agent: task.wishes.agent.to_string(),
        model: task.wishes.model_shown.clone(),
        thinking: task.wishes.thinking,
        priority: task.wishes.priority.get(),
        created_at: task.created_at,
        started_at: latest.and_then(started_at),
        ended_at: view.row.ended.map(|(at, _)| at),
        attempt: latest.map(|attempt| attempt.number),
        agent_id: latest.map(|attempt| attempt.agent_id.clone()),
        cost: figures::cost(cost),
        cost_nanos: cost.map(orchestrator_core::domain::money::Usd::nanos),
    }
}

pub(super) fn detail(
    view: &TaskView,
    position: Option<u64>,
    events: &[Event],
    chat: Option<&dyn Chat>,
    workers: &std::path::Path,
    pulse: Option<&Pulse>,
) -> TaskDetail {
    let wishes = &view.row.task.wishes;
    let link = |at| chat.map(|chat| chat.link(at));
    TaskDetail {
        summary: summary(view),
        prompt: view.row.task.prompt.clone(),
        model_id: wishes.model.as_ref().map(ToString::to_string),
        time_limit_s: wishes.time_limit.as_secs(),
        isolation: wishes.closer,
        budget: wishes.budget.map(|budget| budget.to_string()),
        checks: wishes.checks.clone(),
        reason: reason(view, position),
        now: pulse.map(now),
        asks: view.asked.clone(),
        queue_position: position,
        links: Links { message: view.row.message.and_then(link), result: view.row.entry.and_then(link) },
        attempts: view.attempts.iter().map(|attempt| self::attempt(attempt, workers)).collect(),
        result: result(view),
        delivered: events.iter().any(|event| event.what == What::Delivered),
        events: events.iter().map(|event| EventView { at: event.at, what: because::happened(&event.what) }).collect(),
    }
}

fn now(pulse: &Pulse) -> NowView {
    NowView {
        tells: pulse
            .story
            .lines()
            .last()
            .or(pulse.last_line.as_ref())
            .map(|line| fit::cut(&harmless::one_line(line), EXCERPT).into_owned()),
        tokens: pulse.usage,
        cost_nanos: pulse.cost.map(orchestrator_core::domain::money::Usd::nanos),
        heard_at: pulse.heard_at,
    }
}

/// Why a task is as it is, if there is anything to say.
fn reason(view: &TaskView, position: Option<u64>) -> Option<String> {
    match view.doing() {
        Doing::Waiting => Some(because::waiting(position)),
        Doing::Delayed { until } => Some(because::delayed(until)),
        Doing::Parked { gate } => Some(because::parked(gate)),
        Doing::OutOfQuota(wait) => Some(because::out_of_quota(wait)),
        Doing::Blocked { reason: Blocked::Paused } => Some(because::held()),
        Doing::Blocked { reason: Blocked::Approval } => Some(because::asked()),
        Doing::Running { attempt } => match (&attempt.stop, &attempt.state) {
            (Some((reason, by)), _) => Some(because::stopping(by, *reason == StopReason::OverBudget)),
            (None, AttemptState::Launching { cleared: false }) => Some(because::unmarked()),
            (None, _) => view.open_question().map(|question| permission::waits_plainly(&view.row.task.id, question)),
        },
        Doing::Ended { .. } => reported(view).and_then(|report| report.reason.clone()),
    }
}

fn attempt(row: &AttemptRow, workers: &std::path::Path) -> AttemptView {
    let report = row.report.as_ref();
    AttemptView {
        number: row.number,
        state: row.state.word().to_owned(),
        outcome: report.map(|report| report.outcome),
        reason: report.and_then(|report| report.reason.clone()),
        agent_id: row.agent_id.clone(),
        claimed_at: row.claimed_at,
        started_at: started_at(row),
        ended_at: row.ended_at,
        duration_ms: report.map(|report| u64::try_from(report.duration.as_millis()).unwrap_or(u64::MAX)),
        model: report.and_then(|report| report.model.clone()),
        tokens: report.and_then(|report| report.usage),
        cost: figures::cost(report.and_then(|report| report.cost)),
        cost_nanos: report.and_then(|report| report.cost).map(orchestrator_core::domain::money::Usd::nanos),
        cost_from: report.and_then(|report| report.cost_from),
        checked: report.and_then(|report| report.checked.clone()),
        workspace: (!row.workspace_removed).then(|| workers.join(&row.agent_id).display().to_string()),
        remarks: report.map(|report| report.remarks.clone()).unwrap_or_default(),
    }
}

pub(super) fn started_at(row: &AttemptRow) -> Option<chrono::DateTime<chrono::Utc>> {
    match &row.state {
        AttemptState::Running { since } => Some(*since),
        AttemptState::Ended { .. } => {
            let ran = row.report.as_ref().map(|report| report.duration).filter(|ran| !ran.is_zero())?;
            row.ended_at.zip(chrono::TimeDelta::from_std(ran).ok()).map(|(ended, ran)| ended - ran)
        }
        AttemptState::Launching { .. } | AttemptState::Void => None,
    }
}

/// The report of its last attempt that has one.
fn reported(view: &TaskView) -> Option<&Report> {
    view.attempts.iter().rev().find_map(|attempt| attempt.report.as_ref())
}

/// The attempt whose result is shown, where that stands beside its report and only its beginning is in what [`detail`] tells.
pub(super) fn long_result(view: &TaskView) -> Option<AttemptId> {
    let attempt = view.attempts.iter().rev().find(|attempt| attempt.report.is_some())?;
    attempt.report.as_ref()?.aside.map(|_| attempt.id)
}

fn result(view: &TaskView) -> Option<ResultView> {
    let report = reported(view)?;
    Some(ResultView {
        text: report.text.clone(),
        text_left_out: report.text_left_out,
        summary: report.summary.clone(),
        partial: report.partial,
        outputs: report.outputs.clone(),
        files: report.files.clone(),
        log_tail: report.log_tail.clone(),
    })
}
