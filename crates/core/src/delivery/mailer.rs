//! The loop: one post under way per address, one reaction per channel, and nothing but the probe while the token is refused.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool, atomic::Ordering},
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::{sync::Notify, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{parcels, reactions};
use crate::{
    domain::{id::ChannelId, outbound::Address, retry::Delays},
    ports::{chat::Chat, clock::Clock, task_log::TaskLog},
    queue::{Queue, QueueError},
};

/// The mailer never sleeps longer than this without a look.
const LOOK_AT_LEAST_EVERY: Duration = Duration::from_secs(30);
/// How long a lane rests whose result could not be recorded, a full disk being the usual reason: what was sent is then sent again under its
/// nonce, so neither too soon nor so late that the nonce protects it no longer.
const RECORD_DELAYS: Delays = Delays::new(Duration::from_secs(1), LOOK_AT_LEAST_EVERY);
/// Marks looked at in one round.
const MARKS_PER_ROUND: u32 = 500;

/// Sends what waits.
#[derive(Clone)]
pub struct Mailer {
    pub(super) queue: Queue,
    pub(super) chat: Arc<dyn Chat>,
    pub(super) log: Arc<dyn TaskLog>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) settings: Arc<Settings>,
    state: Arc<Shared>,
}

/// How it sends.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The delays between tries of one post.
    pub delays: Delays,
    /// How long after a parcel's first send its nonce protects it. Less than Discord's own few minutes, by far.
    pub nonce_window: Duration,
    /// How long a ✅ that is forbidden waits for its next try.
    pub forbidden_pause: Duration,
    /// Where the workspaces are: a task's log is told of its result's fate.
    pub workers: PathBuf,
    /// Where the text of results goes that no channel takes.
    pub undelivered: PathBuf,
    /// What the agents' secrets and ours are, never to be posted.
    pub secrets: Vec<crate::domain::agent::Secret>,
}

#[derive(Default)]
struct Shared {
    /// The lane whose request got 401: all others are held until it succeeds.
    refused: Mutex<Option<Lane>>,
    hurry: AtomicBool,
    wake: Notify,
}

/// What has at most one request under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Lane {
    /// Posts to an address.
    Posts(Address),
    /// Reactions in a channel.
    Reactions(ChannelId),
}

/// What one request led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Something was settled; there may be more.
    Went,
    /// Nothing to do before this time.
    NotBefore(DateTime<Utc>),
    /// Nothing to do.
    Nothing,
}

impl Mailer {
    /// A mailer over a queue and a chat.
    pub fn new(queue: Queue, chat: Arc<dyn Chat>, log: Arc<dyn TaskLog>, clock: Arc<dyn Clock>, settings: Settings) -> Self {
        Self { queue, chat, log, clock, settings: Arc::new(settings), state: Arc::default() }
    }

    /// Discord is back (a gateway session has begun): what waits for a later try is tried at once.
    pub fn hurry(&self) {
        self.state.hurry.store(true, Ordering::SeqCst);
        self.state.wake.notify_one();
    }

    /// Whether Discord refuses the token at present.
    pub fn token_refused(&self) -> bool {
        self.refused().is_some()
    }

    /// Sends until `soft` is cancelled, then lets the requests under way end.
    ///
    /// # Cancel safety
    ///
    /// Dropping it loses no letter: a parcel under way is sent again under its nonce.
    pub async fn run(self, soft: CancellationToken) {
        let mut under_way: HashSet<Lane> = HashSet::new();
        let mut requests: JoinSet<(Lane, Result<Step, QueueError>)> = JoinSet::new();
        let mut resting: Vec<(Lane, DateTime<Utc>)> = Vec::new();
        // Lanes that were to hurry; one whose request was under way then hurries when that is over.
        let mut hurrying: HashSet<Lane> = HashSet::new();
        // Lanes whose last results could not be recorded, and how many in a row.
        let mut unrecorded: HashMap<Lane, u32> = HashMap::new();
        loop {
            if self.state.hurry.load(Ordering::SeqCst) {
                resting.clear();
            }
            let now = self.clock.now();
            resting.retain(|(_, until)| !self.settings.delays.is_due(*until, now));
            match self.lanes().await {
                Ok(lanes) => {
                    if self.state.hurry.swap(false, Ordering::SeqCst) {
                        hurrying.extend(lanes.iter().copied());
                    }
                    for lane in lanes {
                        let held = self.refused().is_some_and(|probe| probe != lane);
                        if !held && !resting.iter().any(|(resting, _)| *resting == lane) && under_way.insert(lane) {
                            let (mailer, hurry) = (self.clone(), hurrying.remove(&lane));
                            requests.spawn(async move { (lane, mailer.step(lane, hurry).await) });
                        }
                    }
                }
                Err(error) => tracing::error!(%error, "the outbox could not be read: {error}"),
            }
            let pause = resting.iter().map(|(_, until)| *until).min().and_then(|until| (until - now).to_std().ok());
            tokio::select! {
                biased;
                Some(done) = requests.join_next() => {
                    let Ok((lane, step)) = done else {
                        // A request that panicked has told so; its lane is free again.
                        under_way.clear();
                        continue;
                    };
                    under_way.remove(&lane);
                    if step.is_ok() {
                        unrecorded.remove(&lane);
                    }
                    match step {
                        Ok(Step::NotBefore(until)) if !hurrying.contains(&lane) => resting.push((lane, until)),
                        Ok(Step::Went | Step::Nothing | Step::NotBefore(_)) => {}
                        Err(error) => {
                            tracing::error!(%error, "what was sent could not be recorded: {error}");
                            let failures = unrecorded.entry(lane).or_default();
                            *failures += 1;
                            resting.push((lane, self.clock.now() + RECORD_DELAYS.before(*failures)));
                        }
                    }
                }
                () = soft.cancelled() => break,
                () = self.queue.bells().outbound.notified() => {}
                () = self.state.wake.notified() => {}
                () = tokio::time::sleep(pause.unwrap_or(LOOK_AT_LEAST_EVERY).min(LOOK_AT_LEAST_EVERY)) => {}
            }
        }
        while requests.join_next().await.is_some() {}
    }

    /// Sends until nothing that is due is left; what is put off stays.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn drain(&self) -> Result<(), QueueError> {
        loop {
            let mut went = false;
            for lane in self.lanes().await? {
                if self.refused().is_none_or(|probe| probe == lane) {
                    went |= self.step(lane, false).await? == Step::Went;
                }
            }
            if !went {
                return Ok(());
            }
        }
    }

    /// Lanes with something to send, reactions first: an agent may wait for one.
    async fn lanes(&self) -> Result<Vec<Lane>, QueueError> {
        let mut lanes: Vec<Lane> = Vec::new();
        for mark in self.queue.wanted_marks(MARKS_PER_ROUND).await? {
            let lane = Lane::Reactions(mark.mark.on.channel);
            if !lanes.contains(&lane) {
                lanes.push(lane);
            }
        }
        lanes.extend(self.queue.busy_addresses().await?.into_iter().map(Lane::Posts));
        Ok(lanes)
    }

    async fn step(&self, lane: Lane, hurry: bool) -> Result<Step, QueueError> {
        match lane {
            Lane::Posts(to) => parcels::step(self, to, hurry).await,
            Lane::Reactions(channel) => reactions::step(self, channel, MARKS_PER_ROUND, hurry).await,
        }
    }

    fn refused(&self) -> Option<Lane> {
        *self.state.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that this lane's request was refused with 401 (all others wait for it), or that it was not.
    pub(super) fn token(&self, lane: Lane, refused: bool) {
        let mut held = self.state.refused.lock().unwrap_or_else(PoisonError::into_inner);
        match (*held, refused) {
            (None, true) => *held = Some(lane),
            (Some(probe), false) if probe == lane => {
                *held = None;
                self.state.wake.notify_one();
            }
            _ => {}
        }
    }
}
