//! What a running agent is doing, as its output tells.

use std::{collections::VecDeque, fmt, time::Duration};

use chrono::{DateTime, Utc};

use super::{
    money::{Usage, Usd},
    reading::Signal,
};

/// Most signals that are remembered of one run.
const REMEMBERED: usize = 60;
/// Longest words of one signal that are kept, in characters: the end of what it writes, the beginning of what it does.
const WORDS: usize = 400;

/// One thing that an agent has told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What kind of thing.
    pub signal: Signal,
    /// In its own words.
    pub words: String,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.signal {
            Signal::Text => "",
            Signal::ToolStarted => "▸ ",
            Signal::ToolEnded => "✓ ",
            Signal::Retry => "↻ ",
        };
        write!(f, "{mark}{}", self.words.trim())
    }
}

/// What an agent has told of late, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Story {
    told: VecDeque<Told>,
}

impl Story {
    /// Adds what was told. Words that it goes on to write belong to those before them.
    pub fn add(&mut self, signal: Signal, words: &str) {
        if words.is_empty() {
            return;
        }
        match self.told.back_mut().filter(|last| last.signal == Signal::Text && signal == Signal::Text) {
            Some(last) => last.words = end_of(&format!("{}{words}", last.words)),
            None => {
                let kept = if signal == Signal::Text { end_of(words) } else { beginning_of(words) };
                self.told.push_back(Told { signal, words: kept });
            }
        }
        if self.told.len() > REMEMBERED {
            self.told.pop_front();
        }
    }

    /// Whether nothing was told.
    pub fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// What was told, a line each; the newest last.
    pub fn lines(&self) -> Vec<String> {
        self.told.iter().map(ToString::to_string).filter(|line| !line.is_empty()).collect()
    }
}

/// The sign of a cut tells who takes secrets out that half of one may stand beside it.
fn end_of(words: &str) -> String {
    match words.chars().count().checked_sub(WORDS) {
        None | Some(0) => words.to_owned(),
        Some(over) => std::iter::once('…').chain(words.chars().skip(over + 1)).collect(),
    }
}

fn beginning_of(words: &str) -> String {
    if words.chars().count() <= WORDS { words.to_owned() } else { words.chars().take(WORDS - 1).chain(['…']).collect() }
}

/// A running agent at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulse {
    /// What it has told of late.
    pub story: Story,
    /// Tokens, as far as it tells.
    pub usage: Option<Usage>,
    /// What they cost, reckoned as its end will be.
    pub cost: Option<Usd>,
    /// Whether it tells what it uses while it works; else its cost is known at its end alone.
    pub metered: bool,
    /// The last line of its log, of one whose output tells nothing of its work.
    pub last_line: Option<String>,
    /// When its output last grew; its start, if it has printed nothing.
    pub heard_at: DateTime<Utc>,
    /// For how long it has waited for people: its time limit is longer by that.
    pub waited: Duration,
    /// Whether it does at present, and its time stands still.
    pub waits: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_come_in_pieces_are_one_line() {
        let mut story = Story::default();
        for (signal, words) in [
            (Signal::Text, "The "),
            (Signal::Text, "answer"),
            (Signal::ToolStarted, "cargo test"),
            (Signal::ToolEnded, "cargo test"),
            (Signal::Text, ""),
            (Signal::Text, "is 42."),
        ] {
            story.add(signal, words);
        }

        assert_eq!(story.lines(), ["The answer", "▸ cargo test", "✓ cargo test", "is 42."]);
    }

    #[test]
    fn a_story_is_bounded_and_keeps_its_end() {
        let mut story = Story::default();
        for number in 0..500 {
            story.add(Signal::ToolStarted, &number.to_string());
        }
        assert_eq!((story.lines().len(), story.lines().last().cloned()), (REMEMBERED, Some("▸ 499".to_owned())));
        for _ in 0..100 {
            story.add(Signal::Text, "ä long text ");
        }
        assert!(story.lines().last().is_some_and(|line| line.chars().count() <= WORDS && line.ends_with("text")));
    }
}
