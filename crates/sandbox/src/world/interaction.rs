//! Interactions: a person uses a command, presses a button or sends a modal, and a bot has three seconds to answer.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{message::Attachment, snowflake::Snowflake};

/// How long a bot has for its first answer. Source: Discord developer documentation, "Receiving and Responding", as the next one.
pub const FIRST_ANSWER: TimeDelta = TimeDelta::seconds(3);
/// How long the interaction's token stays good.
pub const TOKEN_LIFE: TimeDelta = TimeDelta::minutes(15);

/// How long a bot has; Discord's own deadlines, unless trouble wants others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadlines {
    /// For the first answer, in milliseconds.
    pub first_answer_ms: i64,
    /// For all that is done with the token, in milliseconds.
    pub token_ms: i64,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { first_answer_ms: FIRST_ANSWER.num_milliseconds(), token_ms: TOKEN_LIFE.num_milliseconds() }
    }
}

/// One interaction.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Interaction {
    /// Its id, which also tells when it began.
    pub id: Snowflake,
    /// The token for its answers.
    pub token: String,
    /// The application that it is for.
    pub application: Snowflake,
    /// Who started it.
    pub user: Snowflake,
    /// Where.
    pub channel: Snowflake,
    /// What it is.
    pub kind: InteractionKind,
    /// The `data` of the event, as on the wire.
    pub data: Value,
    /// For a modal: the interaction that opened it.
    pub opened_by: Option<Snowflake>,
    /// The message whose component was used.
    pub message: Option<Snowflake>,
    /// The files that came with it.
    pub attachments: Vec<Attachment>,
    /// What the client sent to tell its own interaction again.
    pub nonce: Option<Value>,
    /// What the bot has answered.
    pub answer: Option<Answer>,
    /// The message of the first answer; for a component's update the message that it stands on.
    pub original: Option<Snowflake>,
    /// The messages made by follow-ups.
    pub follow_ups: Vec<Snowflake>,
    /// Whether the token was ended before its time.
    pub ended: bool,
    /// How long the bot has.
    #[serde(default)]
    pub deadlines: Deadlines,
}

/// The types of interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InteractionKind {
    /// A slash command or one from a context menu.
    Command,
    /// A button or a select.
    Component,
    /// Suggestions for an option that is being typed.
    Autocomplete,
    /// A modal that was sent.
    ModalSubmit,
}

impl InteractionKind {
    /// The number on the wire.
    pub fn number(self) -> u8 {
        match self {
            Self::Command => 2,
            Self::Component => 3,
            Self::Autocomplete => 4,
            Self::ModalSubmit => 5,
        }
    }
}

/// The bot's first answer to an interaction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// It posted a message.
    Message,
    /// "Is thinking…": a message that is to be filled; with `filled`, it has been.
    Deferred {
        /// Whether the message has its content by now.
        filled: bool,
    },
    /// The message of the component was changed, now or later.
    Update,
    /// Suggestions, as on the wire.
    Suggestions(Vec<Value>),
    /// A modal to be filled in, as on the wire.
    Modal(Value),
}

impl Interaction {
    /// Whether a first answer would come too late.
    pub fn is_expired(&self, now: DateTime<Utc>) -> bool {
        self.age_ms(now) > self.deadlines.first_answer_ms
    }

    /// Whether the token is no longer good.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.ended || self.age_ms(now) > self.deadlines.token_ms
    }

    fn age_ms(&self, now: DateTime<Utc>) -> i64 {
        (now - self.id.made_at()).num_milliseconds()
    }
}
