//! `restore`: a backup takes the place of the state.

use std::path::PathBuf;

use clap::Args;
use orchestrator_core::ports::clock::Clock as _;
use serde_json::json;

use super::{
    Context,
    client::Client,
    exit::{Exit, Failure},
    house,
};
use crate::{
    adapters::{
        sqlite::{self, BackupError},
        system_clock::SystemClock,
    },
    service::{ServiceError, lifecycle::OnlyOne},
};

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  orchestrator restore /var/backups/orchestrator-2026-11-20.db\n\nNot beside a running service. What was there is kept beside it and named."
)]
pub(super) struct RestoreArgs {
    /// The backup
    file: PathBuf,
}

pub(super) async fn run(context: &Context, args: RestoreArgs) -> Result<Exit, Failure> {
    let config = context.own_config()?;
    if Client::of_service(&config)?.is_some() {
        return Err(Failure::new(Exit::Refused, "A service runs on this state: stop it first, then restore."));
    }
    // No service starts meanwhile.
    let _only = OnlyOne::take(&config.runtime_dir).map_err(|error| Failure::from(ServiceError::from(error)))?;
    let (from, to, now) = (args.file.clone(), house::database(&config), SystemClock.now().timestamp());
    let restored = tokio::task::spawn_blocking(move || sqlite::restore(&from, &to, now)).await;
    let restored = restored.map_err(|error| Failure::of(Exit::Broken, &error))?.map_err(|error| {
        let exit = match &error {
            BackupError::InUse { .. } => Exit::Refused,
            BackupError::Empty { .. } | BackupError::Open(_) if !args.file.exists() => Exit::NotFound,
            BackupError::Empty { .. } | BackupError::Exists { .. } => Exit::Usage,
            BackupError::Open(_) | BackupError::Files { .. } => Exit::Broken,
        };
        Failure::of(exit, &error)
    })?;
    context.voice.result(&json!({"restored": args.file, "schema": restored.version, "kept": restored.kept}), || {
        let kept = restored.kept.as_ref().map_or_else(String::new, |kept| format!(" What was there is kept as {}.", kept.display()));
        format!("{} is the state now.{kept}", args.file.display())
    });
    Ok(Exit::Done)
}
