//! How all that is about a task speaks of it: by which number, and how it ended.

/// The number by which a script names a task.
pub(crate) type TaskNumber = u32;

/// How an entry in #results says that a task ended. Source: contract 003 §5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Tag {
    Success,
    Failed,
    Timeout,
    Cancelled,
    Interrupted,
    OverBudget,
}

impl Tag {
    pub(crate) const ALL: [Self; 6] = [Self::Success, Self::Failed, Self::Timeout, Self::Cancelled, Self::Interrupted, Self::OverBudget];

    /// As it stands in an entry.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Failed => "FAILED",
            Self::Timeout => "TIMEOUT",
            Self::Cancelled => "CANCELLED",
            Self::Interrupted => "INTERRUPTED",
            Self::OverBudget => "OVER BUDGET",
        }
    }

    /// As it stands in the store.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Success => "succeeded",
            Self::Failed => "failed",
            Self::Timeout => "timed_out",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
            Self::OverBudget => "over_budget",
        }
    }

    /// The sign on the task's message. Source: contract 003 §2.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Success => "🏁",
            Self::Failed | Self::Interrupted | Self::OverBudget => "❌",
            Self::Timeout => "⏱",
            Self::Cancelled => "🛑",
        }
    }

    pub(crate) fn of_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tag| tag.text() == text)
    }

    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tag| tag.word() == word)
    }
}
