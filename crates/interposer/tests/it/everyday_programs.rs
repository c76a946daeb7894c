//! Programs that every Linux has, with faults.

use std::{
    fs,
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{Command, Output},
};

use orchestrator_interposer::{Call, Counts, Faults, Who, library, set_clock};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

#[expect(clippy::disallowed_methods, reason = "the programs that the faults are for")]
fn run(dir: &Path, faults: &Faults, program: &[&str]) -> Output {
    let mut command = Command::new(program[0]);
    command.args(&program[1..]).current_dir(dir).env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").envs(faults.env());
    command.output().expect("it starts")
}

fn bytes(dir: &Path, name: &str) -> Option<usize> {
    fs::read(dir.join(name)).ok().map(|text| text.len())
}

/// Writes ten times one byte.
const TEN: [&str; 6] = ["dd", "if=/dev/zero", "of=ten", "bs=4", "count=10", "status=none"];

#[test]
fn the_library_is_there() {
    assert!(library().is_absolute() && library().exists(), "{}", library().display());
}

#[test]
fn a_program_without_rules_runs_as_ever() {
    let dir = folder();
    let ran = run(dir.path(), &Faults::new(), &TEN);
    assert!(ran.status.success() && ran.stderr.is_empty(), "{ran:?}");
    assert_eq!(bytes(dir.path(), "ten"), Some(40));
}

#[test]
fn the_nth_write_fails_as_it_is_told() {
    let dir = folder();
    let ran = run(dir.path(), &Faults::new().rule("write:/ten@4=ENOSPC"), &TEN);
    assert!(String::from_utf8_lossy(&ran.stderr).contains("No space left"), "{ran:?}");
    assert_eq!(bytes(dir.path(), "ten"), Some(12));
    let ran = run(dir.path(), &Faults::new().rule("write:/other@1=ENOSPC"), &TEN);
    assert!(ran.status.success(), "{ran:?}");
}

#[test]
fn a_kill_comes_before_the_call_after_it_or_in_its_middle() {
    for (effect, left) in [("kill", 12), ("kill-after", 16), ("torn", 14)] {
        let dir = folder();
        let ran = run(dir.path(), &Faults::new().rule(format!("write:/ten@4={effect}")), &TEN);
        assert_eq!(ran.status.signal(), Some(9), "{effect}: {ran:?}");
        assert_eq!(bytes(dir.path(), "ten"), Some(left), "{effect}");
    }
}

#[test]
fn a_disk_that_fills_up_takes_half_a_write_and_no_more() {
    let dir = folder();
    let ran = run(dir.path(), &Faults::new().rule("write:/ten@4-=short"), &TEN);
    assert!(!ran.status.success(), "{ran:?}");
    assert_eq!(bytes(dir.path(), "ten"), Some(14));
}

#[test]
fn a_rule_with_a_file_holds_while_the_file_exists() {
    let dir = folder();
    let full = dir.path().join("full");
    let faults = Faults::new().rule(format!("fill@*?{}=ENOSPC", full.display()));
    fs::write(&full, "").expect("a file");
    assert!(!run(dir.path(), &faults, &TEN).status.success());
    assert_eq!(bytes(dir.path(), "ten"), None, "a file can't be made on a full disk");
    fs::remove_file(&full).expect("it goes");
    assert!(run(dir.path(), &faults, &TEN).status.success());
}

#[test]
fn what_an_earlier_rule_lets_pass_is_not_seen_by_later_ones() {
    let dir = folder();
    let ran = run(dir.path(), &Faults::new().rule("write:/ten@1-5=pass").rule("write@2=ENOSPC"), &TEN);
    assert!(!ran.status.success(), "{ran:?}");
    assert_eq!(bytes(dir.path(), "ten"), Some(24));
}

#[test]
fn renames_and_syncs_are_seen() {
    let dir = folder();
    fs::write(dir.path().join("a"), "").expect("a file");
    let ran = run(dir.path(), &Faults::new().rule("sync@1=EIO"), &["sync", "a"]);
    assert!(String::from_utf8_lossy(&ran.stderr).contains("Input/output error"), "{ran:?}");
    // What calls a rename differs between versions of mv; its end does not.
    let ran = run(dir.path(), &Faults::new().rule("unlink:a@1=EROFS"), &["rm", "a"]);
    assert!(String::from_utf8_lossy(&ran.stderr).contains("Read-only file system"), "{ran:?}");
}

#[test]
fn calls_are_counted_over_processes_and_survive_a_kill() {
    let dir = folder();
    let file = dir.path().join("counts");
    Counts::make(&file).expect("a file");
    let faults = Faults::new().counted(&file);
    run(dir.path(), &faults, &TEN);
    run(dir.path(), &faults.rule("write:/ten@4=kill"), &TEN);
    let counts = Counts::read(&file).expect("counts");
    assert_eq!(counts.sum(|who, call, _| who == Who::Orchestrator && call == Call::Write), 14, "{counts:?}");
    assert!(counts.any(Who::Orchestrator) >= 15, "the file was made too");
}

#[test]
fn a_fork_counts_by_itself() {
    let dir = folder();
    let script = "echo a > a; (echo b > b; echo c > c); echo d > d";
    let ran = run(dir.path(), &Faults::new().rule("write@2/child=kill"), &["/bin/sh", "-c", script]);
    assert!(ran.status.success(), "{ran:?}");
    assert_eq!(["a", "b", "c", "d"].map(|name| bytes(dir.path(), name)), [Some(2), Some(2), Some(0), Some(2)]);
}

#[test]
fn the_wall_clock_jumps_while_a_program_runs() {
    let dir = folder();
    let clock = dir.path().join("clock");
    let year = |text: &[u8]| String::from_utf8_lossy(text).trim().parse::<i64>().expect("seconds");
    set_clock(&clock, 0).expect("a file");
    let faults = Faults::new().clock(&clock);
    let before = year(&run(dir.path(), &faults, &["date", "+%s"]).stdout);
    set_clock(&clock, 86_400).expect("a file");
    let after = year(&run(dir.path(), &faults, &["date", "+%s"]).stdout);
    assert!((86_400..86_460).contains(&(after - before)), "{before} {after}");
}

#[test]
fn a_rule_that_cant_be_read_ends_the_program() {
    let dir = folder();
    let ran = run(dir.path(), &Faults::new().rule("wrote@1=kill"), &TEN);
    assert_eq!(ran.status.code(), Some(97));
    assert!(String::from_utf8_lossy(&ran.stderr).contains("wrote@1=kill"), "{ran:?}");
    assert_eq!(bytes(dir.path(), "ten"), None);
}
