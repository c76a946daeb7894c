//! Collects what an ended run has left in its workspace, safely and within bounds. Whatever an agent put there, collecting ends, follows no link,
//! and keeps no more in memory than the bounds say.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{
    plain_file::{self, Found},
    printed,
    reader::Reported,
    transcript,
    workspace::{self, Workspace},
};
use crate::domain::{
    evidence::Collected,
    id::TaskId,
    reading::{Reading, SessionFiles},
};

/// How much is collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of the result that are kept.
    pub result: u64,
    /// Characters of the short form.
    pub summary: usize,
    /// Bytes of the log's end.
    pub log_tail: u64,
}

impl Bounds {
    /// A result that fits into one file of a post, and `SUMMARY_MAX_LENGTH` as it comes.
    pub const DEFAULT: Self = Self { result: 8 << 20, summary: 2_000, log_tail: 4 << 10 };
}

/// Most bytes of `OUTPUTS.json`, most outputs of it, and the longest name and value, in characters.
const OUTPUTS: (u64, usize, usize, usize) = (256 << 10, 20, 60, 500);
/// Most files that are listed, most entries that are looked at, and how deep.
const FILES: (usize, usize, usize) = (20, 2_000, 6);
/// Most lines of an agent's story that stand for the end of its log.
const STORY: usize = 12;
/// Session files that are read where none has the name that was asked for.
const SESSIONS: usize = 20;

/// Where to look.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The workspace.
    pub workspace: &'a Workspace,
    /// The agent's id.
    pub agent_id: &'a str,
    /// The task.
    pub task: &'a TaskId,
    /// How the agent is read.
    pub reading: &'a Reading,
    /// Where its standard output went, if that is read.
    pub stdout: Option<&'a Path>,
    /// The code with which it ended, if it ended by itself.
    pub exit: Option<i32>,
    /// Names of the files that came with the task.
    pub attachments: &'a [String],
}

/// Collects everything. Never fails: what could not be had is told in the remarks.
pub fn collect(run: &Run<'_>, bounds: &Bounds) -> Collected {
    let mut found = Collected::default();
    let mut reported = in_output(run, bounds, &mut found.remarks);
    if run.workspace.is_intact() {
        left_in_files(run, &mut reported, &mut found.remarks);
        result(run, &mut reported, bounds, &mut found);
        found.summary = summary(run, bounds.summary, &mut found.remarks);
        found.outputs = outputs(run, &mut found.remarks);
        found.files = files(run, &mut found.remarks);
    } else {
        // What it has printed stands elsewhere, and tells what it has used.
        let why = if run.workspace.dir().exists() { "folders of the workspace were replaced" } else { "the workspace is gone" };
        answered(run, &mut reported, why.to_owned(), &mut found);
        found.remarks.push(format!("{why}: nothing of it was collected"));
    }
    found.spent = reported.spent;
    found.answer = reported.answer;
    found.session = reported.session;
    found.story = reported.story;
    found.remarks.extend(reported.remarks);
    let tail = if run.workspace.is_intact() {
        transcript::tail(&run.workspace.file(workspace::LOG), bounds.log_tail)
    } else {
        transcript::Tail::default()
    };
    // Records are for programs; what they tell is for people.
    let told = found.story.lines();
    let text = if told.is_empty() { tail.text } else { told[told.len().saturating_sub(STORY)..].join("\n") };
    found.log_tail = Some(text).filter(|text| !text.trim().is_empty());
    found
}

/// The result: `RESULT.txt`, else the answer that the agent printed.
fn result(run: &Run<'_>, reported: &mut Reported, bounds: &Bounds, found: &mut Collected) {
    let name = workspace::RESULT;
    let why = match plain_file::read(&run.workspace.file(name), bounds.result) {
        Found::Missing => format!("{name} is missing"),
        Found::Refused(why) => {
            found.remarks.push(format!("{name} was not read: {why}"));
            format!("{name} was not read: {why}")
        }
        Found::Plain(beginning) => {
            let (text, lossy) = plain_file::text(beginning.bytes, beginning.left_out > 0);
            if !text.trim().is_empty() {
                if lossy {
                    found.remarks.push(format!("{name} is not valid UTF-8: bytes without a meaning are shown as \u{fffd}"));
                }
                (found.text, found.text_left_out) = (text, beginning.left_out);
                return;
            }
            match (text.is_empty(), beginning.left_out) {
                (true, _) => format!("{name} is empty"),
                (false, 0) => format!("{name} holds nothing but white space"),
                (false, _) => format!("{name} begins with nothing but white space"),
            }
        }
    };
    answered(run, reported, why, found);
}

/// The answer that the agent printed, since there is no other result: why.
fn answered(run: &Run<'_>, reported: &mut Reported, why: String, found: &mut Collected) {
    match reported.text.take().filter(|(text, _)| !text.trim().is_empty()) {
        Some((text, left_out)) => (found.text, found.text_left_out) = (text, left_out),
        None if !run.reading.text.0.is_empty() => found.no_text_because = Some(format!("{why}, and it printed no answer")),
        None => found.no_text_because = Some(why),
    }
}

/// What the agent tells in its output.
fn in_output(run: &Run<'_>, bounds: &Bounds, remarks: &mut Vec<String>) -> Reported {
    match run.stdout.map(|path| printed::answer(run.reading, path, bounds.result, run.exit)) {
        None | Some(Found::Missing) => Reported::default(),
        Some(Found::Refused(why)) => {
            remarks.push(format!("standard output was not read: {why}"));
            Reported::default()
        }
        Some(Found::Plain(reported)) => reported,
    }
}

/// What the agent tells in its sessions, and in `USAGE.json`.
fn left_in_files(run: &Run<'_>, reported: &mut Reported, remarks: &mut Vec<String>) {
    // The session has every turn; the answer knows how it went.
    if let Some(session) = run.reading.sessions.as_ref().and_then(|files| sessions(run, files, remarks)) {
        let cost = reported.spent.cost;
        reported.spent = session.spent;
        reported.spent.cost = cost;
        reported.remarks.extend(session.remarks);
    }
    if reported.spent.by_model.is_empty() {
        let name = workspace::USAGE;
        match printed::usage_file(&run.workspace.file(name)) {
            Found::Missing => {}
            Found::Refused(why) => remarks.push(format!("{name} was not read: {why}")),
            Found::Plain(file) => {
                reported.spent.by_model = file.spent.by_model;
                reported.spent.cost = file.spent.cost.or(reported.spent.cost);
                reported.remarks.extend(file.remarks.into_iter().map(|remark| format!("{name}: {remark}")));
            }
        }
    }
}

/// The session file that was asked for; where there is none, all that the agent's state folder has: it is this attempt's own.
fn sessions(run: &Run<'_>, files: &SessionFiles, remarks: &mut Vec<String>) -> Option<Reported> {
    let mut folder = run.workspace.dir().to_owned();
    for part in files.folder.split('/') {
        folder.push(part);
        if !fs::symlink_metadata(&folder).is_ok_and(|seen| seen.is_dir()) {
            return None;
        }
    }
    let asked = folder.join(format!("{}-{}.jsonl", run.agent_id, run.task));
    let paths = if fs::symlink_metadata(&asked).is_ok() { vec![asked] } else { session_files(&folder) };
    let mut sum = Reported::default();
    for path in paths {
        match printed::session(&files.usage, &path) {
            Found::Missing => {}
            Found::Refused(why) => remarks.push(format!("a session file was not read: {why}")),
            Found::Plain(one) => {
                one.spent.by_model.iter().for_each(|(model, usage)| sum.spent.add(model.as_deref(), *usage));
                sum.remarks.extend(one.remarks);
                sum.unsure |= one.unsure;
            }
        }
    }
    if sum.unsure {
        sum.spent.by_model.clear();
    }
    (sum.unsure || !sum.spent.by_model.is_empty()).then_some(sum)
}

fn session_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().take(FILES.1).filter_map(Result::ok).map(|entry| entry.path());
    let mut paths: Vec<_> = entries.filter(|path| path.extension().is_some_and(|ending| ending == "jsonl")).collect();
    paths.sort_unstable();
    paths.truncate(SESSIONS);
    paths
}

fn summary(run: &Run<'_>, most: usize, remarks: &mut Vec<String>) -> Option<String> {
    let name = workspace::SUMMARY;
    let beginning = match plain_file::read(&run.workspace.file(name), most as u64 * 4) {
        Found::Missing => return None,
        Found::Refused(why) => {
            remarks.push(format!("{name} was not read: {why}"));
            return None;
        }
        Found::Plain(beginning) => beginning,
    };
    let (text, _) = plain_file::text(beginning.bytes, beginning.left_out > 0);
    let text = text.trim();
    let shown: String = text.chars().take(most).collect();
    if shown.len() < text.len() || beginning.left_out > 0 {
        remarks.push(format!("{name} was cut to {most} characters"));
    }
    Some(shown).filter(|text| !text.is_empty())
}

fn outputs(run: &Run<'_>, remarks: &mut Vec<String>) -> BTreeMap<String, String> {
    let name = workspace::OUTPUTS;
    let (bytes, most, longest_name, longest_value) = OUTPUTS;
    let read = match plain_file::read(&run.workspace.file(name), bytes) {
        Found::Missing => return BTreeMap::new(),
        Found::Refused(why) => Err(why),
        Found::Plain(beginning) if beginning.left_out > 0 => Err(format!("it is larger than {bytes} bytes")),
        Found::Plain(beginning) => match serde_json::from_slice(&beginning.bytes) {
            Ok(Value::Object(outputs)) => Ok(outputs),
            Ok(_) => Err("it is not a JSON object".to_owned()),
            Err(error) => Err(format!("it is not JSON: {error}")),
        },
    };
    let outputs = match read {
        Ok(outputs) => outputs,
        Err(why) => {
            remarks.push(format!("{name} was not read: {why}"));
            return BTreeMap::new();
        }
    };
    if outputs.len() > most {
        remarks.push(format!("{name} has {} outputs: only {most} are kept", outputs.len()));
    }
    let shown = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let mut cut = 0_u32;
    let mut within = |text: String, longest: usize| {
        let kept: String = text.chars().take(longest).collect();
        cut += u32::from(kept.len() < text.len());
        kept
    };
    let kept =
        outputs.into_iter().take(most).map(|(key, value)| (within(key, longest_name), within(shown(value), longest_value))).collect();
    if cut > 0 {
        remarks.push(format!("{name}: {cut} names or values were cut"));
    }
    kept
}

/// Files below the working folder that the agent left there, in order; hidden ones and links are not listed.
fn files(run: &Run<'_>, remarks: &mut Vec<String>) -> Vec<(String, u64)> {
    let (most, looked_at, deepest) = FILES;
    let top = run.workspace.task_dir();
    let (mut listed, mut seen) = (Vec::new(), 0_usize);
    let mut folders = vec![(top.to_owned(), 0_usize)];
    'all: while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok) {
            seen += 1;
            if seen > looked_at {
                remarks.push(format!("the working folder has more than {looked_at} entries: not all of its files are listed"));
                break 'all;
            }
            let (name, Ok(meta)) = (entry.file_name(), entry.metadata()) else { continue };
            let ours = depth == 0 && (workspace::is_ours(&name) || run.attachments.iter().any(|known| name.to_str() == Some(known)));
            let path = entry.path();
            if ours || name.as_encoded_bytes().starts_with(b".") {
            } else if meta.is_dir() && depth < deepest {
                folders.push((path, depth + 1));
            } else if meta.is_file() {
                let below = path.strip_prefix(top).unwrap_or(&path);
                listed.push((below.to_string_lossy().into_owned(), meta.len()));
            }
        }
    }
    listed.sort_unstable();
    if listed.len() > most {
        remarks.push(format!("{} more files are in the workspace", listed.len() - most));
        listed.truncate(most);
    }
    listed
}

#[cfg(test)]
mod tests;
