//! What an agent asks before it does something, who decides it, and what was decided.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Who decides when an agent asks whether it may do something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Nobody: it may. What keeps it from harm are its walls alone.
    Allow,
    /// Nobody: it may not.
    Deny,
    /// A person; nobody in time is a no.
    #[default]
    Ask,
}

impl Policy {
    /// The word for it, in the configuration and in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Ask => "ask",
        }
    }
}

/// What may be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// This once.
    AllowOnce,
    /// This, and from now on what the agent takes for the same.
    AllowAlways,
    /// Not this once.
    RejectOnce,
    /// Not this, nor from now on what the agent takes for the same.
    RejectAlways,
}

impl Answer {
    /// All of them, as they are offered.
    pub const ALL: [Self; 4] = [Self::AllowOnce, Self::AllowAlways, Self::RejectOnce, Self::RejectAlways];

    /// Whether it is a yes.
    pub fn allows(self) -> bool {
        match self {
            Self::AllowOnce | Self::AllowAlways => true,
            Self::RejectOnce | Self::RejectAlways => false,
        }
    }

    /// What was answered, as the rest of "Ann …".
    pub fn told(self) -> &'static str {
        match self {
            Self::AllowOnce => "allowed it once",
            Self::AllowAlways => "allowed it, and whatever the agent takes for the same",
            Self::RejectOnce => "denied it",
            Self::RejectAlways => "denied it, and whatever the agent takes for the same",
        }
    }
}

/// One thing that an agent offers as an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// What the agent knows it by.
    pub id: String,
    /// What it means.
    pub answer: Answer,
    /// What the agent calls it.
    pub name: String,
}

/// A question of an agent: whether it may do something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Its number, which no other question of the same task has.
    pub number: u32,
    /// What it would do, in the agent's words.
    pub title: String,
    /// What kind of thing that is, in the agent's word: `execute`, `edit`, …
    #[serde(default)]
    pub kind: String,
    /// The command, the paths or whatever else tells it more closely than the title.
    #[serde(default)]
    pub detail: Option<String>,
    /// What can be answered.
    pub offers: Vec<Offer>,
    /// Until when; then it is denied.
    pub until: DateTime<Utc>,
}

impl Question {
    /// The offer that an answer is, if there is one: of several the first.
    pub fn offer(&self, answer: Answer) -> Option<&Offer> {
        self.offers.iter().find(|offer| offer.answer == answer)
    }

    /// The answers that can be given, each once.
    pub fn answers(&self) -> impl Iterator<Item = Answer> + '_ {
        Answer::ALL.into_iter().filter(|answer| self.offer(*answer).is_some())
    }
}

/// What a person has decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// This.
    pub answer: Answer,
    /// Who.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// A question and what was decided, if anything was yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The question.
    pub question: Question,
    /// What was decided, and is on its way to the agent.
    pub decision: Option<Decision>,
}

/// How a question ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Somebody has answered it, and the agent was told.
    Answered,
    /// Nobody has, in time: it was denied.
    Expired,
    /// The run was stopped meanwhile.
    Cancelled,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AllowOnce => "allow once",
            Self::AllowAlways => "always allow",
            Self::RejectOnce => "deny",
            Self::RejectAlways => "always deny",
        })
    }
}
