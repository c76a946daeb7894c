//! Workspaces that have outlived their time are removed; never before the result stands in Discord.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::workspace::{self, Retention};
use crate::{
    ports::clock::Clock,
    queue::{Queue, QueueError},
};

/// Removals are done in bursts, this far apart: making and deleting folders in turn is slow on ext4.
const BURSTS: Duration = Duration::from_secs(60);
/// Workspaces in one burst.
const AT_ONCE: u32 = 200;

/// The rule, and where the workspaces are.
#[derive(Clone, Debug)]
pub struct Keeping {
    /// Where they are.
    pub workers: PathBuf,
    /// How long they stay.
    pub retention: Retention,
}

/// Removes what has outlived its time; returns how many.
///
/// # Errors
///
/// [`QueueError::Store`].
pub async fn tick(queue: &Queue, clock: &dyn Clock, rule: &Keeping) -> Result<u32, QueueError> {
    let mut removed = 0;
    for succeeded in [true, false] {
        let Some(before) = rule.retention.before(succeeded, clock.now()) else { continue };
        for attempt in queue.removable(succeeded, before, AT_ONCE).await? {
            let (workers, agent_id) = (rule.workers.clone(), attempt.agent_id.clone());
            let gone = tokio::task::spawn_blocking(move || workspace::remove(&workers, &agent_id)).await;
            match gone {
                Ok(Ok(())) => {
                    queue.workspace_removed(attempt.id).await?;
                    removed += 1;
                }
                Ok(Err(error)) => {
                    tracing::warn!(task.id = %attempt.task, %error, "the workspace of task {} could not be removed: {error}", attempt.task);
                }
                Err(error) => tracing::error!(%error, "a removal broke: {error}"),
            }
        }
    }
    Ok(removed)
}

/// Removes in bursts until `soft` is cancelled.
pub async fn run(queue: Queue, clock: Arc<dyn Clock>, rule: Keeping, soft: CancellationToken) {
    loop {
        if let Err(error) = tick(&queue, clock.as_ref(), &rule).await {
            tracing::error!(%error, "old workspaces could not be looked for: {error}");
        }
        tokio::select! {
            () = soft.cancelled() => return,
            () = tokio::time::sleep(BURSTS) => {}
        }
    }
}
