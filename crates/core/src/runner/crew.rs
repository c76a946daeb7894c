//! The loop of running attempts: what is cleared is started, what was started is watched, what is to be stopped is stopped, leases are renewed.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::run;
use crate::{
    domain::{
        agent::{AgentDefinition, AgentName},
        attempt::AttemptState,
        id::AttemptId,
        model::Catalogue,
    },
    ports::{
        agent_runner::{AgentRunner, Standing},
        chat::Chat,
        task_log::TaskLog,
    },
    queue::{Queue, QueueError, settle::Ended},
};

/// Runs the attempts that this instance has claimed.
#[derive(Clone)]
pub struct Crew {
    pub(super) queue: Queue,
    pub(super) runner: Arc<dyn AgentRunner>,
    pub(super) chat: Arc<dyn Chat>,
    pub(super) log: Arc<dyn TaskLog>,
    pub(super) settings: Arc<Settings>,
    pub(super) ended: mpsc::Sender<Ended>,
}

/// What the crew needs to know of the configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Agent definitions.
    pub agents: BTreeMap<AgentName, AgentDefinition>,
    /// The allow-list's part of an agent's environment, read once at start.
    pub environment: Vec<(String, String)>,
    /// Where workspaces are made.
    pub workers: PathBuf,
    /// A template that replaces the built-in AGENTS.md.
    pub agents_md: Option<String>,
    /// Where attempts' control folders are.
    pub attempts: PathBuf,
    /// The list of claimed tasks, for people and scripts.
    pub claims: PathBuf,
    /// Models, for the brief.
    pub catalogue: Catalogue,
    /// The `openclaw.json` that OpenClaw agents are shown.
    pub openclaw_config: Option<PathBuf>,
    /// Most bytes of output in an attempt's log.
    pub log_limit: u64,
    /// Most bytes of standard output kept where a result is read from it.
    pub stdout_limit: u64,
    /// Largest file that an agent may write.
    pub file_size_limit: Option<u64>,
    /// What may come with a task.
    pub attachments: AttachmentBounds,
    /// How much is collected of what an agent leaves.
    pub bounds: super::results::Bounds,
}

/// What may come with a task.
#[derive(Clone, Copy, Debug)]
pub struct AttachmentBounds {
    /// How many files.
    pub files: usize,
    /// Bytes of one.
    pub each: u64,
    /// Bytes of all together.
    pub total: u64,
    /// The time in which all must have come.
    pub within: Duration,
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
        Self { queue, runner, chat, log, settings: Arc::new(settings), ended }
    }

    /// After a restart, before anything is claimed: what became of the attempts that this instance held? Those whose agents run, or have
    /// ended meanwhile, are recorded as running, and [`run`](Self::run) takes them up; those that were never started lose nothing.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn recover(&self) -> Result<(), QueueError> {
        let live = self.queue.live().await?;
        for (attempt, _) in &live {
            let standing = self.runner.standing(attempt.id).await;
            tracing::info!(task.id = %attempt.task, attempt.id = %attempt.id, ?standing, "attempt {} of task {} was under way", attempt.number, attempt.task);
            match (standing, &attempt.state) {
                (Standing::NeverStarted, AttemptState::Launching { .. }) => {
                    let reason = "the orchestrator was stopped before the agent was started".to_owned();
                    self.queue.launch_failed(attempt.id, attempt.fence, reason, true).await?;
                    self.runner.forget(attempt.id).await;
                }
                (Standing::Running | Standing::HeldElsewhere, _) => {
                    self.queue.launched(attempt.id, attempt.fence).await?;
                    self.queue.adopted(attempt.id, attempt.fence).await?;
                }
                (Standing::Ended(_), _) => self.queue.launched(attempt.id, attempt.fence).await?,
                // It ran, and its control folder is gone: `wait` will say so, and it ends INTERRUPTED.
                (Standing::NeverStarted, _) => {}
            }
        }
        let kept: Vec<AttemptId> = live.iter().map(|(attempt, _)| attempt.id).collect();
        for stray in self.runner.remembered().await {
            if !kept.contains(&stray) && matches!(self.runner.standing(stray).await, Standing::Ended(_) | Standing::NeverStarted) {
                self.runner.forget(stray).await;
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
        let renewal = self.queue.rules().lease / 3;
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
                if let Err(error) = self.queue.renew().await {
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
                () = self.queue.bells().attempts.notified() => {}
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
        let live = self.queue.live_beside(under_way.keys().copied().collect()).await?;
        under_way.retain(|id, watch| !watch.over || live.iter().any(|(head, _)| head.id == *id));
        for (head, whole) in live {
            if let Some(watch) = under_way.get_mut(&head.id) {
                // One that is still being started is stopped once it has been: before that there is nobody who could be told.
                if let (Some((why, by)), true, false) = (&head.stop, head.runs, watch.stop_sent) {
                    watch.stop_sent = true;
                    self.note_stop(head.id, by).await;
                    self.runner.stop(head.id, *why).await;
                }
                continue;
            }
            let Some((attempt, task)) = whole else { continue };
            match (&attempt.stop, &attempt.state) {
                (Some(_), AttemptState::Launching { .. }) => {
                    self.queue.launch_failed(attempt.id, attempt.fence, "stopped before the agent was started".to_owned(), true).await?;
                }
                (None, AttemptState::Launching { cleared: false }) | (_, AttemptState::Ended { .. } | AttemptState::Void) => {}
                // Nobody has started it: the next start does.
                (None, AttemptState::Launching { cleared: true }) if !starts => {}
                (None, AttemptState::Launching { cleared: true }) | (_, AttemptState::Running { .. }) => {
                    under_way.insert(attempt.id, Watch::default());
                    let (crew, let_go) = (self.clone(), let_go.clone());
                    let span = tracing::info_span!("attempt", task.id = %attempt.task, attempt.number = attempt.number);
                    runs.spawn(run::attempt(crew, attempt, task, let_go).instrument(span));
                }
            }
        }
        Ok(())
    }

    /// Writes down in the log that people read who has asked for the stop.
    async fn note_stop(&self, attempt: AttemptId, by: &str) {
        if let Ok(Some(row)) = self.queue.attempt(attempt).await {
            self.log.note(&self.settings.workers.join(&row.agent_id), &row.task, &format!("Stop asked by {by}"));
        }
    }
}
