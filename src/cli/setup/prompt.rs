//! Asks a person at a terminal; says which flag answers where nobody sits.

use std::io::{self, IsTerminal as _, Write as _};

use rustix::termios::{self, LocalModes, OptionalActions};

use crate::cli::exit::{Exit, Failure};

/// Asks questions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prompt {
    /// Whether somebody is there to answer.
    pub(super) interactive: bool,
}

impl Prompt {
    pub(super) fn new() -> Self {
        Self { interactive: io::stdin().is_terminal() && io::stderr().is_terminal() }
    }

    /// Asks for a line; an empty answer is the default, where there is one.
    pub(super) fn ask(self, question: &str, default: Option<&str>, flag: &str) -> Result<String, Failure> {
        if !self.interactive {
            return default.map(str::to_owned).ok_or_else(|| nobody(question, flag));
        }
        loop {
            let shown = default.map_or_else(String::new, |default| format!(" [{default}]"));
            let answer = line(&format!("{question}{shown}: "))?;
            match (answer.is_empty(), default) {
                (false, _) => return Ok(answer),
                (true, Some(default)) => return Ok(default.to_owned()),
                (true, None) => {}
            }
        }
    }

    /// Asks for something that must not be seen.
    pub(super) fn ask_hidden(self, question: &str, flag: &str) -> Result<String, Failure> {
        if !self.interactive {
            return Err(nobody(question, flag));
        }
        let stdin = io::stdin();
        let before = termios::tcgetattr(&stdin).map_err(|error| unreadable(&error.into()))?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        termios::tcsetattr(&stdin, OptionalActions::Now, &hidden).map_err(|error| unreadable(&error.into()))?;
        let answer = line(&format!("{question} (not shown): "));
        // Whatever was read, the terminal shows again what is typed.
        let restored = termios::tcsetattr(&stdin, OptionalActions::Now, &before);
        let _reader_has_gone = writeln!(io::stderr());
        restored.map_err(|error| unreadable(&error.into()))?;
        answer
    }

    /// Asks yes or no.
    pub(super) fn agrees(self, question: &str, default: bool, flag: &str) -> Result<bool, Failure> {
        let shown = if default { "Y/n" } else { "y/N" };
        if !self.interactive {
            return if default { Ok(true) } else { Err(nobody(question, flag)) };
        }
        let answer = line(&format!("{question} [{shown}] "))?.to_lowercase();
        Ok(match answer.as_str() {
            "" => default,
            other => matches!(other, "y" | "yes"),
        })
    }

    /// Waits until somebody has done something elsewhere.
    pub(super) fn wait(what: &str) -> Result<(), Failure> {
        line(&format!("{what}, then press Enter: ")).map(|_| ())
    }
}

fn line(question: &str) -> Result<String, Failure> {
    let mut err = io::stderr();
    let _reader_has_gone = write!(err, "{question}").and_then(|()| err.flush());
    let mut answer = String::new();
    match io::stdin().read_line(&mut answer) {
        Ok(0) => Err(Failure::usage("The input has ended before everything was answered.")),
        Ok(_) => Ok(answer.trim().to_owned()),
        Err(error) => Err(unreadable(&error)),
    }
}

fn nobody(question: &str, flag: &str) -> Failure {
    Failure::usage(format!("{question}? Nobody is there to answer: give it with {flag}."))
}

fn unreadable(error: &io::Error) -> Failure {
    Failure::new(Exit::Broken, format!("The terminal could not be used: {error}."))
}
