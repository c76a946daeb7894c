//! What the bridge says on standard output while it works: one JSON object a line, as `src/config/built_in/acp.reading.json` reads it.
//!
//! What an agent writes comes in pieces of a few letters: they are gathered for a moment, so that a line is worth its frame.

use std::{
    fmt,
    io::{self, Write},
};

use serde_json::json;
use tokio::time::{Duration, Instant};

/// How long pieces of text are gathered.
pub(super) const GATHERED: Duration = Duration::from_millis(200);
/// So many bytes are not gathered for longer.
const FULL: usize = 4_096;
/// Between two signs of life of an agent that tells nothing worth a line.
const SIGNS: Duration = Duration::from_secs(1);
/// Longest text of an answer that is kept, in bytes.
const TEXT: usize = 8 << 20;
/// Most notes.
const NOTES: usize = 10;
/// Longest title, in characters.
const TITLE: usize = 500;

/// Standard output, and what is gathered for it.
pub(super) struct Lines<'a> {
    out: &'a mut dyn Write,
    /// Whether nobody reads it any more: then the run is over.
    pub(super) closed: bool,
    gathered: String,
    since: Option<Instant>,
    said_at: Option<Instant>,
    /// The message that is being written.
    message: String,
    /// By what the agent knows it.
    id: Option<String>,
    /// The one before, if there is none yet in this one.
    before: String,
    /// How many bytes of the message were left out.
    left_out: u64,
    notes: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self {
            out,
            closed: false,
            gathered: String::new(),
            since: None,
            said_at: None,
            message: String::new(),
            id: None,
            before: String::new(),
            left_out: 0,
            notes: 0,
        }
    }

    /// Says something, after what was gathered.
    pub(super) fn say(&mut self, line: &impl fmt::Display) {
        self.flush();
        self.write(line);
    }

    fn write(&mut self, line: &impl fmt::Display) {
        let written = self.out.write_all(format!("{line}\n").as_bytes()).and_then(|()| self.out.flush());
        self.closed |= written.is_err_and(|error| error.kind() != io::ErrorKind::Interrupted);
        self.said_at = Some(Instant::now());
    }

    /// What the reader of a result has to know beside it.
    pub(super) fn note(&mut self, text: &str) {
        self.notes += 1;
        if self.notes <= NOTES {
            self.say(&json!({ "type": "note", "text": text }));
        }
    }

    /// The agent lives, though it tells nothing worth a line.
    pub(super) fn sign_of_life(&mut self) {
        if self.said_at.is_none_or(|at| at.elapsed() >= SIGNS) {
            self.say(&json!({ "type": "heard" }));
        }
    }

    /// A piece of what the agent writes. One with another id begins another message.
    pub(super) fn text(&mut self, piece: &str, id: Option<&str>) {
        if id.is_some() && id != self.id.as_deref() {
            self.end_message();
            self.id = id.map(str::to_owned);
        }
        let room = TEXT.saturating_sub(self.message.len());
        let fits = (0..=room.min(piece.len())).rev().find(|at| piece.is_char_boundary(*at)).unwrap_or(0);
        let fits = if self.left_out > 0 { 0 } else { fits };
        self.message.push_str(&piece[..fits]);
        self.left_out += (piece.len() - fits) as u64;
        if fits == 0 {
            return self.sign_of_life();
        }
        self.gathered.push_str(&piece[..fits]);
        self.since.get_or_insert_with(Instant::now);
        if self.gathered.len() >= FULL {
            self.flush();
        }
    }

    /// What comes next does not belong to the message that was being written.
    pub(super) fn end_message(&mut self) {
        if !self.message.trim().is_empty() {
            self.before = std::mem::take(&mut self.message);
            self.gathered.push_str("\n\n");
            self.flush();
        }
        self.message.clear();
        self.left_out = 0;
    }

    /// When what is gathered is to be said.
    pub(super) fn due(&self) -> Option<Instant> {
        self.since.map(|since| since + GATHERED)
    }

    /// Says what is gathered.
    pub(super) fn flush(&mut self) {
        self.since = None;
        if !self.gathered.is_empty() {
            let gathered = std::mem::take(&mut self.gathered);
            self.write(&json!({ "type": "text", "delta": gathered }));
        }
    }

    /// The last message, and how many bytes of it were left out.
    pub(super) fn answer(&self) -> (&str, u64) {
        if self.message.trim().is_empty() { (&self.before, 0) } else { (&self.message, self.left_out) }
    }
}

/// A title as it is shown: one line, bounded.
pub(super) fn title(given: &str) -> String {
    let line: Vec<&str> = given.split_whitespace().collect();
    line.join(" ").chars().take(TITLE).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn said(what: impl FnOnce(&mut Lines<'_>)) -> (Vec<Value>, String) {
        let mut out = Vec::new();
        let mut lines = Lines::new(&mut out);
        what(&mut lines);
        lines.flush();
        let answer = lines.answer().0.to_owned();
        (out.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect(), answer)
    }

    #[test]
    fn pieces_are_gathered_and_the_last_message_is_the_answer() {
        let (lines, answer) = said(|lines| {
            for (piece, id) in [("I ", Some("1")), ("look.", Some("1")), ("It ", Some("2")), ("is 42.", Some("2"))] {
                lines.text(piece, id);
            }
            lines.say(&json!({"type": "heard"}));
        });

        let told: Vec<&str> = lines.iter().filter_map(|line| line["delta"].as_str()).collect();
        assert_eq!(told, ["I look.\n\n", "It is 42."]);
        assert_eq!(answer, "It is 42.");
    }

    #[test]
    fn a_message_that_says_nothing_is_no_answer() {
        let (_, answer) = said(|lines| {
            lines.text("It is 42.", None);
            lines.end_message();
            lines.text("\n", None);
        });

        assert_eq!(answer, "It is 42.");
    }
}
