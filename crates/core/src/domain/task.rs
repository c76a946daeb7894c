//! What a person asked for: text, wishes, requester, and the place to answer.

use std::{str::FromStr, time::Duration};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use super::thinking::{ParseThinkingError, Thinking};
use super::{
    actor::Actor,
    agent::AgentName,
    attempt::Outcome,
    check::WishedCheck,
    id::{ChannelId, MessageId, TaskId},
    isolation::Closer,
    model::ModelId,
    money::Usd,
};

/// A task as it was accepted: every wish resolved, nothing left to look up but prices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its name, for ever.
    pub id: TaskId,
    /// Who asked.
    pub requester: Actor,
    /// What the agent is told: the text without tags and header, otherwise byte for byte.
    pub prompt: String,
    /// How it is to be run.
    pub wishes: Wishes,
    /// Where it came from.
    pub origin: Origin,
    /// Files that came with it, to be put into the workspace.
    pub attachments: Vec<Attachment>,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
}

/// How a task is to be run, defaults filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wishes {
    /// The agent definition that runs it.
    pub agent: AgentName,
    /// The model's full id; `None`: nobody knows a default, the agent decides.
    pub model: Option<ModelId>,
    /// The alias that was used for the model, else its full id: what is shown.
    pub model_shown: Option<String>,
    /// How hard the model thinks.
    pub thinking: Thinking,
    /// Wall time of one attempt.
    pub time_limit: Duration,
    /// 0 to 1,000; the higher is run first.
    pub priority: Priority,
    /// What all its attempts together may cost; `None`: no ceiling of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Usd>,
    /// How many counted attempts it may have.
    pub attempts: u32,
    /// What its work is checked by, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<WishedCheck>,
    /// What it is kept from beyond its agent's definition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closer: Option<Closer>,
}

/// Where a task came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum Origin {
    /// A message in a task channel; it gets its ✅ before the agent starts.
    Message(MessageRef),
    /// A slash command, a modal, "Run as task", the command line: the bot posts its message, the agent doesn't wait for it.
    Asked {
        /// The channel in which its message is to stand; none where no Discord is configured.
        announce_in: Option<ChannelId>,
    },
}

impl Origin {
    /// The channel in which the task stands; `None`: there is no Discord.
    pub fn channel(&self) -> Option<ChannelId> {
        match self {
            Self::Message(at) => Some(at.channel),
            Self::Asked { announce_in } => *announce_in,
        }
    }
}

/// What somebody said in a task's thread: the task goes on with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    /// Where it was said.
    pub at: MessageRef,
    /// Who said it.
    pub by: Actor,
    /// What.
    pub text: String,
    /// Files that came with it.
    pub attachments: Vec<Attachment>,
}

/// What an attempt is told beside the task itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversation {
    /// What the last attempt before it has left.
    pub left: Option<Left>,
    /// What was said in the thread, oldest first.
    pub said: Vec<FollowUp>,
}

/// What an attempt has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Which one, from 1.
    pub number: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// Its result.
    pub text: String,
    /// Why its checks did not say yes, if it failed for that: what each found, and what it printed.
    pub objections: Vec<String>,
}

/// One message in one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MessageRef {
    /// The channel.
    pub channel: ChannelId,
    /// The message.
    pub message: MessageId,
}

/// A file at Discord.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The name that its author gave; never used as a path as it is.
    pub name: String,
    /// Signed and short-lived: to be fetched soon.
    pub url: String,
    /// In bytes, as announced.
    pub size: u64,
}

/// 0 to 1,000; the higher is run first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Priority(u16);

/// The text is no priority.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{given}` is not a priority: a whole number from 0 to 1000, or low, normal, high, critical")]
pub struct ParsePriorityError {
    given: String,
}

impl Priority {
    /// What a task has that asks for none.
    pub const DEFAULT: Self = Self(100);
    /// The highest there is.
    pub const MAX: Self = Self(1_000);

    /// The number.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl Default for Priority {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl FromStr for Priority {
    type Err = ParsePriorityError;

    fn from_str(given: &str) -> Result<Self, ParsePriorityError> {
        let refused = || ParsePriorityError { given: given.chars().take(40).collect() };
        match given.trim().to_ascii_lowercase().as_str() {
            "low" => Ok(Self(50)),
            "normal" => Ok(Self::DEFAULT),
            "high" => Ok(Self(500)),
            "critical" => Ok(Self::MAX),
            digits if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().ok().map(Self).filter(|p| *p <= Self::MAX).ok_or_else(refused)
            }
            _ => Err(refused()),
        }
    }
}

/// The text is no duration.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{given}` is not a duration: a whole number and a unit, like 90s, 10m, 2h, or both, like 1h30m")]
pub struct ParseDurationError {
    given: String,
}

/// Reads `3s`, `10m`, `2h`, `1d`, `1h30m`; a bare number is seconds. Above zero, at most 366 days.
///
/// # Errors
///
/// [`ParseDurationError`], naming what was given and how it is written.
pub fn parse_duration(given: &str) -> Result<Duration, ParseDurationError> {
    let refused = || ParseDurationError { given: given.chars().take(40).collect() };
    let text = given.trim().to_ascii_lowercase();
    let mut total = 0_u64;
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().map_err(|_| refused())?;
        rest = &rest[digits..];
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let unit = match &rest[..letters] {
            "" if total == 0 && letters == rest.len() => 1,
            "s" | "sec" => 1,
            "m" | "min" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return Err(refused()),
        };
        rest = &rest[letters..];
        total = number.checked_mul(unit).and_then(|part| total.checked_add(part)).ok_or_else(refused)?;
    }
    if (1..=366 * 86_400).contains(&total) { Ok(Duration::from_secs(total)) } else { Err(refused()) }
}

/// `90` as `1m30s`: exact, without empty parts.
pub fn show_duration(duration: Duration) -> String {
    let total = duration.as_secs();
    let parts = [(total / 86_400, "d"), (total % 86_400 / 3_600, "h"), (total % 3_600 / 60, "m"), (total % 60, "s")];
    let shown: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    if shown.is_empty() { "0s".to_owned() } else { shown.concat() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_their_unit() {
        for (given, seconds) in [("3s", 3), ("10m", 600), ("2h", 7_200), ("1h30m", 5_400), ("45", 45), (" 1D ", 86_400)] {
            assert_eq!(parse_duration(given), Ok(Duration::from_secs(seconds)), "{given}");
        }
        for bad in ["", "0", "0s", "-3s", "3x", "1e400", "NaN", "s", "5m5", "99999999999999999999s", "400d", "ß"] {
            assert!(parse_duration(bad).is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn a_duration_is_shown_as_it_would_be_written() {
        assert_eq!(show_duration(Duration::from_secs(5_400)), "1h30m");
        assert_eq!(show_duration(Duration::ZERO), "0s");
    }

    #[test]
    fn priorities_are_numbers_or_words() {
        assert_eq!("critical".parse(), Ok(Priority::MAX));
        assert_eq!("7".parse::<Priority>().map(Priority::get), Ok(7));
        for bad in ["", "-1", "1001", "1.5", "urgent", "NaN"] {
            assert!(bad.parse::<Priority>().is_err(), "{bad:?} was accepted");
        }
    }
}
