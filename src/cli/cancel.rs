//! `cancel`: stops tasks.

use std::io::Write as _;

use clap::Args;
use orchestrator_core::wording::{
    figures,
    views::{Done, TaskPage},
};
use serde_json::{Value, json};

use super::{
    Context,
    client::Client,
    exit::{Exit, Failure},
    status,
};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  orchestrator cancel 1443021398234771496\n  orchestrator cancel --waiting          asks first\n  orchestrator cancel --waiting --yes"
)]
pub(super) struct CancelArgs {
    /// The tasks
    #[arg(required_unless_present = "waiting", conflicts_with = "waiting")]
    ids: Vec<String>,
    /// All tasks that have not been started
    #[arg(long)]
    waiting: bool,
    /// With --waiting: don't ask
    #[arg(long, requires = "waiting")]
    yes: bool,
}

pub(super) async fn run(context: &Context, args: CancelArgs) -> Result<Exit, Failure> {
    let config = context.config()?;
    if !args.waiting {
        let client = Client::find(&config)?;
        let exit = each(context, &client, &args.ids, "cancel", &json!({})).await;
        client.close().await;
        return exit;
    }
    let client = Client::find_to_look(&config)?;
    let ids = waiting(&client).await?;
    if ids.is_empty() {
        context.voice.result(&json!({"done": [], "failed": []}), || "No tasks wait.".to_owned());
        return Ok(Exit::Done);
    }
    let question =
        format!("{} waiting will be cancelled. Go on?", figures::counted(u64::try_from(ids.len()).unwrap_or(u64::MAX), "task", "tasks"));
    if !args.yes && !agrees(context, &question)? {
        context.voice.note("Nothing was cancelled.");
        return Ok(Exit::Done);
    }
    let exit = each(context, &client, &ids, "cancel", &json!({})).await;
    client.close().await;
    exit
}

/// All open tasks that no agent works on.
async fn waiting(client: &Client) -> Result<Vec<String>, Failure> {
    let (mut ids, mut before) = (Vec::new(), String::new());
    loop {
        let page: TaskPage = client.get(&format!("/tasks?state=open&limit=500{before}")).await?;
        ids.extend(page.tasks.iter().filter(|task| task.state != "running").map(|task| task.id.to_string()));
        match page.next {
            Some(next) => before = format!("&before={next}"),
            None => return Ok(ids),
        }
    }
}

/// Asks a person; without one, nothing that needs an answer is done.
pub(super) fn agrees(context: &Context, question: &str) -> Result<bool, Failure> {
    use std::io::IsTerminal as _;
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(format!("{question} Nobody is there to answer: add --yes.")));
    }
    context.voice.clear();
    let mut err = std::io::stderr();
    let _reader_has_gone = write!(err, "{question} [y/N] ").and_then(|()| err.flush());
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(|error| Failure::usage(format!("The answer could not be read: {error}.")))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Does the same to several tasks; what fails for one does not keep the others. The exit code is the first failure's.
pub(super) async fn each(context: &Context, client: &Client, ids: &[String], verb: &str, with: &Value) -> Result<Exit, Failure> {
    let (mut done, mut failed): (Vec<Done>, Vec<Failure>) = (Vec::new(), Vec::new());
    for id in ids {
        let asked = match status::in_path(id) {
            Ok(id) => client.post::<Done>(&format!("/tasks/{id}/{verb}"), with).await,
            Err(failure) => Err(failure),
        };
        match asked {
            Ok(told) => {
                if !context.voice.json {
                    context.voice.line(&told.message);
                }
                done.push(told);
            }
            Err(failure) => {
                if ids.len() > 1 {
                    context.voice.failure(&failure);
                }
                failed.push(failure);
            }
        }
    }
    if ids.len() == 1
        && let Some(failure) = failed.pop()
    {
        return Err(failure);
    }
    if context.voice.json {
        let reasons: Vec<&str> = failed.iter().map(|failure| failure.message.as_str()).collect();
        context.voice.result(&json!({"done": done, "failed": reasons}), String::new);
    }
    Ok(failed.first().map_or(Exit::Done, |failure| failure.exit))
}
