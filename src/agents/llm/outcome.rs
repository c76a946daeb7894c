//! What came of a call of a tool: a line for people, a text for the model.

/// The longest title, in characters.
const TITLE: usize = 100;

/// What came of a call.
#[derive(Debug, PartialEq)]
pub(super) struct Outcome {
    pub(super) ok: bool,
    /// One short line for people.
    pub(super) title: String,
    /// What the model is told.
    pub(super) text: String,
}

impl Outcome {
    pub(super) fn done(title: impl Into<String>, text: impl Into<String>) -> Self {
        Self { ok: true, title: title.into(), text: text.into() }
    }

    /// The model is told what it did wrong.
    pub(super) fn refused(why: impl Into<String>) -> Self {
        let why = why.into();
        Self { ok: false, title: one_line(&why), text: format!("error: {why}") }
    }
}

/// The first line of a text, short.
pub(super) fn one_line(text: &str) -> String {
    let line: String = text.trim().lines().next().unwrap_or_default().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.chars().count() <= TITLE {
        return line;
    }
    line.chars().take(TITLE - 1).chain(['…']).collect()
}
