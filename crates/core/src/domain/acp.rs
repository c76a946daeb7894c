//! Agents that are spoken with: the Agent Client Protocol, and what the bridge is told that speaks it.
//!
//! The bridge is a program of its own in this binary. It runs where any agent runs, below an attendant, so that it outlives the orchestrator as they do; it
//! starts the real agent, speaks with it, and prints what it hears as JSON lines.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::permission::Policy;

/// How an agent is run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// It is started with its task, and what it prints is read.
    #[default]
    Plain,
    /// It is spoken with.
    Acp(Acp),
}

/// How an agent is spoken with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acp {
    /// The program in which the bridge lives: this one.
    pub bridge: PathBuf,
    /// Who decides when it asks whether it may do something.
    pub permissions: Policy,
    /// For how long a question of its waits for an answer.
    pub answer_within: Duration,
    /// How long it may take until it is ready for its task.
    pub start_within: Duration,
    /// The mode in which its sessions are, by its own name; `None`: as it will.
    pub mode: Option<String>,
    /// The way in which it is to log in where it must, by its own name; `None`: it has to be logged in.
    pub login: Option<String>,
}

/// What the bridge is told: a file, because arguments are seen by everybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    /// The agent's program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its working folder.
    pub cwd: PathBuf,
    /// The file with what it is asked.
    pub prompt: PathBuf,
    /// The model that it is to be given by the protocol, by its own name.
    pub model: Option<String>,
    /// The same for how hard it thinks; an agent that has no such thing is not held to it.
    pub thinking: Option<String>,
    /// The mode in which its session is.
    pub mode: Option<String>,
    /// The way in which it is to log in where it must.
    pub login: Option<String>,
    /// Who decides.
    pub permissions: Policy,
    /// The folder in which answers to its questions are found, `<number>.json` each: the agent may read it and not write to it, where it has walls.
    pub answers: PathBuf,
    /// The number of its first question.
    pub first_question: u32,
    /// For how long a question waits, in milliseconds.
    pub answer_within_ms: u64,
    /// How long it may take until it is ready, in milliseconds.
    pub start_within_ms: u64,
    /// From the soft stop to the kill, in milliseconds.
    pub grace_ms: u64,
    /// How often the bridge says that it lives while it waits for a person, in milliseconds.
    pub beat_ms: u64,
}

/// How long a bridge has waited for people: its agent's time limit is longer by that. A line of the bridge's output, which its attendant reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// In all so far, in milliseconds.
    pub waited_ms: u64,
    /// And for so long from now on at least, if nothing else is told; nothing: nobody is waited for.
    pub waits_on_ms: u64,
}

impl Waiting {
    /// What such a line begins with: the agent's own words are within a text, and never at the beginning of a line.
    pub const BEGINS: &str = "{\"type\":\"waits\",";

    /// As a line, without its end.
    pub fn line(self) -> String {
        format!("{}\"waited_ms\":{},\"waits_on_ms\":{}}}", Self::BEGINS, self.waited_ms, self.waits_on_ms)
    }

    /// Reads one; `None`: it is another kind of line.
    pub fn read(line: &str) -> Option<Self> {
        let rest = line.strip_prefix(Self::BEGINS)?.strip_prefix("\"waited_ms\":")?;
        let (waited, rest) = rest.split_once(",\"waits_on_ms\":")?;
        Some(Self { waited_ms: waited.parse().ok()?, waits_on_ms: rest.strip_suffix('}')?.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_people_were_waited_for_is_read_as_it_was_written() {
        let waiting = Waiting { waited_ms: 1_234, waits_on_ms: 90_000 };

        assert_eq!(Waiting::read(&waiting.line()), Some(waiting));
        assert!(serde_json::from_str::<serde_json::Value>(&waiting.line()).is_ok_and(|line| line["type"] == "waits"));
        for other in
            ["{\"type\":\"waits\"}", "{\"type\":\"text\",\"delta\":\"x\"}", "{\"type\":\"waits\",\"waited_ms\":-1,\"waits_on_ms\":1}", ""]
        {
            assert_eq!(Waiting::read(other), None, "{other}");
        }
    }
}
