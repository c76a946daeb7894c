//! Checks as the process adapter is asked to run them, and what it records of them.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::agent_runner::{Cause, Exit, Walls};
use crate::domain::check::{Changes, WishedCheck};

/// What is done once an agent has ended by itself and nothing of its tree is left, before its end is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checking {
    /// The folder whose changes are counted and hashed.
    pub workspace: PathBuf,
    /// Files in it that are ours and no work of the agent.
    pub leave_out: Vec<PathBuf>,
    /// Where the list of changes goes; what is there is removed first.
    pub changes: PathBuf,
    /// The exit codes with which an agent may have ended well: with any other nothing is checked.
    pub good: Vec<i32>,
    /// The checks, in order.
    pub checks: Vec<CheckSpec>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckSpec {
    /// Which one.
    pub check: WishedCheck,
    /// Whether the attempt counts as failed unless it says yes.
    pub required: bool,
    /// What is run; it stands in the record, so that what is shown is what was run.
    pub command: String,
    /// Why it is not run after all.
    pub refused: Option<String>,
    /// The whole environment, but for the marker.
    pub env: Vec<(String, String)>,
    /// What it is kept from.
    pub walls: Walls,
    /// Wall time to the soft stop.
    pub time_limit: Duration,
    /// Where what it prints goes; what is there is removed first.
    pub output: PathBuf,
    /// The most of that, in bytes: the beginning and the end are kept.
    pub output_limit: u64,
}

/// What was done of that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckedWork {
    /// What the agent had changed before the first check.
    pub changes: Changes,
    /// The checks, in order.
    pub runs: Vec<CheckRun>,
}

/// What became of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRun {
    /// Which one.
    pub check: WishedCheck,
    /// Whether the attempt counts as failed unless it says yes.
    pub required: bool,
    /// What was run, up to a length.
    pub command: String,
    /// How it ended.
    pub end: CheckEnd,
    /// From its start to its end, in milliseconds.
    pub ran_ms: u64,
    /// Whether the work was another after it than before it; none: that could not be told.
    pub has_changed_work: Option<bool>,
}

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum CheckEnd {
    /// It was run.
    Ran {
        /// Its leader's end.
        exit: Exit,
        /// What brought that about.
        cause: Cause,
    },
    /// It was not, and why.
    NotRun {
        /// The end of a sentence.
        because: String,
    },
}
