//! What can be pressed or chosen below a message, and what such a press says of itself.
//!
//! Nothing is remembered in the program between a message and a press on it: a press carries what it asks, about what, and of which state of
//! it; everything else is in the store. So a button works after a restart and for as long as its message stands.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use thiserror::Error;

use super::id::{ChannelId, TaskId};

/// Most buttons in a row. Source: Discord developer documentation, "Component Reference".
pub const MAX_BUTTONS: usize = 5;
/// Most rows below a message. Source: as above.
pub const MAX_ROWS: usize = 5;
/// Most characters of a button's label. Source: as above.
pub const MAX_LABEL: usize = 80;
/// Most choices of a select. Source: as above.
pub const MAX_CHOICES: usize = 25;
/// Most characters of a choice's label, its description and its value. Source: as above.
pub const MAX_CHOICE: usize = 100;
/// Most characters of a select's placeholder. Source: as above.
pub const MAX_PLACEHOLDER: usize = 150;
/// Most characters of what a component is known by. Source: as above, `custom_id`.
pub const MAX_CUSTOM_ID: usize = 100;

/// A row below a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "row")]
pub enum Row {
    /// Up to [`MAX_BUTTONS`] buttons.
    Buttons {
        /// From left to right.
        buttons: Vec<Button>,
    },
    /// A list of which one thing is chosen.
    Select {
        /// What choosing asks for.
        press: Press,
        /// Shown while nothing is chosen.
        placeholder: String,
        /// Up to [`MAX_CHOICES`].
        choices: Vec<Choice>,
    },
}

impl Row {
    /// As Discord takes it. Source of the numbers: Discord developer documentation, "Component Reference".
    pub fn on_the_wire(&self) -> Value {
        let inside = match self {
            Self::Buttons { buttons } => buttons.iter().map(Button::on_the_wire).collect(),
            Self::Select { press, placeholder, choices } => {
                let options: Vec<Value> = choices
                    .iter()
                    .map(|one| json!({"value": one.value, "label": one.label, "description": one.description, "default": one.chosen}))
                    .collect();
                vec![json!({"type": 3, "custom_id": press.to_string(), "placeholder": placeholder, "options": options})]
            }
        };
        json!({"type": 1, "components": inside})
    }
}

/// A button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What stands on it.
    pub label: String,
    /// How it looks.
    pub style: Style,
    /// What it does.
    pub does: Does,
}

/// What a button does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Does {
    /// Tells us.
    Press(Press),
    /// Opens an address.
    Open(String),
}

impl Button {
    /// A button that tells us.
    pub fn press(label: &str, style: Style, press: Press) -> Self {
        Self { label: label.to_owned(), style, does: Does::Press(press) }
    }

    /// A button that opens an address.
    pub fn open(label: &str, address: String) -> Self {
        Self { label: label.to_owned(), style: Style::Secondary, does: Does::Open(address) }
    }

    fn on_the_wire(&self) -> Value {
        const LINK: u8 = 5;
        match &self.does {
            Does::Press(press) => {
                json!({"type": 2, "style": self.style.number(), "label": self.label, "custom_id": press.to_string()})
            }
            Does::Open(address) => json!({"type": 2, "style": LINK, "label": self.label, "url": address}),
        }
    }
}

/// How a button looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// What one most likely wants.
    Primary,
    /// Everything else.
    Secondary,
    /// Lets something go on.
    Success,
    /// Ends something.
    Danger,
}

impl Style {
    fn number(self) -> u8 {
        match self {
            Self::Primary => 1,
            Self::Secondary => 2,
            Self::Success => 3,
            Self::Danger => 4,
        }
    }
}

/// Something that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is shown.
    pub label: String,
    /// A line below it.
    pub description: String,
    /// Whether it is so now.
    pub chosen: bool,
}

/// What a press asks, about what, and of which state of it: a component's `custom_id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Press {
    /// What is asked.
    pub verb: Verb,
    /// Of a task: how many counted attempts it had begun when the button was made. What was asked of another one is out of date. Of an agent's question: its
    /// number.
    pub version: u32,
    /// The id of what it is about: a task's, or a channel's.
    pub subject: String,
}

/// What a press asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Cancel a task: one that waits at once, one that runs after a second question.
    Cancel,
    /// Cancel a task that runs, asked twice.
    Stop,
    /// Let a task run on, asked whether it is to be stopped.
    LetRun,
    /// Run a task again, or one that is asked about.
    Retry,
    /// Let a task that is held take its turn.
    Release,
    /// Try a task again now, and not later.
    Hasten,
    /// Show the end of a task's log.
    Logs,
    /// Say why a task is where it is.
    Why,
    /// Stop the present attempt, and go on at once with what was said in the thread.
    Interrupt,
    /// Start tasks again after a pause of everything.
    Resume,
    /// Set how much a channel shows of its tasks.
    SetShown,
    /// Set whether a channel's tasks get threads.
    SetThreads,
    /// Let a task cost a dollar more.
    Raise,
    /// Take what a task has left that was stopped at its ceiling.
    Accept,
    /// Let a running agent do what it asks for, this once.
    Permit,
    /// The same, and whatever it takes for the same.
    PermitAlways,
    /// Don't let it.
    Deny,
}

impl Verb {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Cancel,
        Self::Stop,
        Self::LetRun,
        Self::Retry,
        Self::Release,
        Self::Hasten,
        Self::Logs,
        Self::Why,
        Self::Interrupt,
        Self::Resume,
        Self::SetShown,
        Self::SetThreads,
        Self::Raise,
        Self::Accept,
        Self::Permit,
        Self::PermitAlways,
        Self::Deny,
    ];

    /// The word for it in a `custom_id`; it never changes its meaning.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Stop => "stop",
            Self::LetRun => "let_run",
            Self::Retry => "retry",
            Self::Release => "release",
            Self::Hasten => "hasten",
            Self::Logs => "logs",
            Self::Why => "why",
            Self::Interrupt => "interrupt",
            Self::Resume => "resume",
            Self::SetShown => "set_shown",
            Self::SetThreads => "set_threads",
            Self::Raise => "raise",
            Self::Accept => "accept",
            Self::Permit => "permit",
            Self::PermitAlways => "permit_always",
            Self::Deny => "deny",
        }
    }
}

/// The text is no press that this program knows.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ParsePressError {
    /// Another program's, or one from before presses were written like this.
    #[error("`{given}` is no press of ours")]
    Foreign {
        /// What was given.
        given: String,
    },
    /// Written by another version of this program; what it is about can be told all the same.
    #[error("`{given}` was written by another version of this program")]
    OtherVersion {
        /// What was given.
        given: String,
        /// What it is about.
        subject: String,
    },
}

/// What every press of ours begins with, and the number of the form in which the rest is written.
const FORM: &str = "o1";

impl Press {
    /// A press about a task, of which so many counted attempts had begun.
    pub fn task(verb: Verb, version: u32, task: &TaskId) -> Self {
        Self { verb, version, subject: task.to_string() }
    }

    /// A press about a channel.
    pub fn channel(verb: Verb, channel: ChannelId) -> Self {
        Self { verb, version: 0, subject: channel.to_string() }
    }
}

impl fmt::Display for Press {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The subject stands last: a task's id may hold dots.
        write!(f, "{FORM}.{}.{}.{}", self.verb.word(), self.version, self.subject)
    }
}

impl From<Press> for String {
    fn from(press: Press) -> Self {
        press.to_string()
    }
}

impl TryFrom<String> for Press {
    type Error = ParsePressError;

    fn try_from(written: String) -> Result<Self, Self::Error> {
        written.parse()
    }
}

impl FromStr for Press {
    type Err = ParsePressError;

    fn from_str(given: &str) -> Result<Self, ParsePressError> {
        let shown = || given.chars().take(MAX_CUSTOM_ID).collect::<String>();
        let parts: Vec<&str> = given.splitn(4, '.').collect();
        let &[form, verb, version, subject] = parts.as_slice() else { return Err(ParsePressError::Foreign { given: shown() }) };
        let is_numbered = form.strip_prefix('o').is_some_and(|number| number.parse::<u32>().is_ok());
        if !is_numbered || subject.is_empty() {
            return Err(ParsePressError::Foreign { given: shown() });
        }
        let verb = Verb::ALL.into_iter().find(|known| known.word() == verb);
        match (form, verb, version.parse()) {
            (FORM, Some(verb), Ok(version)) => Ok(Self { verb, version, subject: subject.to_owned() }),
            _ => Err(ParsePressError::OtherVersion { given: shown(), subject: subject.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_press_reads_back_what_it_says_and_fits_whatever_its_task_is_called() {
        let longest: TaskId = "a.b:c_d-".repeat(8).parse().unwrap();
        for verb in Verb::ALL {
            let press = Press::task(verb, u32::MAX, &longest);

            assert_eq!(press.to_string().parse(), Ok(press.clone()));
            assert!(press.to_string().chars().count() <= MAX_CUSTOM_ID);
        }
    }

    #[test]
    fn each_verb_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<_> = Verb::ALL.map(Verb::word).into_iter().collect();

        assert_eq!(words.len(), Verb::ALL.len());
    }

    #[test]
    fn a_press_of_another_version_still_tells_what_it_is_about() {
        for other in ["o2.cancel.1.77", "o1.fly.1.77", "o1.cancel.x.77"] {
            assert_eq!(
                other.parse::<Press>(),
                Err(ParsePressError::OtherVersion { given: other.to_owned(), subject: "77".to_owned() }),
                "{other}"
            );
        }
        for foreign in ["", "task:1:7:", "cancel", "o1.cancel.1.", "ox.cancel.1.7", "o1.cancel.77"] {
            assert_eq!(foreign.parse::<Press>(), Err(ParsePressError::Foreign { given: foreign.to_owned() }), "{foreign}");
        }
    }
}
