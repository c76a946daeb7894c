//! From what the queue knows of why a task is where it is to what is said of it, at every door.

use orchestrator_core::{
    domain::{
        agent::AgentName,
        attempt::{AttemptState, Report},
        id::RoleId,
        journal::{Event, What},
        money::Usd,
        step::Blocked,
        task::MessageRef,
    },
    ports::agent_runner::StopReason,
    queue::{
        Rules,
        board::{
            Closed, Doing, TaskView,
            standing::{self, Standing},
        },
    },
    wording::{
        because,
        why::{Cause, Entry, Runner, Shut, Why},
    },
};

use super::show;

/// How much of a log is looked at for its last line.
pub(super) const LOG_END: u64 = 4_096;

/// What is said of a task's standing. `others` are the roles that may resume everything, if the reader may not; `last_line` is its running
/// agent's.
pub(super) fn why(
    standing: &Standing,
    rules: &Rules,
    link: &dyn Fn(MessageRef) -> Option<String>,
    others: Option<Vec<RoleId>>,
    last_line: Option<String>,
) -> Why {
    let view = &standing.view;
    Why {
        task: view.row.task.id.clone(),
        state: view.word().to_owned(),
        version: view.begun(),
        has_budget: view.row.task.wishes.budget.is_some(),
        link: view.row.message.and_then(link),
        shut: standing.closed.as_ref().map(|closed| shut(closed, rules.ceilings.day, standing.spent_today, others)),
        cause: cause(standing, rules.slots, link, last_line),
    }
}

/// The last line of a log that says something.
pub(super) fn last_line(text: &str) -> Option<String> {
    text.lines().rev().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
}

fn shut(closed: &Closed, ceiling: Option<Usd>, spent: Usd, others: Option<Vec<RoleId>>) -> Shut {
    match closed {
        Closed::Paused { by } => Shut::Paused { by: by.clone(), others },
        Closed::Unmarkable { reason } => Shut::Unmarkable { reason: reason.clone() },
        Closed::DiskLow { reason } => Shut::DiskLow { reason: reason.clone() },
        Closed::DailyCeiling => Shut::DailyCeiling { spent, ceiling },
    }
}

fn cause(standing: &Standing, slots: u32, link: &dyn Fn(MessageRef) -> Option<String>, last_line: Option<String>) -> Cause {
    let view = &standing.view;
    match view.doing() {
        Doing::Waiting => Cause::Waiting {
            place: standing.place,
            slots,
            running: standing.running.iter().filter_map(|view| runner(view, link)).collect(),
            own: standing.lane_full.map(|run| (run, view.row.task.requester.name().to_owned())),
        },
        Doing::Parked { gate } => {
            let agent = gate.strip_prefix(AgentName::GATES);
            let holds = |other: &&TaskView| agent.is_none_or(|agent| other.row.task.wishes.agent.as_str() == agent);
            let running = standing.running.iter().filter(holds).filter_map(|view| runner(view, link)).collect();
            Cause::Parked { gate: gate.to_owned(), running }
        }
        Doing::OutOfQuota(wait) => Cause::OutOfQuota(wait.clone()),
        Doing::Blocked { reason: Blocked::Paused } => Cause::Held { by: standing.events.iter().rev().find_map(held) },
        Doing::Blocked { reason: Blocked::Approval } => Cause::Asked { written: view.row.task.created_at },
        Doing::Delayed { until } => Cause::Delayed { until, reason: went_wrong(standing) },
        Doing::Running { attempt } => match (&attempt.stop, &attempt.state) {
            (Some((reason, by)), _) => Cause::Stopping { by: by.clone(), out_of_money: *reason == StopReason::OverBudget },
            (None, AttemptState::Running { .. }) if let Some(question) = view.open_question() => {
                Cause::Permission { question: question.clone() }
            }
            (None, AttemptState::Running { since }) => Cause::Running {
                since: *since,
                limit: view.row.task.wishes.time_limit,
                asked: standing.events.iter().any(|event| event.at >= *since && matches!(event.what, What::AskedPermission { .. })),
                last_line,
            },
            (None, AttemptState::Launching { cleared: false }) => Cause::Unmarked {
                since: attempt.claimed_at,
                trouble: standing.mark.as_ref().and_then(|mark| Some((mark.progress.last_error.clone()?, mark.progress.due_at))),
            },
            (None, AttemptState::Launching { cleared: true } | AttemptState::Ended { .. } | AttemptState::Void) => {
                Cause::Starting { since: attempt.claimed_at }
            }
        },
        Doing::Ended { at, outcome } => {
            // Of a task that was dropped between two runs, the last run's reason is another.
            let report = report(view).filter(|report| report.outcome == outcome && standing.unrun.is_none());
            Cause::Ended {
                at,
                outcome,
                reason: standing.unrun.clone().or_else(|| report.and_then(|report| report.reason.clone())),
                last_line: report.and_then(|report| report.log_tail.as_deref()).and_then(self::last_line),
                ran: !view.attempts.is_empty(),
                entry: entry(standing, link),
            }
        }
    }
}

fn report(view: &TaskView) -> Option<&Report> {
    view.attempts.iter().rev().find_map(|attempt| attempt.report.as_ref())
}

fn held(event: &Event) -> Option<(String, chrono::DateTime<chrono::Utc>)> {
    match &event.what {
        What::Held { by } => Some((by.clone(), event.at)),
        _ => None,
    }
}

/// Why it is to be tried again.
fn went_wrong(standing: &Standing) -> Option<String> {
    standing.events.iter().rev().find_map(|event| match &event.what {
        What::LaunchFailed { .. } => Some(because::happened(&event.what)),
        What::Ended { outcome, .. } => {
            let reason = report(&standing.view).and_then(|report| report.reason.clone());
            Some(reason.unwrap_or_else(|| format!("it {}", because::ended(*outcome))))
        }
        _ => None,
    })
}

fn runner(view: &TaskView, link: &dyn Fn(MessageRef) -> Option<String>) -> Option<Runner> {
    let attempt = view.latest()?;
    Some(Runner {
        task: view.row.task.id.clone(),
        link: view.row.message.and_then(link),
        requester: view.row.task.requester.name().to_owned(),
        since: show::started_at(attempt).unwrap_or(attempt.claimed_at),
    })
}

fn entry(standing: &Standing, link: &dyn Fn(MessageRef) -> Option<String>) -> Entry {
    match &standing.entry {
        None => Entry::Unknown,
        Some(standing::Entry::Stands(at)) => link(*at).map_or(Entry::Unknown, Entry::Stands),
        Some(standing::Entry::Undeliverable { reason }) => Entry::Undeliverable { reason: reason.clone() },
        Some(standing::Entry::OnItsWay(progress)) => match progress {
            Some(progress) if progress.failures > 0 => Entry::Failing {
                tries: progress.failures,
                error: progress.last_error.clone().unwrap_or_else(|| "no reason was told".to_owned()),
                again: progress.due_at,
            },
            _ => Entry::Waiting,
        },
    }
}
