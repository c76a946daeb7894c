//! The tools that the model may use: what it is told of them, and how a call of one is carried out. Every error goes back to the model.

use std::{collections::BTreeMap, path::Path, time::Duration};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    super::model::{ToolCall, given, number},
    commands::Commands,
    files::Files,
    outcome::{Outcome, one_line},
};

/// Each group is allowed or not; names as in `LLM_TOOLS`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Allowed {
    read: bool,
    write: bool,
    run: bool,
}

/// The tools of a run.
pub(in crate::agents) struct Tools {
    allowed: Allowed,
    files: Files,
    commands: Commands,
    /// How often the model is asked at most (`LLM_MAX_TURNS`).
    pub(super) most_turns: u32,
}

#[derive(Deserialize)]
struct ListFiles {
    path: Option<String>,
    depth: Option<u32>,
}

#[derive(Deserialize)]
struct ReadFile {
    path: String,
    offset: Option<usize>,
    limit: Option<usize>,
}

#[derive(Deserialize)]
struct WriteFile {
    path: String,
    content: String,
    append: Option<bool>,
}

#[derive(Deserialize)]
struct EditFile {
    path: String,
    old: String,
    new: String,
}

#[derive(Deserialize)]
struct RunCommand {
    command: String,
}

impl Tools {
    /// `LLM_TOOLS` (`read,write,run` by default, or `none`), `LLM_TOOL_SECONDS`, `LLM_MAX_TURNS`. `None` if no tool is wanted.
    ///
    /// # Errors
    ///
    /// What is wrong, as a sentence.
    pub(super) fn of(folder: &Path, variables: &BTreeMap<String, String>) -> Result<Option<Self>, String> {
        let Some(allowed) = allowed(given(variables, "LLM_TOOLS").unwrap_or("read,write,run"))? else { return Ok(None) };
        let seconds = number(variables, "LLM_TOOL_SECONDS", 120)?.clamp(1, 86_400);
        let most_turns = u32::try_from(number(variables, "LLM_MAX_TURNS", 50)?).unwrap_or(u32::MAX).max(1);
        let files = Files::of(folder).map_err(|error| format!("the working folder can't be opened: {error}"))?;
        Ok(Some(Self { allowed, files, commands: Commands::of(folder, variables, Duration::from_secs(seconds)), most_turns }))
    }

    /// What the request says of them.
    pub(super) fn declared(&self) -> Vec<Value> {
        let path = || json!({ "type": "string", "description": "Relative to the working folder, without `..`." });
        let text = |what: &str| json!({ "type": "string", "description": what });
        let number = |what: &str| json!({ "type": "integer", "minimum": 1, "description": what });
        let limit = self.commands.limit.as_secs();
        let mut declared = Vec::new();
        if self.allowed.read {
            declared.push(tool(
                "list_files",
                "Lists a folder: one entry a line, folders end with `/`, files have their size.",
                &json!({ "path": path(), "depth": number("How many levels are shown, 1 by default, at most 4.") }),
                &[],
            ));
            declared.push(tool(
                "read_file",
                "Reads a text file. A long one is cut: read on with `offset`.",
                &json!({ "path": path(), "offset": number("The first line, 1 by default."), "limit": number("The number of lines.") }),
                &["path"],
            ));
        }
        if self.allowed.write {
            declared.push(tool(
                "write_file",
                "Writes a text file, whole, or at its end with `append`. Missing folders are made.",
                &json!({ "path": path(), "content": text("The text."), "append": { "type": "boolean" } }),
                &["path", "content"],
            ));
            declared.push(tool(
                "edit_file",
                "Replaces a piece of a text file. `old` must occur exactly once, character by character.",
                &json!({ "path": path(), "old": text("What stands there."), "new": text("What is to stand there instead.") }),
                &["path", "old", "new"],
            ));
        }
        if self.allowed.run {
            declared.push(tool(
                "run_command",
                &format!(
                    "Runs a command with `sh -c` in the working folder, without input, for at most {limit} s. Tells what it printed and its exit \
                     code. What it leaves in the background is stopped when it ends."
                ),
                &json!({ "command": text("The command.") }),
                &["command"],
            ));
        }
        declared
    }

    fn names(&self) -> String {
        let names = self.declared().into_iter().filter_map(|tool| tool["function"]["name"].as_str().map(str::to_owned));
        names.collect::<Vec<_>>().join(", ")
    }

    /// Carries out a call; `cut` where the model's answer ended at its limit.
    ///
    /// # Cancel safety
    ///
    /// May be dropped at any time: a running command is stopped.
    pub(super) async fn run(&mut self, call: &ToolCall, cut: bool) -> Outcome {
        let Allowed { read, write, run } = self.allowed;
        let done =
            match call.name.as_str() {
                "list_files" if read => arguments(call)
                    .and_then(|ListFiles { path, depth }| self.files.list(path.as_deref().unwrap_or("."), depth.unwrap_or(1))),
                "read_file" if read => {
                    arguments(call).and_then(|ReadFile { path, offset, limit }| self.files.read(&path, offset.unwrap_or(1), limit))
                }
                "write_file" if write => arguments(call)
                    .and_then(|WriteFile { path, content, append }| self.files.write(&path, &content, append.unwrap_or(false))),
                "edit_file" if write => arguments(call).and_then(|EditFile { path, old, new }| self.files.edit(&path, &old, &new)),
                "run_command" if run => match arguments(call) {
                    Ok(RunCommand { command }) => self.commands.run(&command).await,
                    Err(why) => Err(why),
                },
                unknown => Err(format!("there is no tool `{unknown}`; there are: {}", self.names())),
            };
        let cut = if cut { " (your answer was cut at its output limit: write less at once)" } else { "" };
        done.unwrap_or_else(|why| Outcome::refused(format!("{why}{cut}")))
    }
}

/// What a call is about, in one short line.
pub(super) fn title(call: &ToolCall) -> String {
    let given: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
    one_line(given["command"].as_str().or_else(|| given["path"].as_str()).unwrap_or_default())
}

fn tool(name: &str, description: &str, properties: &Value, required: &[&str]) -> Value {
    let parameters = json!({ "type": "object", "properties": properties, "required": required });
    json!({ "type": "function", "function": { "name": name, "description": description, "parameters": parameters } })
}

fn arguments<T: DeserializeOwned>(call: &ToolCall) -> Result<T, String> {
    // A tool without arguments is called without any by some models.
    let given = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
    serde_json::from_str(given).map_err(|error| format!("the arguments of {} can't be read: {error}", call.name))
}

fn allowed(list: &str) -> Result<Option<Allowed>, String> {
    let mut allowed = Allowed::default();
    for word in list.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        match word {
            "read" => allowed.read = true,
            "write" => allowed.write = true,
            "run" => allowed.run = true,
            "none" => {}
            other => return Err(format!("LLM_TOOLS has `{other}` in it; known are read, write, run, or none")),
        }
    }
    Ok(Some(allowed).filter(|allowed| *allowed != Allowed::default()))
}

/// As much of a text as fits into so many bytes.
pub(super) fn beginning(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|index| text.is_char_boundary(*index));
    &text[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_tools_is_read_strictly() {
        assert_eq!(allowed("read, run"), Ok(Some(Allowed { read: true, write: false, run: true })));
        assert_eq!(allowed("none"), Ok(None));
        assert!(allowed("read,shell").is_err_and(|why| why.contains("`shell`")));
    }

    #[test]
    fn titles_are_one_short_line_of_whole_characters() {
        assert_eq!(one_line("  cargo test\n rm -rf /"), "cargo test");
        assert_eq!(one_line(&"ä".repeat(200)).chars().count(), 100);
        assert_eq!(beginning("aäb", 2), "a");
    }
}
