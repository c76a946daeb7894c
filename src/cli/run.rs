//! `run`: the service.

use clap::Args;

use super::{
    Chattiness, Context,
    exit::{Exit, Failure},
    house,
};
use crate::service::lifecycle::Drain;

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  orchestrator run --dir /srv/orchestrator\n\nThe first SIGTERM or Ctrl-C starts nothing new and ends; agents go on by themselves and are found again. With --wait\n(or `drain` in the configuration) they are waited for. The second signal ends at once."
)]
pub(super) struct RunArgs {
    /// When asked to end, wait until the running agents have ended and their results are posted
    #[arg(long)]
    wait: bool,
}

pub(super) async fn run(context: &Context, args: RunArgs) -> Result<Exit, Failure> {
    let config = context.own_config()?;
    context.log(Chattiness::Service, Some(&config))?;
    let drain = if args.wait { Drain::Wait } else { Drain::of(&config) };
    Box::pin(house::run(&config, drain)).await
}
