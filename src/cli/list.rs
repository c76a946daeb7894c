//! `list`: tasks, newest first.

use clap::Args;
use orchestrator_core::wording::views::TaskPage;

use super::{
    Context,
    client::Client,
    exit::{Exit, Failure},
    status,
};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  orchestrator list --open\n  orchestrator list --limit 200 --json | jq -r '.tasks[].id'")]
pub(super) struct ListArgs {
    /// Only tasks that have not ended
    #[arg(long, conflicts_with = "ended")]
    open: bool,
    /// Only tasks that have ended
    #[arg(long)]
    ended: bool,
    /// How many, from 1 to 500
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
    /// Only tasks before this one: the end of the last page
    #[arg(long, value_name = "ID")]
    before: Option<String>,
}

pub(super) async fn run(context: &Context, args: ListArgs) -> Result<Exit, Failure> {
    let state = match (args.open, args.ended) {
        (true, _) => "open",
        (_, true) => "ended",
        (false, false) => "all",
    };
    let before = args.before.as_deref().map(status::in_path).transpose()?.map_or_else(String::new, |id| format!("&before={id}"));
    let client = Client::find_to_look(&context.config()?)?;
    let page: TaskPage = client.get(&format!("/tasks?state={state}&limit={}{before}", args.limit)).await?;
    context.voice.result(&page, || if page.tasks.is_empty() { "No tasks.".to_owned() } else { status::table(&page.tasks) });
    if let (Some(next), false) = (&page.next, context.voice.json) {
        context.voice.note(&format!("more: orchestrator list --before {next}"));
    }
    client.close().await;
    Ok(Exit::Done)
}
