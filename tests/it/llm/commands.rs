//! Commands that the model runs: their environment, their time, and that nothing is left of them.

use std::{fs, time::Instant};

use rustix::process::{Pid, Signal};
use serde_json::{Value, json};

use super::{Bench, KEY, Run, call, endpoint::Reply, processes_with, until};

fn command(command: &str) -> Value {
    call("a", "run_command", &json!({ "command": command }))
}

/// A word that no other process has in its command line.
fn mark(of: &str) -> String {
    format!("{of}-{}", std::process::id())
}

#[test]
fn no_command_sees_the_key_under_any_name_nor_in_the_agent_s_own_environment() {
    let bench = Bench::answering(vec![
        Reply::tools("", &[command("env; cat /dev/stdin; tr '\\0' '\\n' < /proc/$PPID/environ")]),
        Reply::text("42"),
    ])
    .with("OPENROUTER_API_KEY", "sk-another")
    .with("HEADER", &format!("Bearer {KEY}"))
    .with("HARMLESS", "yes");

    let run = bench.run();

    let told = &bench.endpoint.told()[0];
    assert!(run.code == 0 && told.matches("HARMLESS=yes\n").count() == 2, "its own and its parent's environment: {told}");
    for hidden in ["LLM_API_KEY", "OPENROUTER_API_KEY", "HEADER", KEY, "sk-another", "[key]"] {
        assert!(!told.contains(hidden), "{hidden} in {told}");
    }
}

#[test]
fn a_key_that_a_command_finds_all_the_same_is_not_told_on() {
    let bench = Bench::answering(vec![Reply::tools("", &[command("cat key.txt")]), Reply::text("42")]);
    fs::write(bench.path("key.txt"), KEY).unwrap();

    bench.run();

    assert_eq!(bench.endpoint.told(), ["exit code 0; it printed:\n[key]"]);
}

#[test]
fn a_command_that_takes_too_long_is_stopped_with_all_that_it_has_started() {
    let mark = mark("too-long");
    let script = format!(
        "echo begun; sh -c 'sleep 300; : {mark}' & setsid sh -c 'sleep 300; : {mark}' & sh -c 'trap \"\" TERM; sleep 300; : {mark}'"
    );
    let bench = Bench::answering(vec![Reply::tools("", &[command(&script)]), Reply::text("42")]).with("LLM_TOOL_SECONDS", "1");

    let run = bench.run();

    assert_eq!((run.code, run.tools()), (0, vec![(false, "stopped after 1 s")]), "{}", run.err);
    assert_eq!(bench.endpoint.told(), ["stopped after 1 s, the longest time of a command; it printed:\nbegun\n"]);
    assert_eq!(processes_with(&mark), [0; 0]);
}

#[test]
fn what_a_command_leaves_in_the_background_ends_with_it() {
    let mark = mark("left-behind");
    let script = format!("yes {mark} & (setsid sh -c 'sleep 300; : {mark}' >/dev/null 2>&1 &) ; sleep 0.2; exit 7");
    let bench = Bench::answering(vec![Reply::tools("", &[command(&script)]), Reply::text("42")]);
    let begun = Instant::now();

    let run = bench.run();

    assert_eq!(run.tools(), [(false, "exit 7")]);
    assert!(begun.elapsed().as_secs() < 60, "it waited for what prints for ever");
    assert!(bench.endpoint.told()[0].len() < 31_000);
    assert_eq!(processes_with(&mark), [0; 0]);
}

#[test]
fn commands_may_print_any_bytes_and_die_of_a_signal() {
    let calls = [command("printf 'a\\377b'"), command("kill -9 $$"), command("true")];
    let bench = Bench::answering(vec![Reply::tools("", &calls), Reply::text("42")]);

    let run = bench.run();

    let told = ["exit code 0; it printed:\na\u{fffd}b", "ended by signal 9; it printed nothing", "exit code 0; it printed nothing"];
    assert_eq!(bench.endpoint.told(), told);
    assert_eq!(run.tools(), [(true, "exit 0"), (false, "signal 9"), (true, "exit 0")]);
}

#[test]
fn a_term_ends_it_with_its_command_and_keeps_what_there_is() {
    let mark = mark("stopped");
    let script = format!("(setsid sh -c 'sleep 300; : {mark}' &) ; touch started; sleep 300; : {mark}");
    let bench = Bench::answering(vec![Reply::tools("I begin.", &[command(&script)]).costing(0.5), Reply::text("42")]);
    let running = bench.start();
    until("the command's start", || bench.path("started").exists());

    rustix::process::kill_process(Pid::from_child(&running), Signal::TERM).unwrap();
    let run = Run::of(running.wait_with_output().unwrap());

    assert_eq!(run.code, 143);
    assert_eq!(run.result(), &json!({ "type": "result", "ok": false, "error": "stopped by a signal" }));
    assert_eq!((bench.file("RESULT.txt").as_deref(), bench.usage()["cost_usd"].as_f64()), (Some("I begin."), Some(0.5)));
    assert_eq!(processes_with(&mark), [0; 0]);
}

#[test]
fn a_partial_answer_is_on_disk_while_it_grows() {
    let bench =
        Bench::answering(vec![Reply::Silence(vec![super::endpoint::delta(&json!({ "content": "Half" }))])]).with("LLM_IDLE_SECONDS", "60");
    let mut running = bench.start();
    until("the first half", || bench.file("RESULT.txt").as_deref() == Some("Half"));

    rustix::process::kill_process(Pid::from_child(&running), Signal::KILL).unwrap();
    running.wait().unwrap();

    assert_eq!(bench.file("RESULT.txt").as_deref(), Some("Half"));
}
