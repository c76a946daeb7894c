//! Each end, and the words for it.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use insta::assert_snapshot;

use super::*;
use crate::domain::{
    evidence::Answer,
    id::AttemptId,
    money::{Usage, Usd},
    resets::Resets,
};

fn definition() -> AgentDefinition {
    AgentDefinition { grace: Duration::from_secs(10), ..AgentDefinition::of("openclaw".parse().unwrap(), Ok("/usr/bin/openclaw".into())) }
}

fn record(exit: Exit, cause: Cause) -> ExitRecord {
    let started_at = DateTime::from_timestamp(1_763_700_000, 0).unwrap();
    ExitRecord {
        exit,
        cause,
        started_at,
        ended_at: started_at + TimeDelta::milliseconds(3_250),
        swept: 0,
        unkillable: 0,
        output_left_out: 0,
        cpu_ms: 0,
        peak_rss_kib: 1_572_864,
        checked: None,
        refused_hosts: Vec::new(),
    }
}

fn with_result() -> Collected {
    Collected { text: "42".into(), log_tail: Some("the log".into()), ..Collected::default() }
}

fn without_result() -> Collected {
    Collected { no_text_because: Some("RESULT.txt is missing".into()), log_tail: Some("the log".into()), ..Collected::default() }
}

fn report(ending: &Ending, stop: Option<(StopReason, &str)>, collected: &Collected) -> Report {
    let (definition, catalogue) = (definition(), Catalogue::default());
    judge(Case {
        ending,
        stop,
        collected: collected.clone(),
        definition: &definition,
        catalogue: &catalogue,
        requested: None,
        time_limit: Duration::from_secs(3),
        budget: None,
        local: |at| Some(at.and_utc()),
        checks: &[],
    })
}

fn ended(exit: Exit, cause: Cause, collected: &Collected) -> Report {
    report(&Ending::Recorded(record(exit, cause)), None, collected)
}

/// Outcome, whether the result is partial, and the reason.
fn told(report: &Report) -> String {
    let partial = if report.partial { " (partial)" } else { "" };
    format!("{}{partial}: {}", report.outcome.tag(), report.reason.as_deref().unwrap_or("-"))
}

#[test]
fn exit_0_with_a_result_is_a_success_and_nothing_else_is() {
    let success = ended(Exit::Code(0), Cause::Itself, &with_result());
    assert_eq!((told(&success).as_str(), success.text.as_str(), success.log_tail), ("SUCCESS: -", "42", None));
    assert_eq!(success.duration, Duration::from_millis(3_250));

    assert_snapshot!(told(&ended(Exit::Code(0), Cause::Itself, &without_result())), @"FAILED: no result was written (RESULT.txt is missing)");
    assert_snapshot!(told(&ended(Exit::Code(3), Cause::Itself, &without_result())), @"FAILED: exit code 3; no result was written (RESULT.txt is missing)");
    assert_snapshot!(told(&ended(Exit::Code(1), Cause::Itself, &with_result())), @"FAILED: exit code 1");
    assert_eq!(ended(Exit::Code(3), Cause::Itself, &without_result()).log_tail.as_deref(), Some("the log"));
}

#[test]
fn exit_codes_and_signals_are_told_in_words() {
    assert_snapshot!(told(&ended(Exit::Code(127), Cause::Itself, &without_result())), @"FAILED: exit code 127 (a program that it calls was not found); no result was written (RESULT.txt is missing)");
    assert_snapshot!(told(&ended(Exit::Code(126), Cause::Itself, &with_result())), @"FAILED: exit code 126 (a program that it calls may not be run)");
    assert_snapshot!(told(&ended(Exit::Signal(11), Cause::Itself, &with_result())), @"FAILED (partial): ended by signal 11 (SIGSEGV)");
    assert_snapshot!(told(&ended(Exit::Signal(9), Cause::Itself, &without_result())), @"FAILED: ended by signal 9 (SIGKILL), which did not come from the orchestrator: probably the machine ran out of memory (its largest process had 1.5 GiB); no result was written (RESULT.txt is missing)");
    assert_snapshot!(told(&ended(Exit::Code(137), Cause::Itself, &with_result())), @"FAILED: exit code 137: something that it calls was ended by signal 9 (SIGKILL), which did not come from the orchestrator: probably the machine ran out of memory (its largest process had 1.5 GiB)");
    assert_snapshot!(told(&ended(Exit::Signal(25), Cause::Itself, &with_result())), @"FAILED (partial): ended by signal 25 (SIGXFSZ): it wrote a file larger than allowed");
    assert_snapshot!(told(&ended(Exit::Signal(63), Cause::Itself, &with_result())), @"FAILED (partial): ended by signal 63");
}

#[test]
fn a_time_limit_is_no_success_even_with_a_result() {
    assert_snapshot!(told(&ended(Exit::Signal(9), Cause::TimeLimit, &with_result())), @"TIMEOUT (partial): the time limit of 3s was reached");
    assert_snapshot!(told(&ended(Exit::Code(0), Cause::TimeLimit, &with_result())), @"TIMEOUT (partial): the time limit of 3s was reached");
    assert_snapshot!(told(&ended(Exit::Signal(15), Cause::TimeLimit, &without_result())), @"TIMEOUT: the time limit of 3s was reached; no result had been written");
}

#[test]
fn an_agent_that_fell_silent_is_told_apart_from_one_that_was_slow() {
    let stalled = Cause::Stalled { quiet_ms: 900_000 };
    assert_snapshot!(told(&ended(Exit::Signal(15), stalled, &with_result())), @"TIMEOUT (partial): stalled: nothing heard for 15m (`stall_seconds`)");
    assert_snapshot!(told(&ended(Exit::Signal(9), stalled, &without_result())), @"TIMEOUT: stalled: nothing heard for 15m (`stall_seconds`); no result had been written");
    assert!(ended(Exit::Signal(9), stalled, &without_result()).may_be_retried(), "as after a time limit");
}

#[test]
fn a_stop_is_told_with_who_asked_for_it() {
    let stopped = Ending::Recorded(record(Exit::Signal(15), Cause::Stopped));
    let told = |stop| told(&report(&stopped, stop, &with_result()));

    assert_snapshot!(told(Some((StopReason::Cancelled, "ann"))), @"CANCELLED (partial): cancelled by ann");
    assert_snapshot!(told(Some((StopReason::OverBudget, "it had used $0.62 of $0.5"))), @"OVER BUDGET (partial): stopped: it had used $0.62 of $0.5");
    assert_snapshot!(told(Some((StopReason::Shutdown, "root"))), @"INTERRUPTED (partial): interrupted because everything was stopped by root");
    assert_snapshot!(told(None), @"INTERRUPTED (partial): it was stopped from outside");
}

#[test]
fn an_agent_that_was_done_before_its_stop_arrived_has_succeeded() {
    let done = Ending::Recorded(record(Exit::Code(0), Cause::Itself));

    assert_eq!(report(&done, Some((StopReason::Cancelled, "ann")), &with_result()).outcome, Outcome::Succeeded);
}

#[test]
fn an_end_that_nobody_saw_is_an_interruption() {
    assert_snapshot!(told(&report(&Ending::Lost, None, &with_result())), @"INTERRUPTED (partial): interrupted: the process that watched over it was killed, or the machine went down; what it had done by then is unknown");
    assert_snapshot!(told(&report(&Ending::Lost, Some((StopReason::Cancelled, "ann")), &with_result())), @"CANCELLED (partial): cancelled by ann");
    assert_snapshot!(told(&report(&Ending::NeverStarted, None, &without_result())), @"INTERRUPTED: its agent was never started: the orchestrator ended before it could be started");
    assert_snapshot!(told(&report(&Ending::NeverStarted, Some((StopReason::Cancelled, "ann")), &without_result())), @"CANCELLED: cancelled by ann before its agent was started");
    assert_eq!(report(&Ending::NeverStarted, None, &without_result()).usage, None);
}

#[test]
fn what_the_agent_says_of_its_failure_is_told() {
    let said = Answer { ok: true, error: Some("Authentication failed (HTTP 401)".into()), class: None, resets: None };

    assert_snapshot!(told(&ended(Exit::Code(1), Cause::Itself, &Collected { answer: Some(said.clone()), ..without_result() })), @"FAILED: exit code 1; the agent reports: Authentication failed (HTTP 401); no result was written (RESULT.txt is missing)");
    let success = ended(Exit::Code(0), Cause::Itself, &Collected { answer: Some(said), ..with_result() });
    assert_snapshot!(format!("{} {:?}", told(&success), success.remarks), @r#"SUCCESS: - ["the agent itself reports: Authentication failed (HTTP 401)"]"#);
}

#[test]
fn what_happened_to_its_processes_and_output_is_remarked() {
    let refused_hosts = ["evil.example:443, which is not among its hosts", "corp.example:443, which leads to the private address 10.0.0.1"]
        .map(str::to_owned)
        .into();
    let untidy = ExitRecord { swept: 1, unkillable: 2, output_left_out: 1 << 30, refused_hosts, ..record(Exit::Code(0), Cause::Itself) };
    let found = Collected { remarks: vec!["RESULT.txt is odd".into()], ..with_result() };

    assert_snapshot!(report(&Ending::Recorded(untidy), None, &found).remarks.join("\n"), @"
    RESULT.txt is odd
    1 process that the agent had left running had to be killed
    2 processes could not be killed and may still run: see `doctor`
    1 GiB of its output were left out of the log
    it asked for evil.example:443, which is not among its hosts; for corp.example:443, which leads to the private address 10.0.0.1 (`network`)
    ");
}

#[test]
fn everything_that_was_collected_is_in_the_report() {
    let mut found = Collected { text_left_out: 7, summary: Some("short".into()), ..with_result() };
    found.outputs.insert("branch".into(), "fix".into());
    found.files.push(("a.txt".into(), 1));
    found.spent.add(Some("x/y"), Usage { input: 1, ..Usage::default() });
    found.spent.cost = Some(Usd::from_nanos(5));

    let report = ended(Exit::Code(0), Cause::Itself, &found);

    assert_eq!(
        (report.text_left_out, report.summary.as_deref(), &report.outputs, &report.files),
        (7, Some("short"), &found.outputs, &found.files)
    );
    assert_eq!((report.usage, report.cost, report.model.as_deref()), (found.spent.usage(), found.spent.cost, Some("x/y")));
}

#[test]
fn a_launch_that_failed_for_good_says_why() {
    let program = LaunchError::Program { program: "/opt/claw".into(), reason: "No such file or directory".into() };
    let machine = LaunchError::Machine { reason: "Cannot allocate memory".into() };
    let late = LaunchError::Overtaken { attempt: AttemptId::from_parts(0, [0; 10]) };

    assert_snapshot!(told(&unlaunched(&program, 1)), @"FAILED: the agent program `/opt/claw` was not found or could not be started: No such file or directory");
    assert_snapshot!(told(&unlaunched(&machine, 3)), @"FAILED: the agent could not be started, 3 times in a row: Cannot allocate memory");
    assert_snapshot!(told(&unlaunched(&late, 1)), @"INTERRUPTED: a later attempt had been started in its place");
}

#[test]
fn a_definition_s_own_rule_says_what_success_is() {
    let mut strict = definition();
    let rule = serde_json::json!({"success": {"exit": [0, 3], "require": [{"/type": "result"}]}});
    strict.reading = Arc::new(serde_json::from_value(rule).unwrap());
    let judged = |exit, answer: Option<Answer>| {
        let ending = Ending::Recorded(record(Exit::Code(exit), Cause::Itself));
        let found = Collected { answer, ..with_result() };
        told(&judge(Case {
            ending: &ending,
            stop: None,
            collected: found,
            definition: &strict,
            catalogue: &Catalogue::default(),
            requested: None,
            time_limit: Duration::from_secs(120),
            budget: None,
            local: |at| Some(at.and_utc()),
            checks: &[],
        }))
    };
    let answer = |ok, class| Some(Answer { ok, error: None, class, resets: None });

    assert_snapshot!(judged(3, answer(true, None)), @"SUCCESS: -");
    assert_snapshot!(judged(0, answer(false, None)), @"FAILED: its output does not say that it succeeded");
    assert_snapshot!(judged(0, None), @"FAILED: its output has nothing of what its definition expects: `orchestrator agents test` shows what is read");
    assert_snapshot!(judged(1, answer(false, Some(ErrorClass::RateLimit))), @"FAILED: exit code 1; its output does not say that it succeeded (its provider asks to wait)");
    assert_snapshot!(judged(2, answer(false, Some(ErrorClass::Timeout))), @"TIMEOUT (partial): exit code 2; its output does not say that it succeeded (its own time limit was reached)");
    assert_snapshot!(judged(1, answer(false, Some(ErrorClass::Budget))), @"OVER BUDGET (partial): exit code 1; its output does not say that it succeeded (its own ceiling of money was reached)");
}

#[test]
fn a_quota_that_is_used_up_tells_when_it_is_there_again() {
    let told = |class, error: &str| {
        let answer = Answer { ok: false, error: Some(error.into()), class, resets: Resets::in_words(error) };
        let report = ended(Exit::Code(1), Cause::Itself, &Collected { answer: Some(answer), ..without_result() });
        (report.resets_at.map(|at| at.timestamp() - 1_763_700_003), report.reason.unwrap())
    };

    let (wait, reason) = told(Some(ErrorClass::Quota), "usage limit, try again in 5 minutes");
    assert_eq!(wait, Some(300));
    assert!(reason.contains("it has quota again at 2025-11-21 04:45 UTC"), "{reason}");
    assert_eq!(told(Some(ErrorClass::Quota), "usage limit, try again in 5 seconds").0, Some(5));
    assert_eq!(told(Some(ErrorClass::RateLimit), "429, try again in 1 hour").0, Some(3_600));
    // That is "slower, please", and no quota.
    assert_eq!(told(Some(ErrorClass::RateLimit), "429, try again in 30 seconds").0, None);
    assert_eq!(told(Some(ErrorClass::Auth), "try again in 1 hour").0, None);
    assert_eq!(told(None, "try again in 1 hour").0, None);
}
