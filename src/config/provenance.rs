//! Where each value came from: what `config check` and `doctor` show beside it.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// The layer that gave a value. A later one wins over those before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody gave one.
    Default,
    /// A file.
    File {
        /// Its path.
        path: PathBuf,
        /// The line, counted from 1; 0 where it is not known.
        line: usize,
    },
    /// The process's environment.
    Environment {
        /// The variable.
        name: String,
    },
    /// The command line.
    Flag {
        /// The flag as it was written, without the value.
        name: String,
    },
}

impl Source {
    pub(super) fn file(path: &Path, line: usize) -> Self {
        Self::File { path: path.to_owned(), line }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line: 0 } => write!(f, "{}", path.display()),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment { name } => write!(f, "environment {name}"),
            Self::Flag { name } => write!(f, "flag {name}"),
        }
    }
}

/// One setting as the program uses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The key: of the env file in capitals, of `orchestrator_config.json` with its path.
    pub key: String,
    /// The value, fit to be shown: a secret is masked.
    pub shown: String,
    /// The layer that gave it.
    pub from: Source,
}

/// What is shown in a secret's place.
pub(super) const MASKED: &str = "(set, not shown)";

/// What is shown where a file still holds the example's value.
pub(super) const NOT_FILLED_IN: &str = "(not filled in)";

/// Whether a key's name says that its value is nobody's business.
pub(super) fn names_a_secret(key: &str) -> bool {
    let key = key.to_ascii_uppercase();
    ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "API_KEY", "APIKEY", "CREDENTIAL", "PRIVATE"].iter().any(|word| key.contains(word))
        || key.ends_with("_KEY")
}
