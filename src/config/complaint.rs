//! What is wrong with a configuration, said so that it can be put right: file, key, what was given, the rule, the way out.

use std::fmt;

use serde_json::Value;
use thiserror::Error;

/// One thing that is wrong, or (among the warnings) odd. It never holds a secret: whoever makes one masks what was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Where: a file with its line, `environment`, or a flag.
    pub place: String,
    /// The key, with its path; empty where the whole file is meant.
    pub key: String,
    /// What was given, ready to be shown; `None` where the value is secret or does not matter.
    pub given: Option<String>,
    /// The rule that it breaks, as a clause: "it must be …".
    pub rule: String,
    /// What to do about it, as a sentence; empty where the rule says it all.
    pub way_out: String,
}

impl Complaint {
    /// A complaint about a key; what was given and the way out are added by the two methods below.
    pub(super) fn about(place: impl Into<String>, key: impl Into<String>, rule: impl Into<String>) -> Self {
        Self { place: place.into(), key: key.into(), given: None, rule: rule.into(), way_out: String::new() }
    }

    /// A complaint about a whole file.
    pub(super) fn of_file(place: impl Into<String>, rule: impl Into<String>) -> Self {
        Self::about(place, "", rule)
    }

    pub(super) fn given(mut self, given: &str) -> Self {
        self.given = Some(quoted(given));
        self
    }

    /// What was given is nobody's business: what kind of thing it is, and how much of it, is said instead.
    pub(super) fn given_unseen(mut self, given: &Value) -> Self {
        self.given = Some(kind(given));
        self
    }

    pub(super) fn way_out(mut self, way_out: impl Into<String>) -> Self {
        self.way_out = way_out.into();
        self
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        match (self.key.as_str(), &self.given) {
            ("", None) => write!(f, "{}", self.rule)?,
            ("", Some(given)) => write!(f, "{given}: {}", self.rule)?,
            (key, None) => write!(f, "`{key}`: {}", self.rule)?,
            (key, Some(given)) => write!(f, "`{key}` is {given}, but {}", self.rule)?,
        }
        if self.way_out.is_empty() { Ok(()) } else { write!(f, ". {}", self.way_out) }
    }
}

/// The configuration can't be used. Every complaint that could be found is in it, so that one round of mending is enough.
#[derive(Debug, Error)]
#[error("{}", shown(.complaints))]
pub struct ConfigError {
    /// All of them, in the order in which they were found; at least one.
    pub complaints: Vec<Complaint>,
}

fn shown(complaints: &[Complaint]) -> String {
    match complaints {
        [only] => only.to_string(),
        many => {
            let lines: Vec<String> = many.iter().map(|complaint| format!("\n  - {complaint}")).collect();
            format!("the configuration has {} mistakes:{}", many.len(), lines.concat())
        }
    }
}

/// The longest piece of a wrong value that a complaint shows, in characters.
const MAX_SHOWN: usize = 60;

/// A value as a complaint shows it: in quotes, on one line, control and direction characters spelled out, cut where it is long.
pub(super) fn quoted(given: &str) -> String {
    let mut shown = String::from("\"");
    for c in given.chars().take(MAX_SHOWN) {
        let invisible =
            c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
        if invisible {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown.push('"');
    if given.chars().nth(MAX_SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

/// What kind of thing a value is, without a letter of it.
fn kind(value: &Value) -> String {
    let counted = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "true or false".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::String(text) => format!("a text of {}", counted(text.chars().count(), "character")),
        Value::Array(list) => format!("a list of {}", counted(list.len(), "element")),
        Value::Object(map) => format!("an object of {}", counted(map.len(), "key")),
    }
}

/// The known key that `given` was probably meant to be: at most a third of its letters differ.
pub(super) fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    let allowed = (given.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|key| (distance(&given, &key.to_lowercase()), key))
        .filter(|(far, _)| *far <= allowed)
        .min_by_key(|(far, _)| *far)
        .map(|(_, key)| key)
}

/// Letters that must be put in, left out, exchanged or swapped with a neighbour to come from one word to the other.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().take(100).collect(), other.chars().take(100).collect());
    let mut rows = vec![vec![0; other.len() + 1]; one.len() + 1];
    rows[0] = (0..=other.len()).collect();
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for i in 1..=one.len() {
        for j in 1..=other.len() {
            let exchanged = rows[i - 1][j - 1] + usize::from(one[i - 1] != other[j - 1]);
            let mut least = exchanged.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = least;
        }
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_key_is_found_and_a_far_one_is_not_offered() {
        let known = ["lease_seconds", "grace_seconds", "agents"];

        assert_eq!(nearest("lease_second", known), Some("lease_seconds"));
        assert_eq!(nearest("Agnets", known), Some("agents"));
        assert_eq!(nearest("colour", known), None);
    }

    #[test]
    fn what_was_given_is_shown_on_one_line_without_tricks() {
        assert_eq!(quoted("a\nb\u{202e}c"), "\"a\\u{a}b\\u{202e}c\"");
        assert_eq!(quoted(&"x".repeat(100)).chars().count(), MAX_SHOWN + 3);
    }

    #[test]
    fn a_complaint_reads_as_a_sentence() {
        let complaint =
            Complaint::about("orchestrator_config.json:4", "lease_seconds", "it must be at least 5").given("1").way_out("60 is usual.");

        assert_eq!(complaint.to_string(), "orchestrator_config.json:4: `lease_seconds` is \"1\", but it must be at least 5. 60 is usual.");
    }
}
