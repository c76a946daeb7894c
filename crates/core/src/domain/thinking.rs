//! How hard a model thinks.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How hard a model thinks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thinking {
    /// Not at all.
    Off,
    /// A little.
    Low,
    /// The usual.
    #[default]
    Medium,
    /// Long; its time limit is longer too.
    High,
}

/// The text names no way of thinking.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{given}` is not a thinking level: off, low, medium or high")]
pub struct ParseThinkingError {
    given: String,
}

impl Thinking {
    /// All of them, from none to most.
    pub const ALL: [Self; 4] = [Self::Off, Self::Low, Self::Medium, Self::High];

    /// The word for it, in tags and on an agent's command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// 120 s for off, low and medium, 300 s for high. Source: contract 003 §3.
    pub fn time_limit(self) -> Duration {
        match self {
            Self::Off | Self::Low | Self::Medium => Duration::from_secs(120),
            Self::High => Duration::from_secs(300),
        }
    }
}

impl fmt::Display for Thinking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Thinking {
    type Err = ParseThinkingError;

    fn from_str(given: &str) -> Result<Self, ParseThinkingError> {
        let word = given.trim().to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|level| level.word() == word)
            .ok_or_else(|| ParseThinkingError { given: given.chars().take(40).collect() })
    }
}
