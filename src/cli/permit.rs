//! `permit`: answers what a running agent asks.

use clap::Args;
use orchestrator_core::{domain::permission::Answer, wording::views::PermitAsk};
use serde_json::json;

use super::{
    Context,
    exit::{Exit, Failure},
    retry,
};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  orchestrator permit 1443021398234771496            this once\n  orchestrator permit 1443021398234771496 --always   this, and what the agent takes for the same\n  orchestrator permit 1443021398234771496 --deny\n\n`orchestrator status <task>` shows what is asked. An agent whose `permissions` are `ask` waits until somebody answers, or denies itself after `permission_seconds`."
)]
pub(super) struct PermitArgs {
    /// The task
    id: String,
    /// Let it, and whatever its agent takes for the same
    #[arg(long, conflicts_with = "deny")]
    always: bool,
    /// Don't let it
    #[arg(long)]
    deny: bool,
    /// Which of several questions, by its number; the oldest if it is not given
    #[arg(long, value_name = "NUMBER")]
    question: Option<u32>,
}

pub(super) async fn run(context: &Context, args: PermitArgs) -> Result<Exit, Failure> {
    let answer = match (args.deny, args.always) {
        (true, _) => Answer::RejectOnce,
        (false, true) => Answer::AllowAlways,
        (false, false) => Answer::AllowOnce,
    };
    let ask = json!(PermitAsk { answer, number: args.question });
    retry::done_with(context, &[args.id], "permit", &ask).await
}
