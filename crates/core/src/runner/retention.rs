//! Workspaces that have outlived their time are removed; never before the result stands in Discord.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::workspace;
use crate::{
    ports::clock::Clock,
    queue::{Queue, QueueError},
};

/// Removals are done in bursts, this far apart: making and deleting folders in turn is slow on ext4.
const BURSTS: Duration = Duration::from_secs(60);
/// Workspaces in one burst.
const AT_ONCE: u32 = 200;

/// How long workspaces stay.
#[derive(Clone, Debug)]
pub struct Retention {
    /// Where they are.
    pub workers: PathBuf,
    /// A success's.
    pub succeeded: Duration,
    /// Any other's; `None`: until it is removed by hand.
    pub failed: Option<Duration>,
}

/// Removes what has outlived its time; returns how many.
///
/// # Errors
///
/// [`QueueError::Store`].
pub async fn tick(queue: &Queue, clock: &dyn Clock, rule: &Retention) -> Result<u32, QueueError> {
    let mut removed = 0;
    for (succeeded, keep) in [(true, Some(rule.succeeded)), (false, rule.failed)] {
        let Some(keep) = keep else { continue };
        let before = clock.now() - chrono::Duration::from_std(keep).unwrap_or(chrono::Duration::MAX);
        for attempt in queue.removable(succeeded, before, AT_ONCE).await? {
            let path = rule.workers.join(&attempt.agent_id);
            let gone = tokio::task::spawn_blocking(move || workspace::remove(&path)).await;
            match gone {
                Ok(Ok(())) => {
                    queue.workspace_removed(attempt.id).await?;
                    removed += 1;
                }
                Ok(Err(error)) => tracing::warn!(task.id = %attempt.task, %error, "the workspace of task {} could not be removed: {error}", attempt.task),
                Err(error) => tracing::error!(%error, "a removal broke: {error}"),
            }
        }
    }
    Ok(removed)
}

/// Removes in bursts until `soft` is cancelled.
pub async fn run(queue: Queue, clock: Arc<dyn Clock>, rule: Retention, soft: CancellationToken) {
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
