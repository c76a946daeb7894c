//! Checks: commands that the orchestrator itself runs over what an agent has left, so that "done" can be believed, and what they found.

use std::{collections::BTreeMap, fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    agent::AgentName,
    isolation::Isolation,
    name::{ParseNameError, name},
};

/// Most checks of one task.
pub const MOST: usize = 4;
/// The longest command that somebody may bring along, in bytes.
pub const LONGEST_COMMAND: usize = 500;
/// What the tag of a check is called.
pub const TAG: &str = "check";
/// What a check that is a command of its own begins with.
const COMMAND: char = '!';

/// What a text brings along as a command of its own, from its `!` on: there a tag begins that would be one, whether it ends as a tag does or not.
pub fn command_in(text: &str) -> Option<&str> {
    text.match_indices('[').find_map(|(at, _)| {
        let (name, value) = text[at + 1..].split_once(':')?;
        let value = value.trim_start();
        (name.trim_matches([' ', '\t']).eq_ignore_ascii_case(TAG) && value.starts_with(COMMAND)).then_some(value)
    })
}

name! {
    /// The name of a declared check.
    CheckName, "a check's name"
}

/// A check as the configuration declares it for one kind of agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What `/bin/sh -c` is given.
    pub command: String,
    /// Wall time after which it is stopped.
    pub time_limit: Duration,
    /// Whether an attempt succeeds only if this check says yes.
    pub required: bool,
    /// What it may reach and take.
    pub isolation: Isolation,
}

/// Where a declaration says nothing, and of commands that somebody brings along: what a check may take.
pub const TIME_LIMIT: Duration = Duration::from_secs(600);

/// A check that a task is to have.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum WishedCheck {
    /// One that is declared.
    Named(CheckName),
    /// A command that the requester brings along.
    Command(String),
}

/// The text is no check.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ParseWishedCheckError {
    /// Not a name.
    #[error(transparent)]
    Name(#[from] ParseNameError),
    /// A command of no or of too many characters.
    #[error("a command has 1 to {LONGEST_COMMAND} bytes and no NUL character")]
    Command,
}

impl FromStr for WishedCheck {
    type Err = ParseWishedCheckError;

    fn from_str(given: &str) -> Result<Self, ParseWishedCheckError> {
        match given.trim().strip_prefix(COMMAND).map(str::trim) {
            Some(command) if (1..=LONGEST_COMMAND).contains(&command.len()) && !command.contains('\0') => {
                Ok(Self::Command(command.to_owned()))
            }
            Some(_) => Err(ParseWishedCheckError::Command),
            None => Ok(Self::Named(given.trim().to_lowercase().parse()?)),
        }
    }
}

/// As it was stored: a command out of which a secret was taken may have become longer.
impl TryFrom<String> for WishedCheck {
    type Error = ParseNameError;

    fn try_from(given: String) -> Result<Self, ParseNameError> {
        match given.strip_prefix(COMMAND) {
            Some(command) => Ok(Self::Command(command.to_owned())),
            None => Ok(Self::Named(given.parse()?)),
        }
    }
}

impl From<WishedCheck> for String {
    fn from(check: WishedCheck) -> Self {
        check.to_string()
    }
}

impl fmt::Display for WishedCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => name.fmt(f),
            Self::Command(command) => write!(f, "{COMMAND}{command}"),
        }
    }
}

/// The checks that tasks of one kind of agent may name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// All of them.
    pub names: Vec<CheckName>,
    /// Those that each of its tasks has, whatever it names.
    pub always: Vec<CheckName>,
}

/// The checks of all kinds of agents.
pub type Offers = BTreeMap<AgentName, Offer>;

/// What checks have found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// A check was run and said yes.
    Verified,
    /// A check could not be run to its end: nothing is known.
    Unverified,
    /// A check was run and said no.
    Gaps,
}

impl Finding {
    /// As it is shown.
    pub fn title(self) -> &'static str {
        match self {
            Self::Verified => "Verified",
            Self::Unverified => "Unverified",
            Self::Gaps => "Gaps",
        }
    }

    /// The word for it in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Unverified => "unverified",
            Self::Gaps => "gaps",
        }
    }
}

/// What was found over one attempt's work.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// One for each check that the task is to have, in their order; never empty in a report.
    pub checks: Vec<CheckReport>,
    /// What the agent has changed in its workspace, as the checks saw it; none: no check was run.
    #[serde(default)]
    pub changes: Option<Changes>,
}

impl Checked {
    /// All of it in one word: the worst. Nothing is verified by no check.
    pub fn finding(&self) -> Finding {
        self.checks.iter().map(|check| check.finding).max().unwrap_or(Finding::Unverified)
    }
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReport {
    /// The check: a name, or `!` and a command.
    pub check: WishedCheck,
    /// What was run, up to a length; none: nothing was.
    pub command: Option<String>,
    /// What it found.
    pub finding: Finding,
    /// How it ended, or why it was not run, as the end of a sentence: `exit code 1`.
    pub because: String,
    /// Its exit code, if it ended with one.
    pub exit: Option<i32>,
    /// How long it ran, in milliseconds.
    pub ran_ms: u64,
    /// The end of what it printed, where it did not say yes.
    #[serde(default)]
    pub output: Option<String>,
}

/// What an agent has changed in its workspace. `docs/checks.md` says exactly what is counted and hashed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// SHA-256 of the list of changes, in hexadecimal; none: `unknown` says why.
    pub sha256: Option<String>,
    /// Why it could not be told, as the end of a sentence.
    #[serde(default)]
    pub unknown: Option<String>,
    /// Files, folders and links that there were not before.
    pub added: u32,
    /// Those that are another now.
    pub changed: u32,
    /// Those that are gone.
    pub removed: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_a_name_or_a_command_and_is_written_as_it_is_read() {
        for (given, shown) in [("tests", "tests"), (" Tests ", "tests"), ("!cargo test", "!cargo test"), ("! cargo  test ", "!cargo  test")]
        {
            assert_eq!(given.parse::<WishedCheck>().unwrap().to_string(), shown);
        }
        for bad in ["", "!", "! ", "a b", "ä", "a/b", "!a\0b", &format!("!{}", "x".repeat(LONGEST_COMMAND + 1))] {
            assert!(bad.parse::<WishedCheck>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn of_several_findings_the_worst_counts() {
        let found = |findings: &[Finding]| {
            let one = |finding: &Finding| CheckReport {
                check: "tests".parse().unwrap(),
                command: None,
                finding: *finding,
                because: String::new(),
                exit: None,
                ran_ms: 0,
                output: None,
            };
            Checked { checks: findings.iter().map(one).collect(), changes: None }.finding()
        };

        assert_eq!(found(&[Finding::Verified, Finding::Verified]), Finding::Verified);
        assert_eq!(found(&[Finding::Verified, Finding::Unverified]), Finding::Unverified);
        assert_eq!(found(&[Finding::Gaps, Finding::Unverified, Finding::Verified]), Finding::Gaps);
        assert_eq!(found(&[]), Finding::Unverified, "nothing is verified by no check");
    }
}
