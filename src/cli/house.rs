//! What the verbs need of the service, in one place.

use std::path::PathBuf;

use super::exit::{Exit, Failure};
use crate::{config::Config, surfaces::http::Door};

/// The database of a configuration.
pub(super) fn database(config: &Config) -> PathBuf {
    config.runtime_dir.join("orchestrator.db")
}

/// A desk over the store in this process: nothing is started by it.
pub(super) async fn offline(_: &Config) -> Result<Door, Failure> {
    Err(not_yet())
}

/// Runs the service until it is told to end.
pub(super) async fn run(_: Config) -> Result<Exit, Failure> {
    Err(not_yet())
}

/// Runs what waits, and ends.
pub(super) async fn once(_: Config) -> Result<Exit, Failure> {
    Err(not_yet())
}

fn not_yet() -> Failure {
    Failure::new(Exit::Broken, "The service is not part of this build yet.")
}

/// The store alone, for copies.
pub(super) fn store(_: &Config) -> Result<crate::adapters::sqlite::SqliteStore, Failure> {
    Err(not_yet())
}
