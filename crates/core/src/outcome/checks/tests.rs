//! What checks have found, by how they and their agent ended.

use chrono::{DateTime, TimeDelta};
use insta::assert_snapshot;

use super::*;
use crate::{
    domain::{
        attempt::Report,
        check::{Changes, Check},
        evidence::Collected,
        isolation::Isolation,
        model::Catalogue,
        reading::ErrorClass,
    },
    outcome::judge,
    ports::agent_runner::{ExitRecord, StopReason},
};

fn ran(exit: Exit, cause: Cause) -> CheckEnd {
    CheckEnd::Ran { exit, cause }
}

fn record(exit: Exit, cause: Cause, runs: Option<Vec<CheckRun>>) -> ExitRecord {
    let started_at = DateTime::from_timestamp(1_763_700_000, 0).unwrap();
    let changes = Changes { sha256: Some("00".repeat(32)), added: 1, ..Changes::default() };
    ExitRecord {
        exit,
        cause,
        started_at,
        ended_at: started_at + TimeDelta::seconds(3),
        swept: 0,
        unkillable: 0,
        output_left_out: 0,
        cpu_ms: 0,
        peak_rss_kib: 0,
        refused_hosts: Vec::new(),
        checked: runs.map(|runs| CheckedWork { changes, runs }),
    }
}

fn run(check: &str, required: bool, end: CheckEnd) -> CheckRun {
    CheckRun { check: check.parse().unwrap(), required, command: "make test".into(), end, ran_ms: 1_200, has_changed_work: Some(false) }
}

/// A task that names `tests`, whose agent and check ended so.
fn report(ending: &Ending) -> Report {
    report_of(ending, None)
}

/// The same of one for which a stop was asked.
fn report_of(ending: &Ending, stop: Option<(StopReason, &str)>) -> Report {
    let mut definition = AgentDefinition::of("script".parse().unwrap(), Ok("/bin/sh".into()));
    let time_limit = Duration::from_secs(600);
    let check = Check { command: "make test".into(), time_limit, required: false, isolation: Isolation::default() };
    definition.checks.insert("tests".parse().unwrap(), check);
    let collected = Collected { text: "42".into(), check_outputs: vec!["2 of 3\n".into()], ..Collected::default() };
    judge::judge(Case {
        ending,
        stop,
        collected,
        definition: &definition,
        catalogue: &Catalogue::default(),
        requested: None,
        time_limit: Duration::from_secs(3),
        budget: None,
        local: |at| Some(at.and_utc()),
        checks: &["tests".parse().unwrap()],
    })
}

fn of(end: CheckEnd) -> Report {
    report(&Ending::Recorded(record(Exit::Code(0), Cause::Itself, Some(vec![run("tests", false, end)]))))
}

fn told(report: &Report) -> String {
    let check = &report.checked.as_ref().expect("it was to be checked").checks[0];
    format!("{} {}: {}", report.outcome.tag(), check.finding.title(), check.because)
}

#[test]
fn exit_0_alone_is_verified_a_no_is_a_gap_and_what_did_not_come_to_its_end_is_neither() {
    assert_snapshot!(told(&of(ran(Exit::Code(0), Cause::Itself))), @"SUCCESS Verified: exit code 0");
    assert_snapshot!(told(&of(ran(Exit::Code(1), Cause::Itself))), @"SUCCESS Gaps: exit code 1");
    assert_snapshot!(told(&of(ran(Exit::Code(139), Cause::Itself))), @"SUCCESS Gaps: exit code 139");
    assert_snapshot!(told(&of(ran(Exit::Code(127), Cause::Itself))), @"SUCCESS Unverified: exit code 127: its command was not found");
    assert_snapshot!(told(&of(ran(Exit::Signal(9), Cause::Itself))), @"SUCCESS Unverified: ended by signal 9");
    assert_snapshot!(told(&of(ran(Exit::Code(0), Cause::TimeLimit))), @"SUCCESS Unverified: its time limit of 10m was reached");
    assert_snapshot!(told(&of(ran(Exit::Signal(9), Cause::Memory))), @"SUCCESS Unverified: it took more memory than it may");
    assert_snapshot!(told(&of(CheckEnd::NotRun { because: "the working folder was replaced or is gone".into() })), @"SUCCESS Unverified: the working folder was replaced or is gone");
}

#[test]
fn what_a_check_printed_is_told_where_it_did_not_say_yes_and_the_hash_always() {
    let (yes, no) = (of(ran(Exit::Code(0), Cause::Itself)).checked.unwrap(), of(ran(Exit::Code(1), Cause::Itself)).checked.unwrap());

    assert_eq!((yes.checks[0].output.as_deref(), no.checks[0].output.as_deref()), (None, Some("2 of 3")));
    assert_eq!((yes.checks[0].command.as_deref(), yes.checks[0].exit), (Some("make test"), Some(0)));
    assert!(yes.changes.is_some_and(|changes| changes.sha256.is_some()));
}

#[test]
fn nothing_is_verified_of_what_did_not_succeed() {
    let of = |exit, cause, runs| told(&report(&Ending::Recorded(record(exit, cause, runs))));

    assert_snapshot!(of(Exit::Code(3), Cause::Itself, None), @"FAILED Unverified: the agent did not end well");
    assert_snapshot!(of(Exit::Code(0), Cause::TimeLimit, None), @"TIMEOUT Unverified: the agent did not end well");
    assert_snapshot!(of(Exit::Code(3), Cause::Itself, Some(vec![run("tests", false, ran(Exit::Code(0), Cause::Itself))])), @"FAILED Unverified: exit code 0, but the task did not succeed");
    assert_snapshot!(of(Exit::Code(0), Cause::Itself, None), @"SUCCESS Unverified: it was cut off: its attendant was killed, or the machine went down");
    assert_snapshot!(told(&report(&Ending::Lost)), @"INTERRUPTED Unverified: how the agent ended is not known");
    assert_snapshot!(told(&report(&Ending::NeverStarted)), @"INTERRUPTED Unverified: the agent was never started");
}

#[test]
fn an_attempt_whose_required_check_does_not_say_yes_has_failed_and_may_be_tried_again() {
    let required = |end| report(&Ending::Recorded(record(Exit::Code(0), Cause::Itself, Some(vec![run("tests", true, end)]))));

    let no = required(ran(Exit::Code(1), Cause::Itself));
    assert_eq!((no.outcome, no.class, no.may_be_retried()), (Outcome::Failed, Some(ErrorClass::CheckFailed), true));
    assert_eq!(no.reason.as_deref(), Some("its check `tests`, without which it may not succeed, did not say yes: exit code 1"));
    assert_eq!((no.text.as_str(), no.partial), ("42", false), "the result is whole");
    assert_eq!(required(ran(Exit::Code(0), Cause::TimeLimit)).outcome, Outcome::Failed);
    assert_eq!(required(ran(Exit::Code(0), Cause::Itself)).outcome, Outcome::Succeeded);
}

#[test]
fn an_agent_that_had_ended_well_keeps_its_success_when_its_check_is_cut_off_by_nobody_who_meant_that() {
    let cut_off = |required| {
        let run = run("tests", required, ran(Exit::Signal(15), Cause::Stopped));
        Ending::Recorded(record(Exit::Code(0), Cause::Stopped, Some(vec![run])))
    };
    let told = |required, stop| told(&report_of(&cut_off(required), stop));

    assert_snapshot!(told(false, Some((StopReason::Shutdown, "the end of the service"))), @"SUCCESS Unverified: it was stopped");
    assert_snapshot!(told(false, None), @"SUCCESS Unverified: it was stopped");
    assert_snapshot!(told(false, Some((StopReason::OverBudget, "it had used all of it"))), @"SUCCESS Unverified: it was stopped");
    assert_snapshot!(told(true, Some((StopReason::OverBudget, "it had used all of it"))), @"OVER BUDGET Unverified: it was stopped");
    assert_snapshot!(told(true, Some((StopReason::Shutdown, "the end of the service"))), @"INTERRUPTED Unverified: it was stopped");
    assert_snapshot!(told(false, Some((StopReason::Cancelled, "anna"))), @"CANCELLED Unverified: it was stopped");
}
