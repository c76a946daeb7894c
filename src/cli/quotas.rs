//! `quotas`: which are used up, and the word that one is there again.

use clap::{Args, Subcommand};
use orchestrator_core::wording::quotas::QuotaList;
use serde_json::{Value, json};

use super::{
    Context,
    client::Client,
    exit::{Exit, Failure},
    status,
};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  orchestrator quotas
  orchestrator quotas --json | jq -r '.quotas[] | select(.used_up_until) | .credential'
  orchestrator quotas back claude       it has quota again: more was bought, or the time was wrong

When an agent says that its quota is used up until a time, its tasks wait; they go on by themselves where its definition says
`\"quota\": {\"resume\": true}`, else when somebody says so: this for all, `hasten` for one.")]
pub(super) struct QuotasArgs {
    #[command(subcommand)]
    what: Option<QuotasVerb>,
}

#[derive(Debug, Subcommand)]
enum QuotasVerb {
    /// Say that a credential's quota is there again: who waits for it goes on
    Back {
        /// The credential, as the list names it
        credential: String,
    },
}

pub(super) async fn run(context: &Context, args: QuotasArgs) -> Result<Exit, Failure> {
    let config = context.config()?;
    match args.what {
        None => {
            let client = Client::find_to_look(&config)?;
            let list: QuotaList = client.get("/quotas").await?;
            context.voice.result(&list, || list.table());
            client.close().await;
        }
        Some(QuotasVerb::Back { credential }) => {
            let client = Client::find(&config)?;
            let done: Value = client.post(&format!("/quotas/{}/back", status::in_path(&credential)?), &json!({})).await?;
            context.voice.result(&done, || done["message"].as_str().unwrap_or_default().to_owned());
            client.close().await;
        }
    }
    Ok(Exit::Done)
}
