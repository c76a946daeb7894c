//! How much a channel shows of its tasks.

use serde::{Deserialize, Serialize};

/// What a channel has chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Showing {
    /// How much the card of a task tells, and when.
    pub shown: Shown,
    /// Whether a task that has a card gets a thread beneath it.
    pub threads: bool,
}

/// How much the card of a task tells, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// There is no card: signs on the message, and the entry in the results, are all.
    Silent,
    /// A card when the task has ended.
    DoneOnly,
    /// A card from the beginning, changed whenever the task's state does.
    #[default]
    StateChanges,
    /// The same, and while an agent works what it says, every few seconds.
    Live,
}

impl Shown {
    /// All of them, from quiet to loud.
    pub const ALL: [Self; 4] = [Self::Silent, Self::DoneOnly, Self::StateChanges, Self::Live];

    /// The word for it, in settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::DoneOnly => "done_only",
            Self::StateChanges => "state_changes",
            Self::Live => "live",
        }
    }

    /// Reads the word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shown| shown.word() == word)
    }
}
