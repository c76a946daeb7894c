//! A queue whose time and chance belong to the test.

pub(crate) mod recount;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use orchestrator_core::{
    domain::{
        actor::Actor,
        agent::AgentName,
        attempt::{Outcome, Report},
        ceiling::Ceilings,
        id::{ChannelId, InstanceId, MessageId, TaskId, UserId},
        money::Usd,
        outbound::{Address, Identity},
        quota::Quotas,
        retry::Delays,
        showing::{Showing, Shown},
        task::{MessageRef, Origin, Priority, Task, Thinking, Wishes},
    },
    ports::{clock::Clock, entropy::Entropy, store::Store},
    queue::{
        Queue, Routes, Rules,
        enqueue::{Enqueued, NewTask},
    },
};

/// The channel of tasks that began as messages.
pub(crate) const TASKS: u64 = 101;

/// What an edited message is answered with whose task runs again as it was.
pub(crate) const EDITED: &str = "as it was";

/// Noon of a day, so that a test may move some hours without reaching midnight.
pub(crate) fn noon() -> DateTime<Utc> {
    "2026-03-02T12:00:00Z".parse().expect("a valid time")
}

/// A clock that moves when the test says so.
#[derive(Debug)]
pub(crate) struct TestClock(Mutex<DateTime<Utc>>);

impl TestClock {
    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes that look drawn and are the same in each run.
#[derive(Debug, Default)]
pub(crate) struct SeededEntropy(AtomicU64);

impl Entropy for SeededEntropy {
    fn bytes(&self) -> [u8; 10] {
        // SplitMix64: each count gives other bytes.
        let mut z = self.0.fetch_add(1, Ordering::SeqCst).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&(z ^ (z >> 31)).to_be_bytes());
        bytes
    }
}

/// A queue over a store, with everything that a test may want to turn.
pub(crate) struct World {
    pub(crate) queue: Queue,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<TestClock>,
    entropy: Arc<SeededEntropy>,
}

impl World {
    /// A world over a store, by these rules.
    pub(crate) fn over(store: Arc<dyn Store>, rules: Rules) -> Self {
        let (clock, entropy) = (Arc::new(TestClock(Mutex::new(noon()))), Arc::new(SeededEntropy::default()));
        let queue = Queue::new(Arc::clone(&store), Arc::clone(&clock) as Arc<dyn Clock>, Arc::clone(&entropy) as Arc<dyn Entropy>, rules);
        Self { queue, store, clock, entropy }
    }

    /// The service ends and starts again, by other rules perhaps: nothing is left but the store.
    pub(crate) fn restart(&mut self, rules: Rules) {
        let (clock, entropy) = (Arc::clone(&self.clock) as Arc<dyn Clock>, Arc::clone(&self.entropy) as Arc<dyn Entropy>);
        self.queue = Queue::new(Arc::clone(&self.store), clock, entropy, rules);
    }

    pub(crate) fn clock_now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Puts a task into the queue.
    pub(crate) async fn enqueue(&self, ask: &Ask) -> Enqueued {
        self.queue.enqueue(ask.new_task(self.clock_now())).await.expect("the task is taken")
    }
}

/// Two slots, no caps, no ceiling.
pub(crate) fn rules() -> Rules {
    let to = |channel| Address { channel: ChannelId::new(channel), identity: Identity::Orchestrator };
    Rules {
        instance: InstanceId("here".to_owned()),
        process: 0,
        slots: 2,
        lease: Duration::from_secs(60),
        lane_cap: u32::MAX,
        open_tasks_per_lane: 1_000,
        ceilings: Ceilings::default(),
        quotas: Quotas::default(),
        launch_tries: 3,
        launch_delays: Delays::new(Duration::from_secs(1), Duration::from_secs(60)),
        attempt_delays: Delays::new(Duration::from_secs(10), Duration::from_secs(600)),
        showing: Showing { shown: Shown::StateChanges, threads: true },
        card_gap: Duration::ZERO,
        routes: Routes { results: to(201), operator: to(202), pool_channel: Some(ChannelId::new(203)), workers: 0 },
    }
}

/// What a test asks for.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) id: u64,
    pub(crate) user: u64,
    pub(crate) agent: &'static str,
    pub(crate) priority: u16,
    pub(crate) attempts: u32,
    pub(crate) budget: Option<Usd>,
    /// Whether it began as a message, and so waits for its ✅.
    pub(crate) from_message: bool,
}

/// A task of user 1 for agent `x` that waits for no ✅.
pub(crate) fn ask(id: u64) -> Ask {
    Ask { id, user: 1, agent: "x", priority: 100, attempts: 1, budget: None, from_message: false }
}

impl Ask {
    pub(crate) fn task(&self, now: DateTime<Utc>) -> Task {
        Task {
            id: id(self.id),
            requester: Actor::Member {
                user: UserId::new(self.user),
                name: format!("user {}", self.user),
                roles: vec![],
                bot: false,
                administrator: false,
            },
            prompt: format!("task {}", self.id),
            wishes: Wishes {
                agent: agent(self.agent),
                model: None,
                model_shown: None,
                thinking: Thinking::Medium,
                time_limit: Duration::from_secs(120),
                priority: priority(self.priority),
                budget: self.budget,
                attempts: self.attempts,
                checks: Vec::new(),
                closer: None,
            },
            origin: if self.from_message { Origin::Message(message(self.id)) } else { Origin::Asked { announce_in: None } },
            attachments: vec![],
            created_at: now,
        }
    }

    pub(crate) fn gates(&self) -> Vec<String> {
        vec![format!("agent:{}", self.agent)]
    }

    pub(crate) fn new_task(&self, now: DateTime<Utc>) -> NewTask {
        let source = if self.from_message { "message" } else { "cli" };
        NewTask { task: self.task(now), source, key: self.id.to_string(), body_hash: "hash".to_owned(), gates: self.gates(), blocked: None }
    }
}

pub(crate) fn id(id: u64) -> TaskId {
    id.to_string().parse().expect("a valid task id")
}

pub(crate) fn message(id: u64) -> MessageRef {
    MessageRef { channel: ChannelId::new(TASKS), message: MessageId::new(id) }
}

pub(crate) fn agent(name: &str) -> AgentName {
    name.parse().expect("a valid agent name")
}

pub(crate) fn priority(priority: u16) -> Priority {
    priority.to_string().parse().expect("a valid priority")
}

/// A report with nothing in it but its outcome and a cost.
pub(crate) fn report(outcome: Outcome, nanos: Option<i64>) -> Report {
    Report { cost: nanos.map(Usd::from_nanos), ..Report::without_result(outcome, "as the test says") }
}
