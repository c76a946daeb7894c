//! Decides what the checks of an attempt have found. Pure.

use std::time::Duration;

use super::judge::Case;
use crate::{
    domain::{
        agent::AgentDefinition,
        attempt::Outcome,
        check::{self, CheckReport, Checked, Finding, WishedCheck},
        isolation::Offered,
        task::show_duration,
    },
    ports::{
        agent_runner::{Cause, Ending, Exit},
        checking::{CheckEnd, CheckRun, CheckedWork},
    },
};

/// What was found, and why the attempt has failed after all, if one of the checks without which it may not succeed did not say yes. `None`: the task has
/// no checks. `outcome`: how the attempt ended but for them.
pub(super) fn judge(case: &Case<'_>, outcome: Outcome) -> Option<(Checked, Option<String>)> {
    if case.checks.is_empty() {
        return None;
    }
    let work = match case.ending {
        Ending::Recorded(record) => record.checked.as_ref(),
        Ending::Lost | Ending::Removed | Ending::NeverStarted => None,
    };
    let (mut checks, mut missing) = (Vec::with_capacity(case.checks.len()), None);
    for wished in case.checks {
        let found = work.and_then(|work| work.runs.iter().enumerate().find(|(_, run)| run.check == *wished));
        let report = match found {
            None => {
                let report = not_run(wished, case, outcome);
                if is_required_now(wished, case) && missing.is_none() {
                    missing = Some(lacking(wished, &report));
                }
                report
            }
            Some((nth, run)) => {
                let output = case.collected.check_outputs.get(nth).map(String::as_str);
                let report = of_run(run, output, outcome, limit_of(wished, case));
                if run.required && report.finding != Finding::Verified && missing.is_none() {
                    missing = Some(lacking(wished, &report));
                }
                report
            }
        };
        checks.push(report);
    }
    let changes = work.map(|work| work.changes.clone());
    Some((Checked { checks, changes }, missing.filter(|_| outcome == Outcome::Succeeded)))
}

/// Whether a check came to no end, or to a no, without which an attempt may not succeed.
pub(super) fn lacks_a_required_one(work: &CheckedWork) -> bool {
    let said_yes = |run: &CheckRun| run.end == CheckEnd::Ran { exit: Exit::Code(0), cause: Cause::Itself };
    work.runs.iter().any(|run| run.required && !said_yes(run))
}

fn lacking(wished: &WishedCheck, report: &CheckReport) -> String {
    format!("its check `{wished}`, without which it may not succeed, did not say yes: {}", report.because)
}

/// Of a check that left no record: whether it is required as it is declared now.
fn is_required_now(wished: &WishedCheck, case: &Case<'_>) -> bool {
    matches!(wished, WishedCheck::Named(name) if case.definition.checks.get(name).is_some_and(|check| check.required))
}

/// What of the isolation of its checks a machine can't hold, where that is not their agent's: one line each.
pub(super) fn open(wished: &[WishedCheck], definition: &AgentDefinition, offered: Offered) -> Vec<String> {
    let own = wished.iter().filter_map(|wished| match wished {
        WishedCheck::Named(name) => definition.checks.get(name).map(|check| (name, check)),
        WishedCheck::Command(_) => None,
    });
    let differs = own.filter(|(_, check)| check.isolation != definition.isolation);
    differs.filter_map(|(name, check)| Some(format!("check `{name}`: {}", check.isolation.open(offered)?))).collect()
}

fn of_run(run: &CheckRun, output: Option<&str>, outcome: Outcome, limit: Option<Duration>) -> CheckReport {
    let (finding, because, exit) = match &run.end {
        CheckEnd::NotRun { because } => (Finding::Unverified, because.clone(), None),
        CheckEnd::Ran { exit, cause: Cause::Itself } => by_itself(*exit),
        CheckEnd::Ran { cause, .. } => (Finding::Unverified, cut_off(*cause, limit), None),
    };
    let ran = matches!(run.end, CheckEnd::Ran { .. });
    // What did not succeed is not verified, whatever a check says of it.
    let (finding, because) = match (finding, outcome) {
        (Finding::Verified, Outcome::Succeeded) | (Finding::Gaps | Finding::Unverified, _) => (finding, because),
        (Finding::Verified, _) => (Finding::Unverified, format!("{because}, but the task did not succeed")),
    };
    CheckReport {
        check: run.check.clone(),
        command: Some(run.command.clone()).filter(|command| ran && !command.is_empty()),
        because,
        exit,
        ran_ms: if ran { run.ran_ms } else { 0 },
        output: output.map(str::trim).filter(|output| !output.is_empty() && finding != Finding::Verified).map(str::to_owned),
        finding,
    }
}

/// A check that ended by itself. What the shell itself could not run has said nothing about the work. Source: POSIX.1-2017, Shell Command
/// Language, 2.8.2 "Exit Status for Commands".
fn by_itself(exit: Exit) -> (Finding, String, Option<i32>) {
    match exit {
        Exit::Code(0) => (Finding::Verified, "exit code 0".to_owned(), Some(0)),
        Exit::Code(126) => (Finding::Unverified, "exit code 126: its command may not be run".to_owned(), Some(126)),
        Exit::Code(127) => (Finding::Unverified, "exit code 127: its command was not found".to_owned(), Some(127)),
        Exit::Code(code) => (Finding::Gaps, format!("exit code {code}"), Some(code)),
        Exit::Signal(signal) => (Finding::Unverified, format!("ended by signal {signal}"), None),
    }
}

/// As it is declared now: the record does not hold it.
fn limit_of(wished: &WishedCheck, case: &Case<'_>) -> Option<Duration> {
    match wished {
        WishedCheck::Named(name) => case.definition.checks.get(name).map(|check| check.time_limit),
        WishedCheck::Command(_) => Some(check::TIME_LIMIT),
    }
}

fn cut_off(cause: Cause, limit: Option<Duration>) -> String {
    match cause {
        Cause::TimeLimit => match limit {
            Some(limit) => format!("its time limit of {} was reached", show_duration(limit)),
            None => "its time limit was reached".to_owned(),
        },
        Cause::Memory => "it took more memory than it may".to_owned(),
        Cause::Processes => "it took more processes than it may".to_owned(),
        Cause::Disk => "it took more room on the disk than it may".to_owned(),
        Cause::Itself | Cause::Stopped | Cause::Stalled { .. } => "it was stopped".to_owned(),
    }
}

fn not_run(wished: &WishedCheck, case: &Case<'_>, outcome: Outcome) -> CheckReport {
    let because = match case.ending {
        Ending::NeverStarted => "the agent was never started",
        Ending::Lost | Ending::Removed => "how the agent ended is not known",
        Ending::Recorded(record) if record.cause != Cause::Itself || outcome != Outcome::Succeeded => "the agent did not end well",
        Ending::Recorded(record) if record.unkillable > 0 => "processes of the agent could not be ended",
        Ending::Recorded(_) => "it was cut off: its attendant was killed, or the machine went down",
    };
    CheckReport {
        check: wished.clone(),
        command: None,
        finding: Finding::Unverified,
        because: because.to_owned(),
        exit: None,
        ran_ms: 0,
        output: None,
    }
}

#[cfg(test)]
mod tests;
