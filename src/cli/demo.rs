//! `demo`: a local Discord, a bot and an agent in one process.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;

use super::{
    Context,
    exit::{Exit, Failure},
};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  orchestrator demo\n  orchestrator demo --dir /tmp/try\n\nWhile it runs, in another terminal and the same folder:\n  orchestrator submit \"Write a haiku\" --wait\n  orchestrator status"
)]
pub(super) struct DemoArgs {
    /// Where the local Discord and its page listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8765")]
    pub(super) listen: SocketAddr,
    /// Use this agent instead of the best one that is found
    #[arg(long, value_name = "NAME")]
    pub(super) agent: Option<String>,
    /// Keep the local Discord's world in this file
    #[arg(long, value_name = "FILE")]
    pub(super) state: Option<PathBuf>,
}

pub(super) async fn run(_: &Context, _: DemoArgs) -> Result<Exit, Failure> {
    Err(Failure::new(Exit::Broken, "The service is not part of this build yet."))
}
