//! `retry`, `hold`, `release`, `hasten`: what is done to tasks by id.

use clap::Args;
use serde_json::{Value, json};

use super::{
    Context, cancel,
    client::Client,
    exit::{Exit, Failure},
};

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  orchestrator retry 1443021398234771496\n\nA task that has ended runs once more; one that is held or asked about takes its turn."
)]
pub(super) struct RetryArgs {
    /// The tasks
    #[arg(required = true)]
    ids: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  orchestrator hold 1443021398234771496\n  orchestrator release 1443021398234771496")]
pub(super) struct IdsArgs {
    /// The tasks
    #[arg(required = true)]
    ids: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  orchestrator hasten 1443021398234771496")]
pub(super) struct HastenArgs {
    /// The tasks
    #[arg(required = true)]
    ids: Vec<String>,
}

pub(super) async fn run(context: &Context, args: RetryArgs) -> Result<Exit, Failure> {
    done(context, &args.ids, "retry").await
}

pub(super) async fn hold(context: &Context, args: IdsArgs) -> Result<Exit, Failure> {
    done(context, &args.ids, "hold").await
}

pub(super) async fn release(context: &Context, args: IdsArgs) -> Result<Exit, Failure> {
    done(context, &args.ids, "release").await
}

pub(super) async fn hasten(context: &Context, args: HastenArgs) -> Result<Exit, Failure> {
    done(context, &args.ids, "hasten").await
}

async fn done(context: &Context, ids: &[String], verb: &str) -> Result<Exit, Failure> {
    done_with(context, ids, verb, &json!({})).await
}

pub(super) async fn done_with(context: &Context, ids: &[String], verb: &str, with: &Value) -> Result<Exit, Failure> {
    let client = Client::find(&context.config()?)?;
    let exit = cancel::each(context, &client, ids, verb, with).await;
    if !client.service {
        context.voice.note("No service runs: this counts from its next start.");
    }
    client.close().await;
    exit
}
