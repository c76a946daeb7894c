//! One attempt, from its workspace to what it left: made, launched, watched, collected.

use tokio_util::sync::CancellationToken;

use super::{
    brief, claims, following,
    making::{self, Run},
    means::Means,
    workspace::{self, Workspace},
};
use crate::{
    domain::{
        attempt::{AttemptState, Outcome},
        evidence::Collected,
        id::AttemptId,
    },
    ports::{
        agent_runner::{LaunchError, LaunchSpec},
        chat::Remedy,
        rows::{AttemptRow, TaskRow},
    },
    queue::{
        QueueError,
        settle::{Ended, How},
    },
};

/// Starts an attempt if it has not been started, and watches it to its end or until `let_go` is cancelled. Tells which attempt it was, and whether
/// the store knows or is being told what became of it; if not, it has to be taken up again.
pub(super) async fn attempt(means: Means, attempt: AttemptRow, task: TaskRow, let_go: CancellationToken) -> (AttemptId, bool) {
    let id = attempt.id;
    let workspace = Workspace::new(&means.settings.workers, &attempt.agent_id, &attempt.task);
    let task = match as_told(&means, &attempt, task).await {
        Ok(task) => task,
        Err(error) => {
            tracing::error!(%error, "task {}: what was said in its thread could not be read: {error}", attempt.task);
            return (id, false);
        }
    };
    if matches!(attempt.state, AttemptState::Launching { .. }) {
        match start(&means, &attempt, &task, &workspace).await {
            Ok(Started::Running) => {}
            Ok(Started::Unstartable(reason)) => {
                means.log.note(workspace.dir(), &attempt.task, &format!("Not started: {reason}"));
                let ended = Ended { how: How::Unstartable(reason), collected: Collected::default(), attempt, task, room: None };
                return (id, means.ended.send(ended).await.is_ok());
            }
            Ok(Started::NotNow(reason)) => {
                means.log.note(workspace.dir(), &attempt.task, &format!("Could not be started, tried again: {reason}"));
                tracing::warn!("task {}: {reason}", attempt.task);
                let recorded = means.queue.launch_failed(id, attempt.fence, reason, false).await;
                if let Err(error) = &recorded {
                    tracing::error!(%error, "task {}: a failed launch could not be recorded: {error}", attempt.task);
                }
                means.runner.forget(id).await;
                return (id, recorded.is_ok());
            }
            Err(error) => {
                tracing::error!(%error, "task {}: its start could not be recorded: {error}", attempt.task);
                return (id, false);
            }
        }
    }
    let run = run_of(&attempt, &task, &workspace);
    let since = if let AttemptState::Running { since } = attempt.state { since } else { attempt.claimed_at };
    let ending = tokio::select! {
        biased;
        ending = means.runner.wait(id) => making::of_a_run(ending),
        never = following::follow(&means, &run, &attempt.agent, since) => match never {},
        // Handed over: its attendant goes on, and the next start takes it up.
        () = let_go.cancelled() => return (id, true),
    };
    tracing::debug!("task {}: the agent of attempt {} has ended", attempt.task, attempt.number);
    let room = tokio::select! {
        room = making::room(&means, &run) => room,
        () = let_go.cancelled() => return (id, true),
    };
    let collected = making::collected(&means.settings, &run, &attempt.agent, &ending).await;
    if !collected.story.is_empty() {
        means.log.note(workspace.dir(), &attempt.task, "What its output tells of its work:");
        for line in collected.story.lines() {
            means.log.note(workspace.dir(), &attempt.task, &line);
        }
    }
    tracing::debug!("task {}: what attempt {} has left is collected", attempt.task, attempt.number);
    // The row as it is now: it may hold a stop that was asked for meanwhile.
    let attempt = means.queue.attempt(id).await.ok().flatten().unwrap_or(attempt);
    (id, means.ended.send(Ended { how: How::Ran(ending), collected, attempt, task, room }).await.is_ok())
}

/// The task as this attempt is told it: with what was said in its thread and the files that came with that, and with what the last attempt has left.
async fn as_told(means: &Means, attempt: &AttemptRow, mut task: TaskRow) -> Result<TaskRow, QueueError> {
    let conversation = means.queue.conversation(attempt.task.clone(), attempt.number).await?;
    // One whose money had run out goes on with what it had, and one whose check said no has to know it.
    let goes_on = conversation.left.as_ref().is_some_and(|left| left.outcome == Outcome::OverBudget || !left.objections.is_empty());
    if goes_on || !conversation.said.is_empty() {
        task.task.prompt = brief::with_conversation(&task.task.prompt, &conversation);
        task.task.attachments.extend(conversation.said.into_iter().flat_map(|said| said.attachments));
    }
    Ok(task)
}

enum Started {
    Running,
    NotNow(String),
    Unstartable(String),
}

async fn start(means: &Means, attempt: &AttemptRow, task: &TaskRow, workspace: &Workspace) -> Result<Started, QueueError> {
    let ((), made) = tokio::join!(note_claim(means, attempt), make(means, attempt, task, workspace));
    let spec = match made {
        Ok(spec) => spec,
        Err(not_started) => return Ok(not_started),
    };
    match means.runner.launch(&spec).await {
        Ok(()) => {
            tracing::info!("task {}: attempt {} runs in {}", attempt.task, attempt.number, attempt.agent_id);
            means.queue.launched(attempt.id, attempt.fence).await?;
            tracing::debug!("task {}: the start of attempt {} is recorded", attempt.task, attempt.number);
            Ok(Started::Running)
        }
        Err(error @ LaunchError::Program { .. }) => Ok(Started::Unstartable(error.to_string())),
        Err(error) => Ok(Started::NotNow(error.to_string())),
    }
}

/// Makes all that an agent is started with; `Err`: it can't be, now or ever.
async fn make(means: &Means, attempt: &AttemptRow, task: &TaskRow, workspace: &Workspace) -> Result<LaunchSpec, Started> {
    let Some(mut definition) = means.settings.agents.get(&attempt.agent).cloned() else {
        return Err(Started::Unstartable(format!("agent `{}` is not configured any more", attempt.agent)));
    };
    definition.isolation = definition.isolation.closer(task.task.wishes.closer);
    let program = definition.program.clone().map_err(Started::Unstartable)?;
    if let Some(refusal) = definition.isolation.refusal(means.settings.offered) {
        return Err(Started::Unstartable(format!("agent `{}` was not started: {refusal}", attempt.agent)));
    }
    let files = attachments(means, task).await.map_err(|none| match none {
        NoFiles::NotNow(reason) => Started::NotNow(reason),
        NoFiles::Never(reason) => Started::Unstartable(reason),
    })?;
    making::launch(&means.settings, &definition, program, &run_of(attempt, task, workspace), files).await.map_err(Started::NotNow)
}

fn run_of(attempt: &AttemptRow, task: &TaskRow, workspace: &Workspace) -> Run {
    Run {
        attempt: attempt.id,
        fence: attempt.fence.0,
        agent_id: attempt.agent_id.clone(),
        workspace: workspace.clone(),
        task: task.task.clone(),
    }
}

/// Puts the task on the list of claimed ones. The list is a service to people: that it can't be written is no reason not to run.
async fn note_claim(means: &Means, attempt: &AttemptRow) {
    let (path, task, fence) = (means.settings.claims.clone(), attempt.task.clone(), attempt.fence);
    let noted = tokio::task::spawn_blocking(move || claims::add(&path, &task, fence)).await;
    if let Err(error) = noted.map_err(std::io::Error::other).flatten() {
        tracing::warn!(%error, "task {} could not be put on the list of claimed tasks: {error}", attempt.task);
    }
}

/// Why files did not come.
enum NoFiles {
    /// They may at a later try.
    NotNow(String),
    /// They never will.
    Never(String),
}

/// Fetches what came with the task, under safe names and within bounds.
async fn attachments(means: &Means, task: &TaskRow) -> Result<Vec<(String, Vec<u8>)>, NoFiles> {
    let (attachments, bounds) = (&task.task.attachments, means.settings.attachments);
    if attachments.len() > bounds.files {
        return Err(NoFiles::Never(format!(
            "{} files came with it, and {} may (`attachments.max_files`)",
            attachments.len(),
            bounds.files
        )));
    }
    let announced = attachments.iter().fold(0_u64, |sum, attachment| sum.saturating_add(attachment.size));
    if announced > bounds.total {
        return Err(NoFiles::Never(format!(
            "its files have {announced} bytes, and {} may come (`attachments.max_total_mb`)",
            bounds.total
        )));
    }
    let fetch = async {
        let mut files = Vec::with_capacity(attachments.len());
        let mut room = bounds.total;
        for (name, attachment) in workspace::attachment_names(attachments).into_iter().zip(attachments) {
            let bytes = means.chat.fetch(attachment, bounds.each.min(room)).await.map_err(|error| {
                let why = format!("the file `{}` could not be fetched: {error}", attachment.name);
                if error.remedy() == Remedy::Never { NoFiles::Never(why) } else { NoFiles::NotNow(why) }
            })?;
            room = room.saturating_sub(bytes.len() as u64);
            files.push((name, bytes));
        }
        Ok(files)
    };
    let late = || NoFiles::NotNow(format!("its files did not come within {} s", bounds.within.as_secs()));
    tokio::time::timeout(bounds.within, fetch).await.unwrap_or_else(|_| Err(late()))
}
