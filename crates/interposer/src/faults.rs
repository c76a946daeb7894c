//! A test's side: where the library is, and what it is told.

use std::{
    fs::File,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// Names of the variables.
pub(crate) const RULES: &str = "INTERPOSE";
pub(crate) const COUNTS: &str = "INTERPOSE_COUNTS";
pub(crate) const CLOCK: &str = "INTERPOSE_CLOCK";

/// How many bytes of the clock's file are looked at.
pub(crate) const CLOCK_BYTES: usize = 24;

/// Where the shared library is: made when this package was built.
pub fn library() -> &'static Path {
    Path::new(option_env!("INTERPOSER_LIBRARY").unwrap_or_default())
}

/// What a program is to meet.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    rules: Vec<String>,
    counts: Option<PathBuf>,
    clock: Option<PathBuf>,
}

impl Faults {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule.
    #[must_use]
    pub fn rule(mut self, rule: impl Into<String>) -> Self {
        self.rules.push(rule.into());
        self
    }

    /// Counts calls in a file that [`crate::Counts::make`] has made.
    #[must_use]
    pub fn counted(mut self, file: &Path) -> Self {
        self.counts = Some(file.to_owned());
        self
    }

    /// Takes the wall clock's offset from a file that [`set_clock`] has made.
    #[must_use]
    pub fn clock(mut self, file: &Path) -> Self {
        self.clock = Some(file.to_owned());
        self
    }

    /// The environment of the program.
    pub fn env(&self) -> Vec<(String, String)> {
        let file = |name: &str, path: &Option<PathBuf>| path.as_ref().map(|path| (name.to_owned(), path.display().to_string()));
        let mut env = vec![("LD_PRELOAD".to_owned(), library().display().to_string()), (RULES.to_owned(), self.rules.join(";"))];
        env.extend(file(COUNTS, &self.counts));
        env.extend(file(CLOCK, &self.clock));
        env
    }
}

/// Puts the wall clock of every program that was given this file so many seconds off, at once. Makes the file if it is not there. It must not
/// be made shorter while a program looks at it.
///
/// # Errors
///
/// The file system's.
pub fn set_clock(file: &Path, seconds: i64) -> io::Result<()> {
    let text = format!("{seconds:<CLOCK_BYTES$}");
    File::options().write(true).create(true).truncate(false).open(file)?.write_all(text.as_bytes())
}

/// The seconds that a clock's file tells. Allocates nothing.
pub(crate) fn offset(text: &[u8]) -> i64 {
    std::str::from_utf8(text).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}
