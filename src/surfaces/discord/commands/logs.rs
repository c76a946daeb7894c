//! `/logs`: the end of what a task's agent has said.

use std::sync::Arc;

use orchestrator_core::{
    ports::task_log::LogTail,
    wording::{
        answers::hints,
        panels::{self, Log},
    },
};

use super::{Context, failing::CommandError, suggest, visit::Visit};

/// How much of a log is read: some of it stands in the answer, all of it goes along as a file.
const MOST: u64 = 1 << 20;

/// Show the end of a task's log.
#[poise::command(slash_command, interaction_context = "Guild")]
pub(super) async fn logs(
    ctx: Context<'_>,
    #[description = "The task's id"]
    #[autocomplete = "suggest::started_tasks"]
    task: String,
) -> Result<(), CommandError> {
    let Some(visit) = Visit::of(ctx).await? else { return Ok(()) };
    let view = visit.controlled(&task).await?;
    let id = &view.row.task.id;
    let Some(attempt) = view.latest() else {
        visit.say(hints::not_started(id)).await;
        return Ok(());
    };
    let (log, workspace, task) = (Arc::clone(&visit.deps.log), visit.deps.workers.join(&attempt.agent_id), id.clone());
    let read = tokio::task::spawn_blocking(move || log.tail(&workspace, &task, MOST)).await;
    let kept = attempt.report.as_ref().and_then(|report| report.log_tail.clone());
    let tail = match (read.unwrap_or_else(|error| Err(error.to_string())), kept) {
        (Ok(tail), _) => tail,
        // Of a failure the end is kept when its workspace is gone.
        (Err(_), Some(text)) => LogTail { text, left_out: 0 },
        (Err(why), None) => {
            visit.say(hints::no_log(id, &attempt.agent_id, &why)).await;
            return Ok(());
        }
    };
    let post = panels::log(&Log {
        task: id,
        agent_id: &attempt.agent_id,
        attempt: attempt.number,
        running: attempt.state.is_live(),
        text: &tail.text,
        left_out: tail.left_out,
    });
    visit.reply.say(&post).await;
    Ok(())
}
