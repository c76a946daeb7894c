//! `/cancel`: a waiting task is dropped, a running one is stopped.

use orchestrator_core::{queue::control::Cancelled, wording::answers};

use super::{Context, failing::CommandError, suggest, visit::Visit};

/// Cancel a task: a waiting one is dropped, a running one is stopped.
#[poise::command(slash_command, interaction_context = "Guild")]
pub(super) async fn cancel(
    ctx: Context<'_>,
    #[description = "The task's id"]
    #[autocomplete = "suggest::open_tasks"]
    task: String,
) -> Result<(), CommandError> {
    let Some(visit) = Visit::of(ctx).await? else { return Ok(()) };
    let id = visit.task(&task).await?;
    let done = visit.deps.desk.cancel(&visit.actor, id.clone()).await?;
    visit
        .say(match done {
            Cancelled::BeforeItRan => answers::cancelled(&id),
            Cancelled::Stopping(_) => answers::stopping(&id),
        })
        .await;
    Ok(())
}
