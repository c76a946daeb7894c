//! `setup`.

use clap::Args;

use super::{
    Context,
    exit::{Exit, Failure},
};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  orchestrator setup")]
pub(super) struct SetupArgs {}

pub(super) async fn run(_: &Context, _: SetupArgs) -> Result<Exit, Failure> {
    Err(Failure::new(Exit::Broken, "This is not part of this build yet."))
}
