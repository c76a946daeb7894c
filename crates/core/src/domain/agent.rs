//! Agent definitions: a command, what it may know, and how its result is read.

use std::{collections::BTreeMap, fmt, path::PathBuf, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The name of an agent definition.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AgentName(String);

/// The text is no agent's name.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{given}` is not an agent's name: 1 to 32 characters of a-z, 0-9, - and _")]
pub struct ParseAgentNameError {
    given: String,
}

impl AgentName {
    /// The name as it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AgentName {
    type Err = ParseAgentNameError;

    fn from_str(given: &str) -> Result<Self, ParseAgentNameError> {
        let plain = given.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_');
        if plain && (1..=32).contains(&given.len()) {
            Ok(Self(given.to_owned()))
        } else {
            Err(ParseAgentNameError { given: given.chars().take(60).collect() })
        }
    }
}

impl TryFrom<String> for AgentName {
    type Error = ParseAgentNameError;

    fn try_from(given: String) -> Result<Self, ParseAgentNameError> {
        given.parse()
    }
}

impl From<AgentName> for String {
    fn from(name: AgentName) -> Self {
        name.0
    }
}

impl fmt::Display for AgentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How one kind of agent is run: checked values, made from configuration.
#[derive(Clone, Debug)]
pub struct AgentDefinition {
    /// Its name, as `[agent:<name>]` has it.
    pub name: AgentName,
    /// The program: absolute, or `None` with the reason why there is none on this machine.
    pub program: Result<PathBuf, String>,
    /// Arguments; `{task_text}`, `{task_file}`, `{task_dir}`, `{task_id}`, `{agent_id}`, `{workspace}`, `{model}`, `{thinking}`, `{timeout_s}`, `{message}` and `{config}` are
    /// filled in. A group is left out when one of its placeholders has no value.
    pub args: Vec<Vec<String>>,
    /// Environment beside the allow-list, with the same placeholders; one without its value is left out.
    pub env: BTreeMap<String, String>,
    /// Names of secrets that this agent gets in its environment, with their values.
    pub secrets: BTreeMap<String, Secret>,
    /// Whether the task's text is its standard input.
    pub stdin: bool,
    /// How its result is read.
    pub output: OutputRule,
    /// How many of it may run at once on all instances; `None`: only the instance's cap counts.
    pub max_concurrent: Option<u32>,
    /// Signal number of the soft stop.
    pub soft_signal: i32,
    /// From the soft stop to the kill.
    pub grace: Duration,
    /// What is said of its file system: `full` or `workspace`.
    pub file_system: &'static str,
    /// Whether it has tokens that it may report; `false`: it has none and costs nothing (the demonstration without a model).
    pub reports_usage: bool,
}

impl AgentDefinition {
    /// What is known of an agent that is configured no more, but whose runs must still be judged.
    pub fn forgotten(name: AgentName) -> Self {
        Self {
            program: Err(format!("agent `{name}` is not configured any more")),
            name,
            args: Vec::new(),
            env: BTreeMap::new(),
            secrets: BTreeMap::new(),
            stdin: false,
            output: OutputRule::Command,
            max_concurrent: None,
            soft_signal: 15,
            grace: Duration::ZERO,
            file_system: "full",
            reports_usage: true,
        }
    }
}

/// Where the result, the usage and the model of a run are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputRule {
    /// `RESULT.txt`; usage from OpenClaw's session file or its JSON answer on standard output.
    OpenClaw,
    /// `RESULT.txt`, else the text of OpenClaw's `agent exec` answer (one JSON object on standard output), which has the usage too.
    OpenClawExec,
    /// `RESULT.txt`, else standard output; usage from `USAGE.json`, if the program writes one.
    Command,
}

/// A value that is never shown: its `Debug` says so, and it has no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show_itself() {
        assert_eq!(format!("{:?}", Secret::new("abc")), "[secret]");
    }

    #[test]
    fn names_that_could_be_mistaken_for_something_else_are_refused() {
        for bad in ["", "Open Claw", "a/b", "..", "ä", &"x".repeat(33)] {
            assert!(bad.parse::<AgentName>().is_err(), "{bad:?} was accepted");
        }
    }
}
