//! The loop of running attempts: what is cleared is started, what was started is watched, what is to be stopped is stopped, leases are renewed.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::{means::Means, pulses::Pulses, run};
pub use super::{
    means::{AttachmentBounds, Settings},
    walls::Shut,
};
use crate::{
    domain::{attempt::AttemptState, id::AttemptId},
    ports::{
        agent_runner::{AgentRunner, Standing, StopReason},
        chat::Chat,
        task_log::TaskLog,
    },
    queue::{Queue, QueueError, settle::Ended},
};

/// Large results that are in memory at a time, at most.
const LARGE_RESULTS: usize = 1;

/// Runs the attempts that this instance has claimed.
#[derive(Clone)]
pub struct Crew {
    means: Means,
}

/// What is known of an attempt that is being started or watched.
#[derive(Clone, Copy, Debug, Default)]
struct Watch {
    /// Its stop was passed on to its attendant.
    stop_sent: bool,
    /// Its end is on its way to the store.
    over: bool,
}

impl Crew {
    /// A crew over a queue and a runner; what has ended goes to `ended`.
    pub fn new(
        queue: Queue,
        runner: Arc<dyn AgentRunner>,
        chat: Arc<dyn Chat>,
        log: Arc<dyn TaskLog>,
        settings: Settings,
        ended: mpsc::Sender<Ended>,
    ) -> Self {
        let (pulses, large) = (Pulses::default(), Arc::new(Semaphore::new(LARGE_RESULTS)));
        Self { means: Means { queue, runner, chat, log, settings: Arc::new(settings), pulses, large, ended } }
    }

    /// How its running agents are doing.
    pub fn pulses(&self) -> Pulses {
        self.means.pulses.clone()
    }

    /// After a restart, before anything is claimed: what became of the attempts that this instance held? Those whose agents run, or have
    /// ended meanwhile, are recorded as running, and [`run`](Self::run) takes them up; those that were never started lose nothing.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn recover(&self) -> Result<(), QueueError> {
        let live = self.means.queue.live().await?;
        for (attempt, _) in &live {
            let standing = self.means.runner.standing(attempt.id).await;
            tracing::info!(task.id = %attempt.task, attempt.id = %attempt.id, ?standing, "attempt {} of task {} was under way", attempt.number, attempt.task);
            match (standing, &attempt.state) {
                (Standing::NeverStarted, AttemptState::Launching { .. }) => {
                    let reason = "the orchestrator was stopped before the agent was started".to_owned();
                    self.means.queue.launch_failed(attempt.id, attempt.fence, reason, true).await?;
                    self.means.runner.forget(attempt.id).await;
                }
                (Standing::Running | Standing::HeldElsewhere, _) => {
                    self.means.queue.launched(attempt.id, attempt.fence).await?;
                    self.means.queue.adopted(attempt.id, attempt.fence).await?;
                }
                (Standing::Ended(_), _) => self.means.queue.launched(attempt.id, attempt.fence).await?,
                // It ran, and its control folder is gone: `wait` will say so, and it ends INTERRUPTED.
                (Standing::NeverStarted, _) => {}
            }
        }
        let kept: Vec<AttemptId> = live.iter().map(|(attempt, _)| attempt.id).collect();
        for stray in self.means.runner.remembered().await {
            if !kept.contains(&stray) && matches!(self.means.runner.standing(stray).await, Standing::Ended(_) | Standing::NeverStarted) {
                self.means.runner.forget(stray).await;
            }
        }
        Ok(())
    }

    /// Starts and watches attempts. When `soft` is cancelled nothing more is started, and what runs is watched to its end, so that it can
    /// still be stopped and settled; when `let_go` is, everything is left to its attendants.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe while attempts are being started; what runs is never touched.
    pub async fn run(self, soft: CancellationToken, let_go: CancellationToken) {
        let renewal = self.means.queue.rules().lease / 3;
        let mut under_way: HashMap<AttemptId, Watch> = HashMap::new();
        let mut runs: JoinSet<(AttemptId, bool)> = JoinSet::new();
        let mut renewed = tokio::time::Instant::now();
        let mut awaited = None;
        loop {
            let ends = soft.is_cancelled();
            if let Err(error) = self.tick(&mut under_way, &mut runs, !ends, &let_go).await {
                tracing::error!(%error, "attempts could not be looked at: {error}");
            }
            if ends && runs.is_empty() {
                break;
            }
            if ends && awaited.replace(runs.len()) != Some(runs.len()) && !let_go.is_cancelled() {
                tracing::info!("{} agents still run", runs.len());
            }
            if renewed.elapsed() >= renewal {
                renewed = tokio::time::Instant::now();
                if let Err(error) = self.means.queue.renew().await {
                    tracing::error!(%error, "leases could not be renewed: {error}");
                }
            }
            tokio::select! {
                biased;
                () = let_go.cancelled() => break,
                () = soft.cancelled(), if !ends => {}
                Some(done) = runs.join_next() => match done {
                    // It is known until the store knows its end: until then it must not be taken up again.
                    Ok((attempt, true)) => drop(under_way.get_mut(&attempt).map(|watch| watch.over = true)),
                    Ok((attempt, false)) => drop(under_way.remove(&attempt)),
                    Err(error) => {
                        tracing::error!(%error, "the watch over an attempt broke: {error}");
                        // It is taken up again from the store.
                        under_way.clear();
                        runs.abort_all();
                    }
                },
                () = self.means.queue.bells().attempts.notified() => {}
                () = tokio::time::sleep(renewal.min(Duration::from_secs(5))) => {}
            }
        }
        while runs.join_next().await.is_some() {}
    }

    async fn tick(
        &self,
        under_way: &mut HashMap<AttemptId, Watch>,
        runs: &mut JoinSet<(AttemptId, bool)>,
        starts: bool,
        let_go: &CancellationToken,
    ) -> Result<(), QueueError> {
        let live = self.means.queue.live_beside(under_way.keys().copied().collect()).await?;
        under_way.retain(|id, watch| !watch.over || live.iter().any(|(head, _)| head.id == *id));
        for (head, whole) in live {
            if let Some(watch) = under_way.get_mut(&head.id) {
                // One that is still being started is stopped once it has been: before that there is nobody who could be told.
                if let (Some((why, by)), true, false) = (&head.stop, head.runs, watch.stop_sent) {
                    watch.stop_sent = true;
                    self.note_stop(head.id, by).await;
                    self.means.runner.stop(head.id, *why).await;
                }
                continue;
            }
            let Some((attempt, task)) = whole else { continue };
            match (&attempt.stop, &attempt.state) {
                (Some(_), AttemptState::Launching { .. }) => {
                    self.means
                        .queue
                        .launch_failed(attempt.id, attempt.fence, "stopped before the agent was started".to_owned(), true)
                        .await?;
                }
                (None, AttemptState::Launching { cleared: false }) | (_, AttemptState::Ended { .. } | AttemptState::Void) => {}
                // Nobody has started it: the next start does.
                (None, AttemptState::Launching { cleared: true }) if !starts => {}
                (None, AttemptState::Launching { cleared: true }) | (_, AttemptState::Running { .. }) => {
                    under_way.insert(attempt.id, Watch::default());
                    let (means, let_go) = (self.means.clone(), let_go.clone());
                    let span = tracing::info_span!("attempt", task.id = %attempt.task, attempt.number = attempt.number);
                    runs.spawn(run::attempt(means, attempt, task, let_go).instrument(span));
                }
            }
        }
        Ok(())
    }

    /// Writes down in the log that people read who has asked for the stop.
    async fn note_stop(&self, attempt: AttemptId, by: &str) {
        if let Ok(Some(row)) = self.means.queue.attempt(attempt).await {
            let note = match &row.stop {
                Some((StopReason::OverBudget, why)) => format!("Stopped: {why}"),
                _ => format!("Stop asked by {by}"),
            };
            self.means.log.note(&self.means.settings.workers.join(&row.agent_id), &row.task, &note);
        }
    }
}
