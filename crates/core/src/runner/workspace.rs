//! An attempt's own folder: its layout, how it is made, and how it is removed.
//!
//! ```text
//! workers/agent-<unix seconds>-<random>/      one per attempt
//!   AGENTS.md  TOOLS.md  tasks/<task id>/     the agent's working folder, with TASK.txt, RESULT.txt …
//! ```

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Component, Path, PathBuf},
    time::Duration,
};

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::plain_file::{self, Found};
use crate::{
    domain::{attempt::Outcome, id::TaskId, task::Attachment},
    ports::removal,
};

/// The task's text.
pub const TASK: &str = "TASK.txt";
/// The whole result.
pub const RESULT: &str = "RESULT.txt";
/// Its short form.
pub const SUMMARY: &str = "SUMMARY.txt";
/// Named outputs.
pub const OUTPUTS: &str = "OUTPUTS.json";
/// Tokens of an agent that is no OpenClaw.
pub const USAGE: &str = "USAGE.json";
/// Instructions.
pub const AGENTS: &str = "AGENTS.md";
/// What tools there are on this machine.
pub const TOOLS: &str = "TOOLS.md";
/// What the agent printed, and what the orchestrator did.
pub const LOG: &str = "agent-output.log";

/// Names with a meaning, which no attachment may take and no list of an agent's files shows.
pub const OURS: [&str; 8] = [TASK, RESULT, SUMMARY, OUTPUTS, USAGE, AGENTS, TOOLS, LOG];

const PREFIX: &str = "agent-";
/// Longest name of a file, in bytes; file systems take 255.
const NAME: usize = 100;
/// Largest `TOOLS.md` that is copied.
const TOOLS_LIMIT: u64 = 1 << 20;

/// A workspace could not be made.
#[derive(Debug, Error)]
#[error("`{path}` could not be made: {source}")]
pub struct WorkspaceError {
    path: String,
    source: io::Error,
}

/// The name of an attempt's workspace, and what people know its agent by: `agent-<unix seconds>-<random>`.
pub fn agent_id(now: DateTime<Utc>, random: [u8; 10]) -> String {
    const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let chance: String = random[..8].iter().map(|byte| char::from(LETTERS[usize::from(byte & 31)])).collect();
    format!("{PREFIX}{}-{chance}", now.timestamp())
}

/// Where everything of an attempt lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    dir: PathBuf,
    task_dir: PathBuf,
}

/// What a workspace begins with.
#[derive(Clone, Copy, Debug)]
pub struct Contents<'a> {
    /// The task's text.
    pub prompt: &'a str,
    /// The instructions.
    pub agents_md: &'a str,
    /// Attachments, under names from [`attachment_names`].
    pub attachments: &'a [(String, Vec<u8>)],
}

impl Workspace {
    /// The workspace of an attempt below `workers`.
    pub fn new(workers: &Path, agent_id: &str, task: &TaskId) -> Self {
        Self::at(&workers.join(agent_id), task)
    }

    /// The workspace whose folder is known.
    pub fn at(dir: &Path, task: &TaskId) -> Self {
        Self { dir: dir.to_owned(), task_dir: dir.join("tasks").join(task.as_str()) }
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The agent's working folder.
    pub fn task_dir(&self) -> &Path {
        &self.task_dir
    }

    /// A file in the working folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.task_dir.join(name)
    }

    /// Files that must be on disk before the attempt's end is recorded.
    pub fn durable(&self) -> Vec<PathBuf> {
        [RESULT, SUMMARY, OUTPUTS, USAGE].map(|name| self.file(name)).into()
    }

    /// Whether its folders are still folders: an agent may have put links in their place.
    pub fn is_intact(&self) -> bool {
        let tasks = self.dir.join("tasks");
        [&self.dir, &tasks, &self.task_dir].into_iter().all(|dir| fs::symlink_metadata(dir).is_ok_and(|seen| seen.is_dir()))
    }

    /// Makes the folders and files, for their owner only. Making it again after a crash changes nothing. Returns what could not be done but is
    /// no reason not to run, as sentences.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError`], naming the path; a link where a folder or file is to be is an error.
    pub fn create(&self, contents: &Contents<'_>) -> Result<Vec<String>, WorkspaceError> {
        let failed = |path: &Path, source| WorkspaceError { path: path.display().to_string(), source };
        if let Some(workers) = self.dir.parent() {
            fs::create_dir_all(workers).map_err(|error| failed(workers, error))?;
        }
        for dir in [&self.dir, &self.dir.join("tasks"), &self.task_dir] {
            make_dir(dir).map_err(|error| failed(dir, error))?;
        }
        let mut notes = Vec::new();
        let mut files = vec![
            (self.file(TASK), format!("TASK: {}", contents.prompt).into_bytes()),
            (self.file(AGENTS), contents.agents_md.as_bytes().to_vec()),
            (self.dir.join(AGENTS), contents.agents_md.as_bytes().to_vec()),
        ];
        match self.dir.parent().map(|workers| plain_file::read(&workers.join(TOOLS), TOOLS_LIMIT)) {
            None | Some(Found::Missing) => {}
            Some(Found::Refused(why)) => notes.push(format!("{TOOLS} was not copied: {why}")),
            Some(Found::Plain(tools)) if tools.left_out > 0 => {
                notes.push(format!("{TOOLS} was not copied: it is larger than {TOOLS_LIMIT} bytes"));
            }
            Some(Found::Plain(tools)) => files.push((self.dir.join(TOOLS), tools.bytes)),
        }
        for (path, bytes) in &files {
            plain_file::write(path, bytes).map_err(|error| failed(path, error))?;
        }
        for (name, bytes) in contents.attachments {
            let path = self.file(name);
            plain_file::write(&path, bytes).map_err(|error| failed(&path, error))?;
        }
        Ok(notes)
    }
}

/// Names under which attachments are put into the working folder: in their order, each a plain name of its own, none of [`OURS`].
pub fn attachment_names(attachments: &[Attachment]) -> Vec<String> {
    let mut taken: BTreeSet<String> = OURS.iter().map(|name| name.to_lowercase()).collect();
    let mut names = Vec::with_capacity(attachments.len());
    for attachment in attachments {
        let plain = plain_name(&attachment.name);
        let (stem, ending) = plain.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).unwrap_or((&plain, ""));
        let mut name = plain.clone();
        let mut number = 1_u32;
        while taken.contains(&name.to_lowercase()) {
            number += 1;
            name = if ending.is_empty() { format!("{stem}-{number}") } else { format!("{stem}-{number}.{ending}") };
        }
        taken.insert(name.to_lowercase());
        names.push(name);
    }
    names
}

/// The last part of a name that somebody gave, without anything that a shell, a path or another system would read something into.
fn plain_name(given: &str) -> String {
    const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let mapped: String = last.chars().map(|c| if c.is_alphanumeric() || "._-+=@ ()[]".contains(c) { c } else { '_' }).collect();
    let trimmed = mapped.trim_start_matches(['.', '-', ' ']).trim_end_matches(['.', ' ']);
    let mut name = if trimmed.is_empty() { "attachment".to_owned() } else { trimmed.to_owned() };
    let stem = name.split('.').next().unwrap_or_default().trim_end_matches(|c: char| c.is_ascii_digit()).to_ascii_lowercase();
    if DEVICES.contains(&stem.as_str()) {
        name.insert(0, '_');
    }
    if name.len() > NAME {
        // The ending says what it is: it stays, if it is one.
        let ending = name.rsplit_once('.').map(|(_, ending)| format!(".{ending}")).filter(|ending| ending.len() <= 12).unwrap_or_default();
        let mut end = NAME - ending.len();
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        name = format!("{}{ending}", &name[..end]);
    }
    name
}

/// How long workspaces stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Of a success.
    pub success: Duration,
    /// Of anything else; none: until it is removed by hand.
    pub failure: Option<Duration>,
}

impl Retention {
    /// Whether an ended attempt's workspace may go. Never before its result is over (delivered, or given up for good).
    pub fn allows(&self, outcome: Outcome, ended_at: DateTime<Utc>, result_is_over: bool, now: DateTime<Utc>) -> bool {
        result_is_over && self.before(outcome == Outcome::Succeeded, now).is_some_and(|before| ended_at <= before)
    }

    /// Workspaces of attempts that ended then or earlier may go; `None`: none may.
    pub fn before(&self, succeeded: bool, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let kept = if succeeded { Some(self.success) } else { self.failure };
        kept.and_then(|kept| chrono::TimeDelta::from_std(kept).ok()).and_then(|kept| now.checked_sub_signed(kept))
    }
}

/// Removes an attempt's workspace, whatever is in it ([`removal::remove_whole`]).
///
/// # Errors
///
/// Whatever the system says; the call may be repeated.
pub fn remove(workers: &Path, agent_id: &str) -> io::Result<()> {
    let mut parts = Path::new(agent_id).components();
    let plain = matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None)) && agent_id.starts_with(PREFIX);
    if !plain {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{agent_id}` is no workspace's name")));
    }
    removal::remove_whole(&workers.join(agent_id))
}

fn make_dir(dir: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && fs::symlink_metadata(dir)?.is_dir() => Ok(()),
        made => made,
    }
}

/// The names of workspaces that stand below `workers`, in order.
///
/// # Errors
///
/// Whatever the system says of the folder itself; a folder that is not there holds none.
pub fn standing(workers: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(workers) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
        entries => entries?,
    };
    let workspace = |entry: io::Result<fs::DirEntry>| {
        let entry = entry.ok()?;
        let name = entry.file_name().to_str().filter(|name| name.starts_with(PREFIX))?.to_owned();
        entry.file_type().is_ok_and(|what| what.is_dir()).then_some(name)
    };
    let mut found: Vec<String> = entries.filter_map(workspace).collect();
    found.sort_unstable();
    Ok(found)
}

/// Whether a file in the working folder is one of [`OURS`].
pub fn is_ours(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| OURS.contains(&name))
}

#[cfg(test)]
pub(crate) mod tests;
