//! `backup`: the state in one file, copied while it is in use.

use std::path::PathBuf;

use clap::Args;
use orchestrator_core::wording::figures;
use serde_json::json;

use super::{
    Context,
    exit::{Exit, Failure},
    house,
};

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  orchestrator backup /var/backups/orchestrator-$(date +%F).db\n\nThe copy is one consistent view, examined, and only its owner can read it. Nothing is overwritten."
)]
pub(super) struct BackupArgs {
    /// Where the copy is to be
    file: PathBuf,
}

pub(super) async fn run(context: &Context, args: BackupArgs) -> Result<Exit, Failure> {
    let config = context.config()?;
    if !house::database(&config).exists() {
        return Err(Failure::new(Exit::NotFound, format!("There is no state in {} yet.", config.runtime_dir.display())));
    }
    let store = house::store(&config)?;
    store.backup(&args.file).await.map_err(|error| Failure::of(Exit::Broken, &error))?;
    store.close().await;
    let bytes = std::fs::metadata(&args.file).map(|metadata| metadata.len()).unwrap_or_default();
    context.voice.result(&json!({"file": args.file, "bytes": bytes}), || format!("{} ({})", args.file.display(), figures::bytes(bytes)));
    Ok(Exit::Done)
}
