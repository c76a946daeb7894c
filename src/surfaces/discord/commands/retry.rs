//! `/retry`: a task that has ended is run again, one that waits for a person takes its turn.

use orchestrator_core::wording::answers;

use super::{Context, failing::CommandError, suggest, visit::Visit};

/// Run a task again that has ended, or one that is held or asked about.
#[poise::command(slash_command, interaction_context = "Guild")]
pub(super) async fn retry(
    ctx: Context<'_>,
    #[description = "The task's id"]
    #[autocomplete = "suggest::retriable_tasks"]
    task: String,
) -> Result<(), CommandError> {
    let Some(visit) = Visit::of(ctx).await? else { return Ok(()) };
    let id = visit.task(&task).await?;
    visit.deps.desk.retry(&visit.actor, id.clone()).await?;
    visit.say(answers::retried(&id)).await;
    Ok(())
}
