//! `raise` and `accept`: what people decide about a task whose money runs out.

use clap::Args;
use orchestrator_core::domain::money::Usd;
use serde_json::json;

use super::{
    Context,
    exit::{Exit, Failure},
    retry,
};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  orchestrator raise 1443021398234771496 1       one dollar more\n  orchestrator raise 1443021398234771496 0.25\n\nA task that runs goes on with it; one that was stopped at its ceiling runs once more, and is told what it has left."
)]
pub(super) struct RaiseArgs {
    /// The task
    id: String,
    /// How many dollars more it may cost
    #[arg(value_name = "DOLLARS", value_parser = dollars)]
    more: Usd,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  orchestrator accept 1443021398234771496")]
pub(super) struct AcceptArgs {
    /// The tasks
    #[arg(required = true)]
    ids: Vec<String>,
}

fn dollars(given: &str) -> Result<Usd, String> {
    let more: Usd = given.parse().map_err(|error: orchestrator_core::domain::money::ParseUsdError| error.to_string())?;
    if more > Usd::ZERO { Ok(more) } else { Err("it must be more than 0".to_owned()) }
}

pub(super) async fn raise(context: &Context, args: RaiseArgs) -> Result<Exit, Failure> {
    let more = args.more.to_string();
    retry::done_with(context, &[args.id], "raise", &json!({"more_usd": more.trim_start_matches('$')})).await
}

pub(super) async fn accept(context: &Context, args: AcceptArgs) -> Result<Exit, Failure> {
    retry::done_with(context, &args.ids, "accept", &json!({})).await
}
