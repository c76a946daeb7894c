//! What a command says: results on standard output, everything else on standard error; plain text for people, JSON for programs.

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::Mutex,
};

use orchestrator_core::wording::harmless;
use serde::Serialize;

use super::exit::Failure;

/// Speaks for one command.
#[derive(Debug)]
pub(super) struct Voice {
    /// Results are JSON.
    pub(super) json: bool,
    /// Nothing is said that was not asked for.
    pub(super) quiet: bool,
    /// Standard output is read by a person.
    pub(super) out_is_terminal: bool,
    /// Standard error is read by a person.
    pub(super) err_is_terminal: bool,
    /// What the progress line shows.
    progress: Mutex<String>,
}

impl Voice {
    /// A voice for this process.
    pub(super) fn new(json: bool, quiet: bool) -> Self {
        Self {
            json,
            quiet,
            out_is_terminal: io::stdout().is_terminal(),
            err_is_terminal: io::stderr().is_terminal(),
            progress: Mutex::default(),
        }
    }

    /// How many places a line of standard output has; `None`: it is no terminal.
    pub(super) fn places(&self) -> Option<u16> {
        let size = rustix::termios::tcgetwinsize(io::stdout()).ok().filter(|_| self.out_is_terminal)?;
        Some(size.ws_col).filter(|places| *places > 0)
    }

    /// A result: as JSON where that is wanted, in words otherwise.
    pub(super) fn result(&self, value: &impl Serialize, words: impl FnOnce() -> String) {
        if self.json {
            self.line(&serde_json::to_string_pretty(value).unwrap_or_default());
        } else {
            self.line(&words());
        }
    }

    /// A line on standard output. Whoever reads it may have gone: that is no failure of ours.
    pub(super) fn line(&self, text: &str) {
        self.clear();
        let _reader_has_gone = writeln!(io::stdout(), "{}", text.trim_end_matches('\n'));
    }

    /// Foreign text (a log, a result) as it is; on a terminal without what a terminal would obey.
    pub(super) fn foreign(&self, text: &str) {
        self.clear();
        let mut out = io::stdout().lock();
        let shown = if self.out_is_terminal { harmless::without_escapes(text) } else { text.to_owned() };
        let _reader_has_gone = out.write_all(shown.as_bytes()).and_then(|()| out.flush());
    }

    /// A remark beside the result, on standard error.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            self.clear();
            let _reader_has_gone = writeln!(io::stderr(), "{text}");
        }
    }

    /// What is going on: one line that is written over on a terminal, a line for each change elsewhere.
    pub(super) fn progress(&self, text: &str) {
        if self.quiet {
            return;
        }
        let mut shown = self.progress.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if *shown == text {
            return;
        }
        let mut err = io::stderr().lock();
        let _reader_has_gone =
            if self.err_is_terminal { write!(err, "\r\u{1b}[2K{text}").and_then(|()| err.flush()) } else { writeln!(err, "{text}") };
        text.clone_into(&mut shown);
    }

    /// Takes the progress line away.
    pub(super) fn clear(&self) {
        let mut shown = self.progress.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !shown.is_empty() && self.err_is_terminal {
            let mut err = io::stderr().lock();
            let _reader_has_gone = write!(err, "\r\u{1b}[2K").and_then(|()| err.flush());
        }
        shown.clear();
    }

    /// Why a command did not do what it was to do: always said.
    pub(super) fn failure(&self, failure: &Failure) {
        #[derive(Serialize)]
        struct Shown<'a> {
            error: ShownError<'a>,
            fields: Vec<ShownField<'a>>,
        }
        #[derive(Serialize)]
        struct ShownError<'a> {
            code: u8,
            message: &'a str,
        }
        #[derive(Serialize)]
        struct ShownField<'a> {
            field: &'a str,
            issue: &'a str,
        }
        self.clear();
        if self.json {
            let fields = failure.fields.iter().map(|(field, issue)| ShownField { field, issue }).collect();
            let shown = Shown { error: ShownError { code: failure.exit.code(), message: &failure.message }, fields };
            let _reader_has_gone = writeln!(io::stderr(), "{}", serde_json::to_string(&shown).unwrap_or_default());
        } else {
            let _reader_has_gone = writeln!(io::stderr(), "error: {}", failure.message);
        }
    }
}
