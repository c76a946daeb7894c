//! `doctor`.

use clap::Args;

use super::{
    Context,
    exit::{Exit, Failure},
};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  orchestrator doctor")]
pub(super) struct DoctorArgs {}

pub(super) async fn run(_: &Context, _: DoctorArgs) -> Result<Exit, Failure> {
    Err(Failure::new(Exit::Broken, "This is not part of this build yet."))
}
