//! What the program says about itself: to standard error, for a person or as JSON, and of a service as JSON lines into a file.
//!
//! Tokens, prompts and agents' output are never logged. Should a secret get into a line all the same (in another crate's words), it is taken
//! out before the line is written.

mod bounded_file;
mod redacting;

use std::{io, path::PathBuf};

use orchestrator_core::domain::agent::Secret;
use thiserror::Error;
use tracing_subscriber::{EnvFilter, Layer as _, Registry, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use self::{bounded_file::BoundedFile, redacting::Redacting};

/// The service's log, in the folder `logs`.
pub const FILE: &str = "orchestrator.log";

/// How much is logged, and where.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Directives as in `RUST_LOG`.
    pub filter: String,
    /// Whether lines on standard error are JSON.
    pub json: bool,
    /// Whether they have colours.
    pub colour: bool,
    /// The file for JSON lines.
    pub file: Option<PathBuf>,
    /// What must not be in any line.
    pub secrets: Vec<Secret>,
}

/// Logging could not be started.
#[derive(Debug, Error)]
pub enum StartError {
    /// The directives can't be read.
    #[error("`RUST_LOG` can't be read: {reason}. An example: RUST_LOG=warn,discord_orchestrator=debug")]
    Filter {
        /// Why.
        reason: String,
    },
    /// The log file can't be opened.
    #[error("the log file {} can't be opened: {source}", path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The directives for our own crates and for all others.
pub fn filter(ours: &str, others: &str) -> String {
    let crates = ["discord_orchestrator", "orchestrator", "orchestrator_core", "orchestrator_sandbox"];
    let ours: Vec<String> = crates.iter().map(|name| format!("{name}={ours}")).collect();
    format!("{others},{}", ours.join(","))
}

/// Starts to log. Once per process; later calls change nothing.
///
/// # Errors
///
/// [`StartError`].
pub fn start(settings: &Settings) -> Result<(), StartError> {
    let filter = || EnvFilter::try_new(&settings.filter).map_err(|error| StartError::Filter { reason: error.to_string() });
    let stderr = Redacting::new(io::stderr, &settings.secrets);
    let shown = if settings.json {
        fmt::layer().json().flatten_event(true).with_writer(stderr).with_filter(filter()?).boxed()
    } else {
        fmt::layer().with_ansi(settings.colour).with_target(false).with_writer(stderr).with_filter(filter()?).boxed()
    };
    let kept = match &settings.file {
        Some(path) => {
            let file = BoundedFile::open(path).map_err(|source| StartError::File { path: path.clone(), source })?;
            let writer = Redacting::new(file, &settings.secrets);
            Some(fmt::layer().json().flatten_event(true).with_writer(writer).with_filter(filter()?).boxed())
        }
        None => None,
    };
    // A test may have started one before.
    let _started_before = Registry::default().with(shown).with(kept).try_init();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_directives_can_be_read() {
        assert!(EnvFilter::try_new(filter("info", "warn")).is_ok());
    }
}
