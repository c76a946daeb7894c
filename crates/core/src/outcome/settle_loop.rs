//! What has ended is judged and settled, one after another, until the runner is gone.

use std::{sync::Arc, time::Duration};

use tokio::sync::mpsc;

use super::judge;
use crate::{
    domain::ended::Ended,
    ports::agent_runner::AgentRunner,
    queue::{Queue, QueueError},
};

/// Between the tries to settle while the store can't.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Settles what comes out of the runner until nothing can come any more. What could not be settled is found again at the next start.
pub async fn run(queue: Queue, runner: Arc<dyn AgentRunner>, rules: judge::Rules, mut ended: mpsc::Receiver<Ended>) {
    while let Some(ended) = ended.recv().await {
        let (attempt, fence, task) = (ended.attempt.id, ended.attempt.fence, ended.attempt.task.clone());
        let report = judge::judge(&ended, &rules);
        tracing::info!(task.id = %task, outcome = report.outcome.word(), "task {task}: attempt {} {}", ended.attempt.number, report.outcome.word());
        loop {
            match queue.settle(attempt, fence, report.clone()).await {
                Ok(()) => break,
                Err(QueueError::Late) => {
                    tracing::warn!(task.id = %task, "task {task}: a late report of attempt {} was refused", ended.attempt.number);
                    break;
                }
                Err(error) => {
                    tracing::error!(task.id = %task, %error, "task {task} could not be settled yet: {error}");
                    tokio::time::sleep(STORE_PAUSE).await;
                }
            }
        }
        runner.forget(attempt).await;
    }
}
