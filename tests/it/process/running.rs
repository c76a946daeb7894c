//! Agents that run to their end, well or badly.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt, path::PathBuf, sync::Arc};

use discord_orchestrator::adapters::process::ProcessRunner;
use orchestrator_core::ports::agent_runner::{AgentRunner, Cause, Ending, Exit, LaunchError, Standing, StopReason};
use tokio::task::JoinSet;

use super::house::{House, PROGRAM, agent_in, marked, parent_of, runner_in, status_of, until};

#[tokio::test]
async fn an_agent_s_end_is_recorded_with_its_exit_code_its_output_and_its_times() {
    let house = House::new();
    let spec = house.agent("echo to-out; echo to-err >&2; exit 3");

    let record = house.run(&spec).await;

    assert_eq!((record.exit, record.cause, record.swept, record.unkillable), (Exit::Code(3), Cause::Itself, 0, 0));
    assert!(record.ended_at >= record.started_at);
    assert_eq!(house.read("agent.log"), "to-out\nto-err\n");
    house.finish();
}

#[tokio::test]
async fn an_agent_that_dies_of_a_signal_is_recorded_with_it() {
    let house = House::new();

    let record = house.run(&house.agent("kill -SEGV $$")).await;

    assert_eq!((record.exit, record.cause), (Exit::Signal(libc::SIGSEGV), Cause::Itself));
    house.finish();
}

#[tokio::test]
async fn an_agent_s_environment_is_what_it_was_given_and_the_marker_and_nothing_else() {
    let house = House::new();
    let mut spec = house.agent("");
    spec.program = PathBuf::from("/usr/bin/env");
    spec.args.clear();
    spec.env = vec![("A".into(), "1 = \"x\" $y\n".into()), ("ORCH_ATTEMPT".into(), "forged".into()), ("EMPTY".into(), String::new())];

    house.run(&spec).await;

    let seen = house.read("agent.log");
    let marker = format!("ORCH_ATTEMPT={}", spec.attempt);
    let expected: BTreeSet<_> = ["A=1 = \"x\" $y", "", "EMPTY=", &marker].into();
    assert_eq!(seen.lines().collect::<BTreeSet<_>>(), expected);
    house.finish();
}

#[tokio::test]
async fn an_agent_starts_without_foreign_descriptors_blocked_signals_core_dumps_or_ways_to_more_rights() {
    let house = House::new();
    let mut spec = house.perl_agent(
        "opendir D, '/proc/self/fd'; print join(',', sort grep { /\\d/ && -e \"/proc/self/fd/$_\" } readdir D), qq(\\n);
         open S, '/proc/self/status'; print grep { /^(SigBlk|SigIgn|NoNewPrivs)/ } <S>;
         open L, '/proc/self/limits'; print map { /^(Max (?:core file|file) size)\\s+(\\d+)/ ? qq($1 $2\\n) : () } <L>;
         print getppid() > 1 && getpgrp() == $$ ? qq(leads\\n) : qq(follows\\n)",
    );
    spec.file_size_limit = Some(123_456);

    house.run(&spec).await;

    let seen = house.read("agent.log");
    let lines: Vec<_> = seen.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    // Number 3 is the folder that is being listed.
    assert_eq!(lines[0], "0,1,2,3", "{seen}");
    for expected in ["SigBlk: 0000000000000000", "NoNewPrivs: 1", "Max file size 123456", "Max core file size 0", "leads"] {
        assert!(lines.iter().any(|line| line == expected), "no `{expected}` in {seen}");
    }
    let ignored = lines.iter().find_map(|line| line.strip_prefix("SigIgn: ")).expect("a line on ignored signals");
    let ignored = u64::from_str_radix(ignored, 16).expect("a set of signals");
    // Perl itself ignores SIGFPE.
    for signal in [libc::SIGPIPE, libc::SIGHUP, libc::SIGINT, libc::SIGTERM, libc::SIGCHLD, libc::SIGUSR1] {
        assert_eq!(ignored >> (signal - 1) & 1, 0, "signal {signal} is ignored");
    }
    house.finish();
}

#[tokio::test]
async fn standard_input_is_empty_unless_a_file_is_given() {
    let house = House::new();
    let mut fed = house.agent("cat; echo end");
    fed.stdin = Some(house.path("input"));
    fed.log = house.path("fed.log");
    fs::write(house.path("input"), "a question\n").expect("writes");

    house.run(&house.agent("readlink /proc/self/fd/0; cat; echo end")).await;
    house.run(&fed).await;

    assert_eq!(house.read("agent.log"), "/dev/null\nend\n");
    assert_eq!(house.read("fed.log"), "a question\nend\n");
    house.finish();
}

#[tokio::test]
async fn a_program_that_can_t_be_run_is_told_with_the_reason_and_leaves_nothing() {
    let house = House::new();
    fs::write(house.path("not-executable"), "#!/bin/sh\n").expect("writes");
    for (program, reason) in [("missing", "No such file"), ("not-executable", "Permission denied"), ("", "Permission denied")] {
        let mut spec = house.agent("");
        spec.program = house.path(program);

        let error = house.runner.launch(&spec).await.expect_err("it can't be run");

        assert!(!error.may_be_retried(), "{error}");
        assert!(error.to_string().contains(reason), "{error}");
        assert!(!house.attempt_folder(spec.attempt).exists());
        assert_eq!(house.runner.standing(spec.attempt).await, Standing::NeverStarted);
    }
    house.finish();
}

#[tokio::test]
async fn a_missing_working_folder_or_input_is_told_by_its_name() {
    let house = House::new();
    let (mut homeless, mut unfed) = (house.agent("true"), house.agent("true"));
    homeless.cwd = house.path("no-such-folder");
    unfed.stdin = Some(house.dir.path().to_owned());

    for (spec, named) in [(homeless, "no-such-folder"), (unfed, "no plain file")] {
        let error = house.runner.launch(&spec).await.expect_err("it can't be run");
        assert!(matches!(error, LaunchError::Program { .. }), "{error:?}");
        assert!(error.to_string().contains(named), "{error}");
    }
    house.finish();
}

#[tokio::test]
async fn a_flood_of_a_gigabyte_neither_holds_the_agent_up_nor_fills_disk_or_memory() {
    let house = House::new();
    let mut spec = house.agent("echo first; head -c 1000000000 /dev/zero; echo last; echo $$ > pid; read forever < fifo");
    spec.stdout = Some(house.path("stdout"));
    spec.stdout_limit = 5_000;
    house.make_fifo("fifo");

    house.launch(&spec).await;
    let attendant = parent_of(house.pid("pid").await);
    let peak = status_of(attendant, "VmHWM");
    fs::write(house.path("fifo"), "\n").expect("lets it go");
    let record = house.recorded(spec.attempt).await;

    let peak_kib: u64 = peak.trim_end_matches(" kB").parse().expect("a number");
    assert!(peak_kib < 30_000, "the attendant took {peak}");
    let (log, stdout) = (house.read("agent.log"), house.read("stdout"));
    assert!(log.len() <= 1_000_000 && stdout.len() <= 5_000, "{} and {}", log.len(), stdout.len());
    for kept in [&log, &stdout] {
        assert!(kept.starts_with("first\n") && kept.ends_with("last\n"));
        assert!(kept.contains("bytes of output were left out here"));
    }
    assert!(log.contains(&format!("{} bytes", record.output_left_out)) && record.output_left_out > 999_000_000);
    house.finish();
}

#[tokio::test]
async fn output_can_be_followed_while_the_agent_runs() {
    let house = House::new();
    house.make_fifo("fifo");
    let spec = house.agent("echo so far; read forever < fifo; echo more");

    house.launch(&spec).await;
    until("the first line is in the log", || house.read("agent.log") == "so far\n").await;
    fs::write(house.path("fifo"), "\n").expect("lets it go");
    house.recorded(spec.attempt).await;

    assert_eq!(house.read("agent.log"), "so far\nmore\n");
    house.finish();
}

#[tokio::test]
async fn standard_output_goes_alone_to_a_file_of_its_own_where_asked() {
    let house = House::new();
    let mut spec = house.agent("echo result; echo trouble >&2");
    spec.stdout = Some(house.path("stdout"));
    spec.stdout_limit = 1_000;

    house.run(&spec).await;

    assert_eq!(house.read("stdout"), "result\n");
    let log = house.read("agent.log");
    assert!(log.contains("result\n") && log.contains("trouble\n"), "{log}");
    house.finish();
}

#[tokio::test]
async fn a_link_in_the_log_s_place_is_not_followed_and_does_not_harm_the_run() {
    let house = House::new();
    std::os::unix::fs::symlink(house.path("victim"), house.path("agent.log")).expect("links");

    let record = house.run(&house.agent("echo secret")).await;

    assert_eq!((record.exit, record.output_left_out), (Exit::Code(0), 7));
    assert!(!house.path("victim").exists());
    house.finish();
}

#[tokio::test]
async fn what_an_agent_puts_in_its_result_s_place_can_t_hold_up_the_end() {
    let house = House::new();
    let mut spec = house.agent("mkfifo RESULT.txt; ln -s /dev/zero SUMMARY.txt; echo kept > OUTPUTS.json");
    spec.durable = ["RESULT.txt", "SUMMARY.txt", "OUTPUTS.json", "MISSING.txt"].map(|name| house.path(name)).into();

    let record = house.run(&spec).await;

    assert_eq!(record.exit, Exit::Code(0));
    house.finish();
}

#[tokio::test]
async fn the_record_tells_what_the_whole_tree_used() {
    let house = House::new();

    let record = house.run(&house.agent("perl -e '$x = \"a\" x 50_000_000; 1 while (times)[0] < 0.2'")).await;

    assert!(record.cpu_ms >= 200, "{} ms", record.cpu_ms);
    assert!(record.peak_rss_kib >= 48_000, "{} KiB", record.peak_rss_kib);
    house.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_of_attempts_at_once_each_get_their_own_end() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let runner = Arc::new(runner_in(dir.path()));
    let mut running = JoinSet::new();
    for number in 0..200 {
        let (runner, mut spec) = (Arc::clone(&runner), agent_in(dir.path(), &format!("exit {}", number % 100)));
        spec.log = dir.path().join(format!("{number}.log"));
        running.spawn(async move {
            runner.launch(&spec).await.expect("starts");
            (number, spec.attempt, runner.wait(spec.attempt).await)
        });
    }

    while let Some(ended) = running.join_next().await {
        let (number, attempt, ending) = ended.expect("no panic");
        let Ending::Recorded(record) = ending else { panic!("{ending:?}") };
        assert_eq!(record.exit, Exit::Code(number % 100));
        assert!(marked(attempt).is_empty());
    }

    assert_eq!(runner.remembered().await.len(), 200);
}

#[tokio::test]
async fn ends_are_told_although_the_service_was_started_with_its_signals_ignored() {
    let mut house = House::new();
    let wrapper = house.path("wrapper");
    let script = format!("#!/usr/bin/perl\n$SIG{{$_}} = 'IGNORE' for qw(CHLD TERM HUP); exec '{PROGRAM}', @ARGV;\n");
    fs::write(&wrapper, script).expect("writes");
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o700)).expect("may be run");
    house.runner = ProcessRunner::new(house.dir.path()).expect("a runner").with_nursery_program(wrapper);
    let spec = house.agent("echo $$ > pid; sleep 600");

    let itself = house.run(&house.agent("exit 3")).await;
    house.launch(&spec).await;
    house.pid("pid").await;
    house.runner.stop(spec.attempt, StopReason::Cancelled).await;

    assert_eq!((itself.exit, itself.cause), (Exit::Code(3), Cause::Itself));
    assert_eq!(house.recorded(spec.attempt).await.exit, Exit::Signal(libc::SIGTERM));
    house.finish();
}

#[tokio::test]
async fn an_attempt_that_is_forgotten_leaves_no_folder_and_one_that_runs_is_not_forgotten() {
    let house = House::new();
    let (ended, running) = (house.agent("true"), house.agent("sleep 60"));
    house.run(&ended).await;
    house.launch(&running).await;

    house.runner.forget(ended.attempt).await;
    house.runner.forget(ended.attempt).await;
    house.runner.forget(running.attempt).await;

    assert_eq!(house.runner.remembered().await, [running.attempt]);
    assert_eq!(house.runner.standing(running.attempt).await, Standing::Running);
    house.runner.stop(running.attempt, StopReason::Cancelled).await;
    house.recorded(running.attempt).await;
    house.finish();
}
