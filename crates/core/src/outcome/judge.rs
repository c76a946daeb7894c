//! Decides what an attempt's end means: its outcome, and why, in words. Pure.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};

use super::checks;
use crate::{
    domain::{
        agent::AgentDefinition,
        attempt::{Outcome, Report},
        check::WishedCheck,
        evidence::Collected,
        model::{Catalogue, ModelId},
        money::Usd,
        price, quota,
        reading::ErrorClass,
        task::show_duration,
    },
    ports::agent_runner::{Cause, Ending, Exit, ExitRecord, LaunchError, StopReason},
    wording::figures,
};

/// All that is known of an attempt that has ended.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    /// Its end.
    pub ending: &'a Ending,
    /// A stop that was asked for, and by whom.
    pub stop: Option<(StopReason, &'a str)>,
    /// What it has left behind.
    pub collected: Collected,
    /// Its agent's definition.
    pub definition: &'a AgentDefinition,
    /// The prices that are known.
    pub catalogue: &'a Catalogue,
    /// The model that was asked for.
    pub requested: Option<&'a ModelId>,
    /// Its time limit.
    pub time_limit: Duration,
    /// What its task may cost.
    pub budget: Option<Usd>,
    /// What a time of this machine's clock is.
    pub local: Local,
    /// The checks that its task is to have.
    pub checks: &'a [WishedCheck],
}

/// What a time of a machine's clock is; `None`: it shows no such time.
pub type Local = fn(NaiveDateTime) -> Option<DateTime<Utc>>;

/// Judges an attempt that has ended.
pub fn judge(case: Case<'_>) -> Report {
    let (outcome, reason) = verdict(&case);
    let checked = checks::judge(&case, outcome);
    let found = &case.collected;
    let (outcome, reason, class) = match checked.as_ref().and_then(|(_, missing)| missing.clone()) {
        Some(missing) => (Outcome::Failed, Some(missing), Some(ErrorClass::CheckFailed)),
        None => (outcome, reason, found.answer.as_ref().and_then(|answer| answer.class)),
    };
    let resets_at = if outcome == Outcome::Failed { quota_is_back(&case) } else { None };
    let reason = reason.map(|reason| match resets_at {
        Some(at) => format!("{reason}; it has quota again at {}", at.format("%Y-%m-%d %H:%M UTC")),
        None => reason,
    });
    let success = outcome == Outcome::Succeeded;
    let priced = match case.ending {
        Ending::NeverStarted => price::Priced { model: case.requested.map(|id| id.0.clone()), ..price::Priced::default() },
        Ending::Recorded(_) | Ending::Lost | Ending::Removed => {
            price::price(&found.spent, case.catalogue, case.requested, !case.definition.reports_usage)
        }
    };
    let mut remarks = found.remarks.clone();
    remarks.extend(priced.remarks);
    let cost_is_doubtful = !priced.doubts.is_empty();
    remarks.extend(priced.doubts);
    let mut duration = Duration::ZERO;
    if let Ending::Recorded(record) = case.ending {
        duration = (record.ended_at - record.started_at).to_std().unwrap_or_default();
        remarks.extend(of_process(record));
    }
    if let (Some(cost), Some(budget), true) = (priced.cost, case.budget, success)
        && cost > budget
    {
        remarks.push(format!("it cost {cost}, more than its budget of {budget}: that was known only at its end"));
    }
    if let Some(error) = found.answer.as_ref().and_then(|answer| answer.error.as_deref()).filter(|_| success) {
        remarks.push(format!("the agent itself reports: {error}"));
    }
    let partial = !found.text.is_empty() && was_cut_off(&case, outcome);
    let found = case.collected;
    Report {
        outcome,
        reason,
        text: found.text,
        aside: None,
        text_left_out: found.text_left_out,
        summary: found.summary,
        partial,
        outputs: found.outputs,
        files: found.files,
        log_tail: found.log_tail.filter(|_| !success),
        usage: priced.usage,
        cost: priced.cost,
        cost_from: priced.cost_from,
        cost_is_doubtful,
        model: priced.model,
        duration,
        remarks,
        class: class.filter(|_| !success),
        session: found.session,
        checked: checked.map(|(checked, _)| checked),
        resets_at,
    }
}

/// When the quota is there again that an agent has used up, if that is what its error means.
fn quota_is_back(case: &Case<'_>) -> Option<DateTime<Utc>> {
    let Ending::Recorded(record) = case.ending else { return None };
    let answer = case.collected.answer.as_ref()?;
    let until = answer.resets?.when(record.ended_at, case.local)?;
    let is_long = (until - record.ended_at).to_std().is_ok_and(|wait| wait >= quota::LEAST);
    match answer.class? {
        ErrorClass::Quota => Some(until),
        ErrorClass::RateLimit if is_long => Some(until),
        _ => None,
    }
}

/// The report of an attempt whose launch has failed for good, after so many tries.
pub fn unlaunched(error: &LaunchError, tries: u32) -> Report {
    let (outcome, reason) = match error {
        LaunchError::Program { program, reason } => {
            (Outcome::Failed, format!("the agent program `{program}` was not found or could not be started: {reason}"))
        }
        LaunchError::Machine { reason } => (
            Outcome::Failed,
            format!("the agent could not be started, {} in a row: {reason}", figures::counted(u64::from(tries), "time", "times")),
        ),
        LaunchError::Overtaken { .. } => (Outcome::Interrupted, "a later attempt had been started in its place".to_owned()),
    };
    Report::without_result(outcome, reason)
}

fn verdict(case: &Case<'_>) -> (Outcome, Option<String>) {
    let record = match case.ending {
        Ending::Recorded(record) => record,
        Ending::NeverStarted => {
            let (outcome, why) = stopped(case.stop, "the orchestrator ended before it could be started");
            let never = if outcome == Outcome::Interrupted {
                format!("its agent was never started: {why}")
            } else {
                format!("{why} before its agent was started")
            };
            return (outcome, Some(never));
        }
        Ending::Lost | Ending::Removed => {
            let unknown = if *case.ending == Ending::Lost {
                "the process that watched over it was killed, or the machine went down; what it had done by then is unknown"
            } else {
                "its folder in `.runtime/attempts` was removed while it ran, by itself perhaps; it was ended, and how it went is unknown"
            };
            let (outcome, why) = stopped(case.stop, unknown);
            return (outcome, Some(if outcome == Outcome::Interrupted { format!("interrupted: {why}") } else { why }));
        }
    };
    let none = if case.collected.text.is_empty() { "; no result had been written" } else { "" };
    match record.cause {
        Cause::TimeLimit => (Outcome::TimedOut, Some(format!("the time limit of {} was reached{none}", show_duration(case.time_limit)))),
        Cause::Stalled { quiet_ms } => {
            let quiet = show_duration(Duration::from_millis(quiet_ms));
            (Outcome::TimedOut, Some(format!("stalled: nothing heard for {quiet} (`stall_seconds`){none}")))
        }
        Cause::Memory => (Outcome::Failed, Some(too_much(case, "memory", "memory_mb"))),
        Cause::Processes => (Outcome::Failed, Some(too_much(case, "processes", "processes"))),
        Cause::Disk => (Outcome::Failed, Some(too_much(case, "room on the disk", "disk_mb"))),
        Cause::Stopped if is_stopped_in_its_checks(case, record) => by_itself(case, record),
        Cause::Stopped => {
            let (outcome, why) = stopped(case.stop, "it was stopped from outside");
            (outcome, Some(why))
        }
        Cause::Itself => by_itself(case, record),
    }
}

/// Whether the agent had ended by itself, and nothing but the checks of its work was cut off, by nobody who meant that: a stop at its ceiling came too late.
/// What it has done stands, as where its attendant was killed; but for a check without which it may not succeed, and which nobody has heard.
fn is_stopped_in_its_checks(case: &Case<'_>, record: &ExitRecord) -> bool {
    let meant = matches!(case.stop, Some((StopReason::Cancelled, _)));
    record.checked.as_ref().is_some_and(|work| !meant && !checks::lacks_a_required_one(work))
}

/// Of what an attempt that was ended for it took more than it may.
fn too_much(case: &Case<'_>, of: &str, key: &str) -> String {
    let isolation = &case.definition.isolation;
    let most = match key {
        "processes" => isolation.processes.map(|most| most.to_string()),
        "disk_mb" => isolation.disk.map(figures::bytes),
        _ => isolation.memory.map(figures::bytes),
    };
    let most = most.map_or_else(String::new, |most| format!(": {most} (`{key}`)"));
    format!("it was ended because it took more {of} than it may{most}")
}

/// What a stop makes of an attempt; `else_why` where none was asked for.
fn stopped(stop: Option<(StopReason, &str)>, else_why: &str) -> (Outcome, String) {
    match stop {
        Some((StopReason::Cancelled, by)) => (Outcome::Cancelled, format!("cancelled by {by}")),
        Some((StopReason::OverBudget, why)) => (Outcome::OverBudget, format!("stopped: {why}")),
        Some((StopReason::Shutdown, by)) => (Outcome::Interrupted, format!("interrupted because everything was stopped by {by}")),
        None => (Outcome::Interrupted, else_why.to_owned()),
    }
}

/// An agent that ended by itself succeeded if its definition's rule says so and there is a result.
fn by_itself(case: &Case<'_>, record: &ExitRecord) -> (Outcome, Option<String>) {
    let (found, rule) = (&case.collected, &case.definition.reading.success);
    let broken_rule = found.answer.as_ref().is_some_and(|answer| !answer.ok);
    let silent = found.answer.is_none() && !rule.require.is_empty();
    let ended = match record.exit {
        Exit::Code(code) if rule.exit.contains(&code) && !found.text.is_empty() && !broken_rule && !silent => {
            return (Outcome::Succeeded, None);
        }
        Exit::Code(code) if rule.exit.contains(&code) => None,
        Exit::Code(0) => {
            let good: Vec<String> = rule.exit.iter().map(ToString::to_string).collect();
            Some(format!("exit code 0, and by its definition a good run ends with {}", good.join(" or ")))
        }
        Exit::Code(code) => Some(of_code(code, record)),
        Exit::Signal(signal) => Some(format!("ended by {}{}", named(signal), hint(signal, record))),
    };
    let answer = found.answer.as_ref();
    let class = answer.and_then(|answer| answer.class);
    let meaning = class.map(|class| format!(" ({})", class.meaning())).unwrap_or_default();
    let said = answer.and_then(|answer| answer.error.as_deref()).map(|error| format!("the agent reports: {error}{meaning}"));
    let unsaid = match (&said, silent, broken_rule) {
        (None, true, _) => {
            Some("its output has nothing of what its definition expects: `orchestrator agents test` shows what is read".to_owned())
        }
        (None, false, true) => Some(format!("its output does not say that it succeeded{meaning}")),
        _ => None,
    };
    let none = found.text.is_empty().then(|| {
        let why = found.no_text_because.as_deref().unwrap_or("RESULT.txt is missing");
        format!("no result was written ({why})")
    });
    let parts = [ended, said, unsaid, none];
    let outcome = match class {
        Some(ErrorClass::Timeout) => Outcome::TimedOut,
        Some(ErrorClass::Budget) => Outcome::OverBudget,
        _ => Outcome::Failed,
    };
    (outcome, Some(parts.into_iter().flatten().collect::<Vec<_>>().join("; ")))
}

fn of_code(code: i32, record: &ExitRecord) -> String {
    match code {
        126 => "exit code 126 (a program that it calls may not be run)".to_owned(),
        127 => "exit code 127 (a program that it calls was not found)".to_owned(),
        129..=159 => format!("exit code {code}: something that it calls was ended by {}{}", named(code - 128), hint(code - 128, record)),
        _ => format!("exit code {code}"),
    }
}

fn named(signal: i32) -> String {
    let name = match signal {
        libc::SIGHUP => "SIGHUP",
        libc::SIGINT => "SIGINT",
        libc::SIGQUIT => "SIGQUIT",
        libc::SIGILL => "SIGILL",
        libc::SIGTRAP => "SIGTRAP",
        libc::SIGABRT => "SIGABRT",
        libc::SIGBUS => "SIGBUS",
        libc::SIGFPE => "SIGFPE",
        libc::SIGKILL => "SIGKILL",
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGPIPE => "SIGPIPE",
        libc::SIGALRM => "SIGALRM",
        libc::SIGTERM => "SIGTERM",
        libc::SIGXCPU => "SIGXCPU",
        libc::SIGXFSZ => "SIGXFSZ",
        libc::SIGSYS => "SIGSYS",
        _ => return format!("signal {signal}"),
    };
    format!("signal {signal} ({name})")
}

/// What a signal that was not ours probably means.
fn hint(signal: i32, record: &ExitRecord) -> String {
    match signal {
        libc::SIGKILL => {
            let peak = figures::bytes(record.peak_rss_kib.saturating_mul(1_024));
            format!(", which did not come from the orchestrator: probably the machine ran out of memory (its largest process had {peak})")
        }
        libc::SIGXFSZ => ": it wrote a file larger than allowed".to_owned(),
        _ => String::new(),
    }
}

/// Whether what there is of a result is only what there was when the attempt was cut off.
fn was_cut_off(case: &Case<'_>, outcome: Outcome) -> bool {
    match (outcome, case.ending) {
        (Outcome::Succeeded, _) => false,
        (Outcome::Failed, Ending::Recorded(record)) => matches!(record.exit, Exit::Signal(_)),
        (Outcome::Failed | Outcome::TimedOut | Outcome::Cancelled | Outcome::Interrupted | Outcome::OverBudget, _) => true,
    }
}

fn of_process(record: &ExitRecord) -> Vec<String> {
    let processes = |number: u32| figures::counted(u64::from(number), "process", "processes");
    let mut remarks = Vec::new();
    if record.swept > 0 {
        remarks.push(format!("{} that the agent had left running had to be killed", processes(record.swept)));
    }
    if record.unkillable > 0 {
        remarks.push(format!("{} could not be killed and may still run: see `doctor`", processes(record.unkillable)));
    }
    if record.output_left_out > 0 {
        remarks.push(format!("{} of its output were left out of the log", figures::bytes(record.output_left_out)));
    }
    if !record.refused_hosts.is_empty() {
        remarks.push(format!("it asked for {} (`network`)", record.refused_hosts.join("; for ")));
    }
    remarks
}

#[cfg(test)]
mod tests;
