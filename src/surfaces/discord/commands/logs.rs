//! `/logs`: the end of what a task's agent has said.

use std::sync::Arc;

use orchestrator_core::{
    domain::{agent::Secret, outbound::Post},
    ports::task_log::LogTail,
    queue::board::TaskView,
    wording::{
        answers::hints,
        panels::{self, Log},
        redact::redact_cut,
    },
};

use super::{Context, Deps, failing::CommandError, reply::said, suggest, visit::Visit};

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
    visit.reply.say(&log_of(visit.deps, &view).await).await;
    Ok(())
}

/// The end of a task's log, or why there is none to be shown.
pub(super) async fn log_of(deps: &Deps, view: &TaskView) -> Post {
    let id = &view.row.task.id;
    let Some(attempt) = view.latest() else { return said(hints::not_started(id)) };
    let (log, workspace, task) = (Arc::clone(&deps.log), deps.workers.join(&attempt.agent_id), id.clone());
    let read = tokio::task::spawn_blocking(move || log.tail(&workspace, &task, MOST)).await;
    let kept = attempt.report.as_ref().and_then(|report| report.log_tail.clone());
    let tail = match (read.unwrap_or_else(|error| Err(error.to_string())), kept) {
        (Ok(tail), _) => tail,
        // Of a failure the end is kept when its workspace is gone.
        (Err(_), Some(text)) => LogTail { text, left_out: 0 },
        (Err(why), None) => return said(hints::no_log(id, &attempt.agent_id, &why)),
    };
    // It was cut out of the log: of a secret no half may be left.
    let secrets: Vec<&str> = deps.secrets.iter().map(Secret::expose).collect();
    panels::log(&Log {
        task: id,
        agent_id: &attempt.agent_id,
        attempt: attempt.number,
        running: attempt.state.is_live(),
        text: &redact_cut(&tail.text, &secrets),
        left_out: tail.left_out,
    })
}
