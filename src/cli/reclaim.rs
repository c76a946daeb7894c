//! `reclaim`: messages that were claimed before the state was lost.

use clap::Args;
use orchestrator_core::wording::{figures, views::Reclaimed};
use serde_json::json;

use super::{
    Context,
    client::Client,
    exit::{Exit, Failure},
    status,
};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  orchestrator reclaim 1443021398234771496\n  orchestrator reclaim --all\n\nA message with ✅ that the store does not know is never run by itself: it may have been run elsewhere.\nThis says that it is to be run. --all takes those that were claimed and show no end (🏁 ❌ ⏱ 🛑).\nA task that the store knows is run again with `retry`."
)]
pub(super) struct ReclaimArgs {
    /// The message
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    id: Option<String>,
    /// Every message that was claimed and has no end
    #[arg(long)]
    all: bool,
}

pub(super) async fn run(context: &Context, args: ReclaimArgs) -> Result<Exit, Failure> {
    let client = Client::find(&context.config()?)?;
    let path = match &args.id {
        Some(id) => format!("/tasks/{}/reclaim", status::in_path(id)?),
        None => "/reclaim".to_owned(),
    };
    let reclaimed: Reclaimed = client.post(&path, &json!({})).await?;
    let service = client.service;
    client.close().await;
    context.voice.result(&reclaimed, || words(&reclaimed));
    if !service && !reclaimed.taken.is_empty() {
        context.voice.note("No service runs: they will run at its next start.");
    }
    if args.id.is_some() && !reclaimed.known.is_empty() {
        return Ok(Exit::Refused);
    }
    Ok(Exit::Done)
}

fn words(reclaimed: &Reclaimed) -> String {
    let mut lines = Vec::new();
    for (ids, what) in [
        (&reclaimed.taken, "will run"),
        (&reclaimed.asked, "is old, so its requester is asked first"),
        (&reclaimed.refused, "was refused; the reply to it says why"),
        (&reclaimed.known, "is known to the store: `retry` runs it again"),
    ] {
        lines.extend(ids.iter().map(|id| format!("{id} {what}.")));
    }
    if reclaimed.left > 0 {
        lines.push(format!("{} left alone: ended, never claimed, or no tasks.", figures::counted(reclaimed.left, "message", "messages")));
    }
    if lines.is_empty() { "There is nothing to reclaim.".to_owned() } else { lines.join("\n") }
}
