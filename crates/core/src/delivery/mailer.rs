//! The loop: one post under way per address, one reaction per channel, and nothing but the probe while the token is refused.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, atomic::AtomicBool, atomic::Ordering},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::{sync::Notify, task::JoinSet};
use tokio_util::sync::CancellationToken;

pub use super::means::Settings;
use super::{
    cards,
    means::{Lane, Means, Step},
    parcels, reactions,
};
use crate::{
    domain::retry::Delays,
    ports::{
        chat::Chat,
        clock::Clock,
        {progress::Progress, task_log::TaskLog},
    },
    queue::{Queue, QueueError},
};

/// The mailer never sleeps longer than this without a look.
const LOOK_AT_LEAST_EVERY: Duration = Duration::from_secs(30);
/// How long a lane rests whose result could not be recorded, a full disk being the usual reason: what was sent is then sent again under its
/// nonce, so neither too soon nor so late that the nonce protects it no longer.
const RECORD_DELAYS: Delays = Delays::new(Duration::from_secs(1), LOOK_AT_LEAST_EVERY);
/// After so many different reactions of a channel have failed in a row it is not they that are at fault: the channel rests.
const FAILURES_IN_A_ROW: u32 = 3;

/// A channel rests no longer than this, so that a new ✅ does not wait for long when Discord is back; and what waits for its return is not
/// tried more often than this for other channels' success.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// Sends what waits.
#[derive(Clone)]
pub struct Mailer {
    means: Means,
    state: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    hurry: AtomicBool,
    wake: Notify,
}

/// What the loop knows of the lanes.
#[derive(Default)]
struct Rounds {
    under_way: HashSet<Lane>,
    /// Lanes that wait, until when, and whether something new ends it.
    resting: HashMap<Lane, Rest>,
    /// How often in a row something has failed.
    failures: HashMap<Lane, u32>,
    /// How many results in a row could not be recorded.
    unrecorded: HashMap<Lane, u32>,
    /// Something has failed since Discord was last believed to be back.
    troubled: bool,
    returned_at: Option<DateTime<Utc>>,
    /// How often the bell has rung.
    rings: u64,
    /// Lanes that were to hurry; one whose request was under way then hurries when that is over.
    hurrying: HashSet<Lane>,
}

#[derive(Clone, Copy)]
struct Rest {
    until: DateTime<Utc>,
    /// A ring of the bell ends it: it is for want of anything to do.
    idle: bool,
}

impl Mailer {
    /// A mailer over a queue and a chat.
    pub fn new(
        queue: Queue,
        chat: Arc<dyn Chat>,
        said: (Arc<dyn TaskLog>, Arc<dyn Progress>),
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> Self {
        Self { means: Means::new(queue, chat, said, clock, settings), state: Arc::default() }
    }

    /// Discord is back (a gateway session has begun, so it accepts the token): what waits for a later try is tried at once.
    pub fn hurry(&self) {
        self.means.trust_tokens();
        self.state.hurry.store(true, Ordering::SeqCst);
        self.state.wake.notify_one();
    }

    /// Whether Discord refuses the token at present.
    pub fn token_refused(&self) -> bool {
        self.means.token_refused()
    }

    /// Sends until `soft` is cancelled, then lets the requests under way end.
    ///
    /// # Cancel safety
    ///
    /// Dropping it loses no letter: a parcel under way is sent again under its nonce.
    pub async fn run(self, soft: CancellationToken) {
        let mut rounds = Rounds::default();
        let mut requests: JoinSet<(Lane, u64, Result<Step, QueueError>)> = JoinSet::new();
        loop {
            let now = self.means.clock.now();
            match self.lanes().await {
                Ok(lanes) => {
                    if self.state.hurry.swap(false, Ordering::SeqCst) {
                        rounds.hurry(&lanes);
                    }
                    for lane in rounds.free(lanes, now, self.means.settings.delays) {
                        if rounds.yields(lane) {
                            continue;
                        }
                        if !self.means.holds(lane) && rounds.under_way.insert(lane) {
                            let (mailer, hurry) = (self.clone(), rounds.hurrying.remove(&lane));
                            let rings = rounds.rings;
                            requests.spawn(async move { (lane, rings, mailer.step(lane, hurry).await) });
                        }
                    }
                }
                Err(error) => tracing::error!(%error, "the outbox could not be read: {error}"),
            }
            let pause = rounds.next_at().and_then(|until| (until - now).to_std().ok());
            tokio::select! {
                biased;
                Some(done) = requests.join_next() => match done {
                    Ok((lane, rings, step)) => self.after(&mut rounds, lane, rings, step),
                    // A request that panicked has told so; its lane is free again.
                    Err(_) => rounds.under_way.clear(),
                },
                () = soft.cancelled() => break,
                () = self.means.queue.bells().outbound.notified() => rounds.something_new(),
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
        let mut failures: HashMap<Lane, u32> = HashMap::new();
        loop {
            let mut went = false;
            for lane in self.lanes().await? {
                if self.means.holds(lane) || failures.get(&lane).is_some_and(|failures| *failures >= FAILURES_IN_A_ROW) {
                    continue;
                }
                match self.step(lane, false).await? {
                    Step::Went => went = true,
                    Step::Failed(_) => {
                        *failures.entry(lane).or_default() += 1;
                        went = true;
                    }
                    Step::NotBefore(_) | Step::Nothing => {}
                }
            }
            if !went {
                return Ok(());
            }
        }
    }

    /// Lanes with something to send, reactions first: an agent may wait for one; and cards last: nobody waits for these.
    async fn lanes(&self) -> Result<Vec<Lane>, QueueError> {
        let marked = self.means.queue.marked_channels().await?.into_iter().map(Lane::Reactions);
        let busy = self.means.queue.busy_addresses().await?.into_iter().map(Lane::Posts);
        let carded =
            self.means.queue.carded_channels().await?.into_iter().flat_map(|channel| [Lane::CardEdits(channel), Lane::Cards(channel)]);
        Ok(marked.chain(busy).chain(carded).collect())
    }

    async fn step(&self, lane: Lane, hurry: bool) -> Result<Step, QueueError> {
        match lane {
            Lane::Posts(to) => parcels::step(&self.means, to, hurry).await,
            Lane::Reactions(channel) => reactions::step(&self.means, channel, hurry).await,
            Lane::CardEdits(channel) | Lane::Cards(channel) => cards::step(&self.means, lane, channel, hurry).await,
        }
    }

    fn after(&self, rounds: &mut Rounds, lane: Lane, rings: u64, step: Result<Step, QueueError>) {
        rounds.under_way.remove(&lane);
        let now = self.means.clock.now();
        if step.is_ok() {
            rounds.unrecorded.remove(&lane);
        }
        match step {
            Ok(Step::Went) => {
                rounds.failures.remove(&lane);
                if rounds.has_returned(now) {
                    self.state.hurry.store(true, Ordering::SeqCst);
                }
            }
            // What was written while it looked may be for it.
            Ok(Step::Nothing | Step::NotBefore(_)) if rounds.rings != rings => {}
            // A channel's lanes are named as long as there is anything for one of them: the others have to rest, not to ask again.
            Ok(Step::Nothing) => {
                let until = now + TimeDelta::from_std(LOOK_AT_LEAST_EVERY).unwrap_or_default();
                rounds.rest(lane, Rest { until, idle: true });
            }
            Ok(Step::NotBefore(until)) => rounds.rest(lane, Rest { until, idle: true }),
            Ok(Step::Failed(until)) if matches!(lane, Lane::Posts(_)) => {
                rounds.troubled = true;
                rounds.rest(lane, Rest { until, idle: true });
            }
            Ok(Step::Failed(_)) => {
                rounds.troubled = true;
                let failures = rounds.failures.entry(lane).or_default();
                *failures = failures.saturating_add(1);
                if let Some(beyond) = failures.checked_sub(FAILURES_IN_A_ROW) {
                    let until = now + self.means.settings.delays.before(beyond + 1).min(LONGEST_REST);
                    rounds.rest(lane, Rest { until, idle: false });
                }
            }
            Err(error) => {
                tracing::error!(%error, "what was sent could not be recorded: {error}");
                let failures = rounds.unrecorded.entry(lane).or_default();
                *failures = failures.saturating_add(1);
                let until = now + RECORD_DELAYS.before(*failures);
                rounds.rest(lane, Rest { until, idle: false });
            }
        }
    }
}

impl Rounds {
    /// What waits for Discord's return is tried.
    fn hurry(&mut self, lanes: &[Lane]) {
        self.resting.clear();
        self.failures.clear();
        self.hurrying.extend(lanes.iter().copied());
    }

    /// Whether this success, after failures, means that Discord is back. One channel may go on failing: it is not believed all the time.
    fn has_returned(&mut self, now: DateTime<Utc>) -> bool {
        let is_new = self.troubled && self.returned_at.is_none_or(|before| (now - before).to_std().map_or(true, |ago| ago >= LONGEST_REST));
        if is_new {
            self.troubled = false;
            self.returned_at = Some(now);
        }
        is_new
    }

    /// Something was written: whatever waited for want of anything to do looks again.
    fn something_new(&mut self) {
        self.rings = self.rings.wrapping_add(1);
        self.resting.retain(|_, rest| !rest.idle);
    }

    /// Lanes that need not wait.
    fn free(&mut self, lanes: Vec<Lane>, now: DateTime<Utc>, delays: Delays) -> Vec<Lane> {
        self.resting.retain(|_, rest| !delays.is_due(rest.until, now));
        lanes.into_iter().filter(|lane| !self.resting.contains_key(lane)).collect()
    }

    /// Whether a card waits because something that is more than progress is being posted in its channel.
    fn yields(&self, lane: Lane) -> bool {
        let posts_there = |channel| self.under_way.iter().any(|other| matches!(other, Lane::Posts(to) if to.channel == channel));
        matches!(lane, Lane::CardEdits(channel) | Lane::Cards(channel) if posts_there(channel))
    }

    fn next_at(&self) -> Option<DateTime<Utc>> {
        self.resting.values().map(|rest| rest.until).min()
    }

    fn rest(&mut self, lane: Lane, rest: Rest) {
        if !self.hurrying.contains(&lane) {
            self.resting.insert(lane, rest);
        }
    }
}
