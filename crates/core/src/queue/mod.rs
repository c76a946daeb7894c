//! Stage 2: the only writer of state.
//!
//! What comes in are the verbs of the other stages (enqueue, claim, launched, settle, cancel …); each is one promise, written once as a
//! synchronous, re-runnable body over [`Rows`], and each is one transaction. What goes out are facts: claims, parcels, read models, and the
//! ringing of [`Bells`]. The queue knows nothing of Discord's words, of processes, or of SQL.

pub mod board;
mod card_changes;
mod card_facts;
pub mod cards;
pub mod ceilings;
pub mod claim;
pub mod control;
mod dispatch;
pub mod enqueue;
pub mod follow_ups;
mod gates;
mod lanes;
pub mod launch;
pub mod marks;
pub mod outbound;
mod permissions;
mod quotas;
mod refusals;
mod reopen;
pub mod settle;
mod showing;
mod signs;
pub mod upkeep;

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI32, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use thiserror::Error;
use tokio::sync::Notify;

use crate::{
    domain::{
        attempt::Outcome,
        ceiling::Ceilings,
        id::{ChannelId, InstanceId, LetterId, TaskId},
        journal::{Event, What},
        outbound::{Address, Identity, Letter, LetterState},
        quota::{Credential, Quotas},
        retry::Delays,
        showing::Showing,
        step::IllegalTransition,
    },
    ports::{
        clock::Clock,
        entropy::Entropy,
        rows::{AttemptRow, LetterRow, Look, Rows, RowsError, StepRow, TaskRow},
        store::{Abort, Store, StoreError, Urgency},
    },
};

/// The queue: all promises about tasks, over one store.
#[derive(Clone)]
pub struct Queue {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    rules: Arc<Rules>,
    bells: Arc<Bells>,
    /// Whether this process starts nothing more.
    ending: Arc<AtomicBool>,
    /// The day, as `num_days_from_ce` counts, for which the ceilings were opened last; 0: none yet.
    day: Arc<AtomicI32>,
    /// Whose quotas were there at the last look at those who wait for one.
    quotas_there: Arc<Mutex<BTreeSet<Credential>>>,
}

/// What the queue needs to know of the configuration.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The instance in whose name attempts are claimed.
    pub instance: InstanceId,
    /// The number of chance by which this process knows what it has begun itself: [`Queue::new`] draws it.
    pub process: u64,
    /// How many attempts this instance runs at once.
    pub slots: u32,
    /// How long a lease lasts without renewal.
    pub lease: Duration,
    /// How many of a requester's steps may run at once.
    pub lane_cap: u32,
    /// How many open tasks a requester may have.
    pub open_tasks_per_lane: u64,
    /// What a day (UTC) may cost, in all and by whom: at the ceiling of all nothing more is started, at another one what it counts waits.
    pub ceilings: Ceilings,
    /// What becomes of an agent's tasks when its quota is used up.
    pub quotas: Quotas,
    /// Launches of one attempt that may fail before the step fails.
    pub launch_tries: u32,
    /// Delays between launches that the machine refused.
    pub launch_delays: Delays,
    /// Delays between declared attempts.
    pub attempt_delays: Delays,
    /// How much a channel shows of its tasks that has no settings of its own.
    pub showing: Showing,
    /// The least time between two edits of a card that is in no hurry.
    pub card_gap: Duration,
    /// Where letters go.
    pub routes: Routes,
}

/// Where letters go.
#[derive(Clone, Copy, Debug)]
pub struct Routes {
    /// Result entries.
    pub results: Address,
    /// What an operator must know.
    pub operator: Address,
    /// Start and end notices; `None`: no channel is configured for them.
    pub pool_channel: Option<ChannelId>,
    /// Bit n set: worker n has a token of its own.
    pub workers: u8,
}

impl Routes {
    /// The address of notices of a slot, if they are posted at all: its worker's identity where there is one, the bot's own otherwise.
    pub fn pool_of_slot(&self, slot: u32) -> Option<Address> {
        let worker = u8::try_from(slot).ok().filter(|n| (1..=3).contains(n) && self.workers & (1 << n) != 0);
        self.pool_channel.map(|channel| Address { channel, identity: worker.map_or(Identity::Orchestrator, Identity::Worker) })
    }
}

/// Rung when something may have become possible; each has one listener, which looks at the store itself. A ring before the listener
/// listens is not lost.
#[derive(Debug, Default)]
pub struct Bells {
    /// A step may be claimable.
    pub work: Notify,
    /// An attempt may be launchable, or one is to be stopped.
    pub attempts: Notify,
    /// A letter or a mark waits.
    pub outbound: Notify,
}

/// A promise was not kept, and nothing was changed.
#[derive(Debug, Error)]
pub enum QueueError {
    /// No task has this id.
    #[error("no task `{0}` is known here")]
    NoTask(TaskId),
    /// The task is not in a state in which this can be done.
    #[error("task `{task}` can't be {verb}: it {because}")]
    NotNow {
        /// Which.
        task: TaskId,
        /// What was to be done, as a participle.
        verb: &'static str,
        /// What it is doing.
        because: String,
    },
    /// The requester has too many open tasks.
    #[error("{open} tasks of yours are open; the limit is {limit}: wait for one to end, or cancel one")]
    TooMany {
        /// How many are open.
        open: u64,
        /// How many may be.
        limit: u64,
    },
    /// A writer with an old fencing number.
    #[error("this attempt was overtaken; what it reports is not recorded")]
    Late,
    /// A rule of the step's states was broken: a defect, told instead of hidden.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<RowsError> for QueueError {
    fn from(error: RowsError) -> Self {
        Self::Store(StoreError::Rows(error))
    }
}

impl Queue {
    /// A queue over a store.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, rules: Rules) -> Self {
        let process = entropy.bytes().into_iter().take(8).fold(0, |number, byte| number << 8 | u64::from(byte));
        let rules = Arc::new(Rules { process, ..rules });
        let (bells, ending, day, quotas_there) = Default::default();
        Self { store, clock, entropy, rules, bells, ending, day, quotas_there }
    }

    /// What rings when something may have become possible.
    pub fn bells(&self) -> &Bells {
        &self.bells
    }

    /// Nothing is claimed by this process any more; what is accepted waits for the next one.
    pub fn start_nothing_more(&self) {
        self.ending.store(true, Ordering::SeqCst);
    }

    /// The rules that this queue goes by.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Runs one promise's body in a transaction and brings its answer out of it.
    async fn write<T: Send + 'static>(
        &self,
        urgency: Urgency,
        mut body: impl FnMut(&mut dyn Rows) -> Result<T, QueueError> + Send + 'static,
    ) -> Result<T, QueueError> {
        let slot = Arc::new(Mutex::new(None));
        let answer = Arc::clone(&slot);
        let done = self
            .store
            .write(
                urgency,
                Box::new(move |rows| match body(rows) {
                    Ok(value) => {
                        *answer.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(Ok(value));
                        Ok(())
                    }
                    Err(QueueError::Store(StoreError::Rows(error))) => Err(Abort::Rows(error)),
                    Err(refused) => {
                        *answer.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(Err(refused));
                        Err(Abort::Refused)
                    }
                }),
            )
            .await;
        let told = slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        match (done, told) {
            (Ok(()), Some(Ok(value))) => Ok(value),
            (Err(StoreError::Refused), Some(Err(refused))) => Err(refused),
            (Err(error), _) => Err(error.into()),
            (Ok(()), _) => Err(StoreError::Closed.into()),
        }
    }

    /// Runs a body that only looks, and brings its answer out.
    async fn read<T: Send + 'static>(
        &self,
        mut body: impl FnMut(&dyn Look) -> Result<T, RowsError> + Send + 'static,
    ) -> Result<T, QueueError> {
        let slot = Arc::new(Mutex::new(None));
        let answer = Arc::clone(&slot);
        self.store
            .read(Box::new(move |look| {
                *answer.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(body(look)?);
                Ok(())
            }))
            .await?;
        let told = slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        told.ok_or_else(|| StoreError::Closed.into())
    }
}

/// A task that must be there.
fn task_row(look: &(impl Look + ?Sized), id: &TaskId) -> Result<TaskRow, QueueError> {
    look.task(id)?.ok_or_else(|| QueueError::NoTask(id.clone()))
}

/// The step of a task that must be there.
fn step_row(look: &(impl Look + ?Sized), id: &TaskId) -> Result<StepRow, QueueError> {
    look.step_of(id)?.ok_or_else(|| QueueError::NoTask(id.clone()))
}

/// The live attempt of a step, if it has one.
fn live_attempt(look: &(impl Look + ?Sized), task: &TaskId) -> Result<Option<AttemptRow>, RowsError> {
    Ok(look.attempts_of(task)?.into_iter().rev().find(|attempt| attempt.state.is_live()))
}

fn journal(rows: &mut dyn Rows, at: DateTime<Utc>, task: &TaskId, what: What) -> Result<(), RowsError> {
    rows.append(&Event { at, task: Some(task.clone()), attempt: None, what })
}

fn journal_attempt(rows: &mut dyn Rows, at: DateTime<Utc>, attempt: &AttemptRow, what: What) -> Result<(), RowsError> {
    rows.append(&Event { at, task: Some(attempt.task.clone()), attempt: Some(attempt.id), what })
}

fn write_letter(rows: &mut dyn Rows, at: DateTime<Utc>, to: Address, task: Option<&TaskId>, letter: Letter) -> Result<LetterId, RowsError> {
    rows.insert_letter(&LetterRow {
        id: LetterId(0),
        to,
        class: letter.class(),
        letter,
        task: task.cloned(),
        state: LetterState::Waiting,
        written_at: at,
    })
}

/// The fact under which a day's spending is counted.
fn spent_fact(at: DateTime<Utc>) -> String {
    format!("spent:{}", at.date_naive())
}

/// What a task that has ended is called in refusals.
fn ended_words(outcome: Outcome) -> String {
    format!("has ended ({})", outcome.word().replace('_', " "))
}

/// Why something can't be done to a task at present.
fn not_now(task: &TaskId, verb: &'static str, because: &str) -> QueueError {
    QueueError::NotNow { task: task.clone(), verb, because: because.to_owned() }
}
