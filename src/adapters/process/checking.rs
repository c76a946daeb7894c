//! Runs checks over what an agent has left, in the agent's own attempt, once nothing of its tree is alive.
//!
//! What is run was written down before the agent was started and is held in this process's memory since; so is what the workspace held then.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    os::{fd::OwnedFd, unix::fs::OpenOptionsExt},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use orchestrator_core::{
    domain::check::Changes,
    ports::{
        agent_runner::{Cause, Exit, ExitRecord, LaunchSpec},
        checking::{CheckEnd, CheckRun, CheckSpec, CheckedWork, Checking},
    },
};

use super::{
    attendant::{self, Run},
    control::Control,
    kernel,
    manifest::Manifest,
    request::Said,
    spawn, walled,
};

/// What runs a check's command.
const SHELL: &str = "/bin/sh";
/// The longest grace of a check that is stopped: it has nothing to save.
const LONGEST_GRACE: Duration = Duration::from_secs(5);
/// How much of a command the record holds, in characters: room on the disk is kept for it.
const COMMAND: usize = 200;
/// Room that the record of one check takes at most, in bytes.
pub(super) const RECORD_BYTES: i64 = 4_096;
/// The longest list of changes, in bytes: as much as is put where people find it. Of a longer one nobody could follow the hash.
const LONGEST_LIST: usize = 8 << 20;

/// What there was before the agent was started.
#[derive(Debug)]
pub(super) struct Before {
    work: Result<Manifest, String>,
    /// Where its working folder really is.
    folder: Option<PathBuf>,
}

impl Before {
    pub(super) fn look(spec: &LaunchSpec, checking: &Checking) -> Self {
        Self { work: Manifest::of(&checking.workspace, &checking.leave_out), folder: fs::canonicalize(&spec.cwd).ok() }
    }
}

/// Whether an agent has ended so that its work is worth checking, and nothing of it is left that could change it meanwhile.
pub(super) fn is_worth_it(checking: &Checking, record: &ExitRecord) -> bool {
    let well = matches!(record.exit, Exit::Code(code) if checking.good.contains(&code));
    well && record.cause == Cause::Itself && record.unkillable == 0
}

/// Runs all checks and writes into the record what became of them. A stop ends them, and counts as a stop of the attempt.
pub(super) fn check(
    control: &Control,
    spec: &LaunchSpec,
    (checking, before): (&Checking, &Before),
    mut signals: OwnedFd,
    record: &mut ExitRecord,
) {
    // Its being there tells that checks are run.
    keep(&checking.changes, "");
    let mut seen = Manifest::of(&checking.workspace, &checking.leave_out);
    let changes = match (&before.work, &seen) {
        (Ok(was), Ok(now)) => {
            let (list, changes) = was.changes_to(now);
            if list.len() > LONGEST_LIST {
                Changes { sha256: None, unknown: Some(format!("the list of them has more than {} MiB", LONGEST_LIST >> 20)), ..changes }
            } else {
                keep(&checking.changes, &list);
                changes
            }
        }
        (Err(why), _) | (_, Err(why)) => Changes { unknown: Some(why.clone()), ..Changes::default() },
    };
    let mut runs = Vec::new();
    for check in &checking.checks {
        let not_run = |because: &str| CheckEnd::NotRun { because: because.to_owned() };
        let began = Instant::now();
        // A stop that came while nothing listened for signals stands in the control file.
        if record.cause == Cause::Itself && control.story().is_ok_and(|story| story.stop.is_some()) {
            record.cause = Cause::Stopped;
        }
        let end = if record.cause != Cause::Itself {
            not_run("it was stopped before")
        } else if record.unkillable > 0 {
            not_run("processes of the check before it could not be ended")
        } else if let Some(why) = &check.refused {
            not_run(why)
        } else if !is_where_it_was(&spec.cwd, before) {
            not_run("the working folder was replaced or is gone")
        } else {
            remove(&check.output);
            let asked = asked(spec, check);
            if asked.walls.keep_it_from_others() {
                kernel::call_this_process(walled::ATTENDANT);
            }
            match spawn::start(&asked) {
                Ok(agent) => {
                    let (ended, free) = Run::new(&asked, agent, signals, attendant::wall_time()).until_over();
                    signals = free;
                    record.unkillable += ended.unkillable;
                    record.refused_hosts.extend(ended.refused_hosts);
                    if ended.cause == Cause::Stopped {
                        record.cause = Cause::Stopped;
                    }
                    CheckEnd::Ran { exit: ended.exit, cause: ended.cause }
                }
                Err(Said::Program(why) | Said::Machine(why)) => not_run(&format!("it could not be started: {why}")),
                Err(Said::Started | Said::Held | Said::Refused) => not_run("it could not be started"),
            }
        };
        let ran_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let has_changed_work = match &end {
            CheckEnd::NotRun { .. } => Some(false),
            CheckEnd::Ran { .. } => {
                let now = Manifest::of(&checking.workspace, &checking.leave_out);
                let differs = seen.as_ref().ok().zip(now.as_ref().ok()).map(|(was, now)| was != now);
                seen = now;
                differs
            }
        };
        let command = check.command.chars().take(COMMAND).collect();
        runs.push(CheckRun { check: check.check.clone(), required: check.required, command, end, ran_ms, has_changed_work });
    }
    record.checked = Some(CheckedWork { changes, runs });
}

/// A check as an agent that is run.
fn asked(spec: &LaunchSpec, check: &CheckSpec) -> LaunchSpec {
    LaunchSpec {
        attempt: spec.attempt,
        task: spec.task.clone(),
        fence: spec.fence,
        program: PathBuf::from(SHELL),
        args: vec!["-c".to_owned(), check.command.clone()],
        env: check.env.clone(),
        cwd: spec.cwd.clone(),
        stdin: None,
        log: check.output.clone(),
        log_limit: check.output_limit,
        stdout: None,
        stdout_limit: 0,
        stdout_first: Vec::new(),
        time_limit: check.time_limit,
        asks_people: false,
        stall_limit: None,
        soft_signal: libc::SIGTERM,
        grace: spec.grace.min(LONGEST_GRACE),
        durable: Vec::new(),
        file_size_limit: spec.file_size_limit,
        walls: check.walls.clone(),
        checking: None,
    }
}

/// Whether the working folder is what it was: an agent could have put a link in its place, or above it.
fn is_where_it_was(folder: &Path, before: &Before) -> bool {
    fs::symlink_metadata(folder).is_ok_and(|seen| seen.is_dir())
        && before.folder.is_some()
        && fs::canonicalize(folder).ok() == before.folder
}

/// Writes the list of changes where nothing is any more. That it could not be kept is no harm: its hash is.
fn keep(path: &Path, list: &str) {
    remove(path);
    if let Ok(mut file) = OpenOptions::new().write(true).create_new(true).mode(0o600).custom_flags(libc::O_NOFOLLOW).open(path)
        && file.write_all(list.as_bytes()).is_err()
    {
        // A part of it would have another hash.
        drop(fs::remove_file(path));
    }
}

/// An agent without walls could have put something in a file's place; a folder stays, and then nothing is written there.
fn remove(path: &Path) {
    drop(fs::remove_file(path));
}
