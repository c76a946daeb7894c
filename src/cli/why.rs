//! `why`: why a task is not moving, and what would move it.

use clap::Args;
use orchestrator_core::wording::views::WhyView;

use super::{
    Context,
    client::Client,
    exit::{Exit, Failure},
    status,
};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  orchestrator why 1443021398234771496")]
pub(super) struct WhyArgs {
    /// The task
    id: String,
}

pub(super) async fn run(context: &Context, args: WhyArgs) -> Result<Exit, Failure> {
    let client = Client::find_to_look(&context.config()?)?;
    let why: WhyView = client.get(&format!("/tasks/{}/why", status::in_path(&args.id)?)).await?;
    context.voice.result(&why, || told(&why, client.service));
    client.close().await;
    Ok(Exit::Done)
}

fn told(why: &WhyView, service: bool) -> String {
    let mut lines = vec![format!("{}  {}", why.id, why.state.replace('_', " "))];
    lines.extend((!service).then(|| "  No service runs, so nothing is started.".to_owned()));
    lines.extend(why.why.iter().map(|line| format!("  {line}")));
    lines.extend(why.moves.iter().map(|verb| match verb.as_str() {
        "resume" => "  orchestrator resume".to_owned(),
        verb => format!("  orchestrator {verb} {}", why.id),
    }));
    lines.join("\n")
}
