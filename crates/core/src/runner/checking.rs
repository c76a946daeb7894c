//! The checks of an attempt: what its attendant is asked to run after the agent, and what they have printed.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    beside::{self, Beside},
    making::Run,
    means::Settings,
    plain_file, transcript, walls, workspace,
};
use crate::{
    domain::{
        agent::AgentDefinition,
        check::{self, Check, WishedCheck},
        evidence::Collected,
    },
    ports::checking::{CheckEnd, CheckSpec, CheckedWork, Checking},
};

/// What runs a check's command; its own walls let it.
const SHELL: &str = "/bin/sh";
/// The most that is kept of what a check prints, in bytes.
const OUTPUT: u64 = 256 << 10;
/// The most of its end that is shown, in bytes.
const TAIL: u64 = 2 << 10;
/// The list of changes, where people find it: beside the working folder.
pub(super) const CHANGES: &str = "CHANGES.txt";
/// The same in the control folder: made when the first check is about to be run.
const LIST: &str = "changes";
/// The longest list of changes that is put there, in bytes: as much as is kept.
const LONGEST_LIST: u64 = 8 << 20;

/// What is to be checked after a run; `None`: its task has no check. Makes the folders that checks have for themselves.
///
/// # Errors
///
/// Whatever the system says of those folders.
pub(super) fn of_run(settings: &Settings, definition: &AgentDefinition, run: &Run) -> io::Result<Option<Checking>> {
    let wished = &run.task.wishes.checks;
    if wished.is_empty() {
        return Ok(None);
    }
    let control = settings.attempts.join(run.attempt.to_string());
    let mut checks = Vec::with_capacity(wished.len());
    for (nth, wished) in wished.iter().enumerate() {
        // Each has its own: one that runs what the agent wrote could leave there for the next what turns its no into a yes.
        let beside = Beside::make(&control.join("checking").join((nth + 1).to_string()), definition.home)?;
        let mut env = environment(settings, run, &beside);
        let path = env.iter().find(|(name, _)| name == "PATH").map_or_else(String::new, |(_, value)| value.clone());
        let brought;
        let declared = match wished {
            WishedCheck::Named(name) => definition.checks.get(name),
            WishedCheck::Command(command) => {
                brought = Check {
                    command: command.clone(),
                    time_limit: check::TIME_LIMIT,
                    required: false,
                    isolation: definition.isolation.clone(),
                };
                Some(&brought)
            }
        };
        let refused = match declared {
            None => Some(format!("agent `{}` has no such check any more", definition.name)),
            Some(check) => check.isolation.closer(run.task.wishes.closer).refusal(settings.offered),
        };
        // Walls are those of its own isolation, which may be another than the agent's.
        let walls = declared.filter(|_| refused.is_none()).map(|check| {
            let with = AgentDefinition { isolation: check.isolation.closer(run.task.wishes.closer), ..definition.clone() };
            walls::walls(settings, &with, Path::new(SHELL), (&run.workspace, &beside), &path)
        });
        env.push(("ORCH_CHECK".to_owned(), wished.to_string()));
        checks.push(CheckSpec {
            check: wished.clone(),
            required: declared.is_some_and(|check| check.required),
            command: declared.map(|check| check.command.clone()).unwrap_or_default(),
            refused,
            env,
            walls: walls.unwrap_or_default(),
            time_limit: declared.map_or(check::TIME_LIMIT, |check| check.time_limit),
            output: output(&control, nth),
            output_limit: OUTPUT,
        });
    }
    Ok(Some(Checking {
        workspace: run.workspace.dir().to_owned(),
        leave_out: vec![run.workspace.file(workspace::LOG)],
        changes: control.join(LIST),
        good: definition.reading.success.exit.clone(),
        checks,
    }))
}

/// Where what a check prints goes, by its place among them.
fn output(control: &Path, nth: usize) -> PathBuf {
    control.join(format!("check-{}", nth + 1))
}

/// What is written while a run's work is being checked: the first of them is there from the beginning of that. Empty: it has no checks.
pub(super) fn signs(settings: &Settings, run: &Run) -> Vec<PathBuf> {
    let control = settings.attempts.join(run.attempt.to_string());
    let outputs = (0..run.task.wishes.checks.len()).map(|nth| output(&control, nth));
    let list = std::iter::once(control.join(LIST)).filter(|_| !run.task.wishes.checks.is_empty());
    list.chain(outputs).collect()
}

/// What an agent is told of its checks: their names with what they run. Of one that there is no more, nothing.
pub(super) fn told(definition: &AgentDefinition, wished: &[WishedCheck]) -> Vec<(String, String)> {
    let told = wished.iter().filter_map(|wished| match wished {
        WishedCheck::Named(name) => Some((format!("`{name}`"), definition.checks.get(name)?.command.clone())),
        WishedCheck::Command(command) => Some(("a command".to_owned(), command.clone())),
    });
    told.collect()
}

/// The environment of checks: what every agent inherits, and nothing that the agent was given or could have changed: no secret, and no HOME of its.
fn environment(settings: &Settings, run: &Run, beside: &Beside) -> Vec<(String, String)> {
    let ours = ["TMPDIR", "ORCH_TASK_ID", "ORCH_AGENT_ID", "ORCH_CHECK"];
    let mut env: Vec<(String, String)> = settings.environment.iter().filter(|(name, _)| !ours.contains(&name.as_str())).cloned().collect();
    env.push(("TMPDIR".to_owned(), beside.tmp.display().to_string()));
    env.push(("ORCH_TASK_ID".to_owned(), run.task.id.to_string()));
    env.push(("ORCH_AGENT_ID".to_owned(), run.agent_id.clone()));
    if let Some(home) = &beside.home {
        env.retain(|(name, _)| !beside::OF_A_HOME.contains(&name.as_str()));
        env.push(("HOME".to_owned(), home.display().to_string()));
    }
    env
}

/// Collects what checks have printed, and puts the list of changes beside the working folder. What can't be had is told in the remarks.
pub(super) fn collect(settings: &Settings, run: &Run, work: &CheckedWork, found: &mut Collected) {
    let control = settings.attempts.join(run.attempt.to_string());
    for (nth, one) in work.runs.iter().enumerate() {
        let tail = match one.end {
            CheckEnd::Ran { .. } => transcript::tail(&output(&control, nth), TAIL).text,
            CheckEnd::NotRun { .. } => String::new(),
        };
        found.check_outputs.push(tail);
        let whose = &one.check;
        match one.has_changed_work {
            Some(false) => {}
            Some(true) => found.remarks.push(format!("the check `{whose}` itself has changed files of the workspace")),
            None => found.remarks.push(format!("whether the check `{whose}` itself has changed files of the workspace is not known")),
        }
    }
    // Nothing is written where a link leads; and what has no hash has no list.
    if work.changes.sha256.is_none() || !run.workspace.is_intact() {
        return;
    }
    let list = match plain_file::read(&control.join(LIST), LONGEST_LIST) {
        plain_file::Found::Plain(list) if list.left_out == 0 => list,
        plain_file::Found::Plain(_) | plain_file::Found::Missing | plain_file::Found::Refused(_) => {
            return found.remarks.push(format!("the list of changes was not kept, so there is no {CHANGES}"));
        }
    };
    let place = run.workspace.dir().join(CHANGES);
    // What an agent or a check has put there is not ours to write into, a link before all.
    if fs::symlink_metadata(&place).is_ok_and(|seen| !seen.is_dir()) {
        drop(fs::remove_file(&place));
    }
    if let Err(error) = plain_file::write(&place, &list.bytes) {
        found.remarks.push(format!("the list of changes could not be written to {CHANGES}: {error}"));
    }
}
