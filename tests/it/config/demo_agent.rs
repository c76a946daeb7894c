//! The demonstration agent in a working folder.

use std::{collections::BTreeMap, fs, path::Path};

use discord_orchestrator::agents::{End, run_in};
use serde_json::Value;

fn run(task: &str) -> (tempfile::TempDir, End, String, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("TASK.txt"), format!("TASK: {task}")).unwrap();
    let (end, out, err) = run_at(folder.path(), &[("DEMO_SECONDS", "0")]);
    (folder, end, out, err)
}

fn run_at(folder: &Path, variables: &[(&str, &str)]) -> (End, String, String) {
    let variables: BTreeMap<String, String> = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let end = run_in(Some("demo"), folder, &variables, &mut out, &mut err);
    (end, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

fn read(folder: &tempfile::TempDir, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn it_writes_every_file_of_the_contract_and_says_that_no_model_was_asked() {
    let (folder, end, out, err) = run("Compare src/main.rs with https://example.org/spec and list 3 differences.");

    assert_eq!((end, err.as_str()), (End::Done, ""));
    let result = read(&folder, "RESULT.txt");
    assert!(result.starts_with("This is a demonstration: no model was asked."), "{result}");
    for found in ["src/main.rs", "https://example.org/spec", "Numbers: 3."] {
        assert!(result.contains(found), "{found} is not in {result}");
    }
    assert!(read(&folder, "analysis.md").contains("| Words |"));
    assert!(read(&folder, "SUMMARY.txt").contains("no model was asked"));
    let outputs: BTreeMap<String, String> = serde_json::from_str(&read(&folder, "OUTPUTS.json")).unwrap();
    assert_eq!(outputs["report"], "analysis.md");
    let usage: Value = serde_json::from_str(&read(&folder, "USAGE.json")).unwrap();
    assert_eq!((&usage["input"], &usage["output"], &usage["cost_usd"]), (&0.into(), &0.into(), &0.into()));
    assert!(out.lines().count() > 5 && out.ends_with("demo: done\n"), "{out}");
}

#[test]
fn two_tasks_give_two_results() {
    let (one, ..) = run("Count the sheep.");
    let (other, ..) = run("Write a poem about rain, rain, rain.\nWith two lines?");

    assert_ne!(read(&one, "RESULT.txt"), read(&other, "RESULT.txt"));
    assert_ne!(read(&one, "SUMMARY.txt"), read(&other, "SUMMARY.txt"));
    assert!(read(&other, "SUMMARY.txt").contains("“rain”"));
}

#[test]
fn strange_tasks_are_no_trouble() {
    for task in ["", " \n\u{200b}", "\u{202e}evil", "```\n@everyone | x\n```", "$(reboot) `rm -rf` \\ \"", &"word ".repeat(50_000)] {
        let (folder, end, _, err) = run(task);
        assert_eq!((end, err.as_str()), (End::Done, ""), "{task:?}");
        assert!(!read(&folder, "RESULT.txt").trim().is_empty());
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("TASK.txt"), b"TASK: \xff\xfe\x00 bytes").unwrap();
    assert_eq!(run_at(folder.path(), &[("DEMO_SECONDS", "NaN")]).0, End::Done);
}

#[test]
fn without_a_task_it_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (end, _, err) = run_at(folder.path(), &[]);

    assert_eq!(end, End::Unusable);
    assert!(err.contains("TASK.txt can't be read in this folder"), "{err}");
}

#[test]
fn it_takes_the_time_that_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("TASK.txt"), "TASK: wait").unwrap();

    let started = std::time::Instant::now();
    run_at(folder.path(), &[("DEMO_SECONDS", "0.5")]);

    let took = started.elapsed().as_secs_f64();
    assert!((0.3..5.0).contains(&took), "{took} s");
}

#[test]
fn hard_thinking_takes_it_longer() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("TASK.txt"), "TASK: wait").unwrap();
    let seconds = |thinking: &str| {
        let started = std::time::Instant::now();
        run_at(folder.path(), &[("DEMO_SECONDS", "0.2"), ("ORCH_THINKING", thinking)]);
        started.elapsed().as_secs_f64()
    };

    let (low, high) = (seconds("low"), seconds("high"));

    assert!(high > 0.6 && high > low, "{low} s, {high} s");
}
