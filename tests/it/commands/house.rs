//! What stands in for the machine, and the rules of the tests' desk and queue.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use discord_orchestrator::{adapters::sqlite::SqliteStore, surfaces::discord::IdentifyMemory};
use orchestrator_core::{
    domain::{
        ceiling::Ceilings,
        check::Offer,
        id::{ChannelId, InstanceId},
        model::{Catalogue, ModelId},
        outbound::{Address, Identity},
        quota::Quotas,
        retry::Delays,
        showing::{Showing, Shown},
        task::Priority,
    },
    intake::desk::{DeskRules, Priorities},
    ports::{
        clock::Clock,
        entropy::Entropy,
        store::{ReadBody, Store, StoreError, Urgency, WriteBody},
        task_log::TaskLog,
    },
    queue::{Routes, Rules},
    runner::transcript::Transcript,
};
use tokio::time::sleep;

/// The machine's clock: the local Discord has it too.
pub(super) struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> DateTime<Utc> {
        std::time::UNIX_EPOCH.elapsed().map(|since| DateTime::UNIX_EPOCH + since).expect("it is after 1970")
    }
}

/// Counts instead of drawing.
#[derive(Default)]
pub(super) struct Counting(AtomicU64);

impl Entropy for Counting {
    fn bytes(&self) -> [u8; 10] {
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&self.0.fetch_add(1, Ordering::SeqCst).to_le_bytes());
        bytes
    }
}

/// Counts no identifies: there are few.
pub(super) struct Forgetful;

#[async_trait]
impl IdentifyMemory for Forgetful {
    async fn load(&self) -> Option<String> {
        None
    }

    async fn save(&self, _: String) {}
}

/// A store that takes its time when it is told to.
pub(super) struct Slow {
    pub(super) store: SqliteStore,
    pub(super) delay_ms: AtomicU64,
}

#[async_trait]
impl Store for Slow {
    async fn write(&self, urgency: Urgency, body: WriteBody) -> Result<(), StoreError> {
        sleep(Duration::from_millis(self.delay_ms.load(Ordering::SeqCst))).await;
        self.store.write(urgency, body).await
    }

    async fn read(&self, body: ReadBody) -> Result<(), StoreError> {
        sleep(Duration::from_millis(self.delay_ms.load(Ordering::SeqCst))).await;
        self.store.read(body).await
    }
}

pub(super) fn log() -> Arc<dyn TaskLog> {
    Arc::new(Transcript::new(Arc::new(WallClock)))
}

pub(super) fn rules(slots: u32, results: ChannelId, pool: ChannelId) -> Rules {
    let to = |channel| Address { channel, identity: Identity::Orchestrator };
    Rules {
        instance: InstanceId("A".to_owned()),
        process: 0,
        slots,
        lease: Duration::from_secs(60),
        lane_cap: u32::MAX,
        open_tasks_per_lane: 1_000,
        ceilings: Ceilings::default(),
        quotas: Quotas::default(),
        launch_tries: 2,
        launch_delays: Delays::new(Duration::from_secs(1), Duration::from_secs(1)),
        attempt_delays: Delays::new(Duration::from_secs(1), Duration::from_secs(1)),
        showing: Showing { shown: Shown::Silent, threads: false },
        card_gap: Duration::ZERO,
        routes: Routes { results: to(results), operator: to(pool), pool_channel: None, workers: 0 },
    }
}

pub(super) fn desk_rules(task_channel: ChannelId) -> DeskRules {
    let mut catalogue = Catalogue::default();
    for (alias, id) in [
        (Some("cheap"), "openrouter/stepfun/step-3.5-flash:free"),
        (Some("primary"), "openrouter/moonshotai/kimi-k2.5"),
        (None, "openrouter/x/bare"),
    ] {
        catalogue.add(&ModelId(id.to_owned()), alias.map(str::to_owned), None);
    }
    let agent = |name: &str| name.parse().expect("a name");
    let check = |name: &str| name.parse().expect("a name");
    DeskRules {
        budget: None,
        max_budget: None,
        catalogue,
        agents: vec![agent("openclaw"), agent("script")],
        own_models: std::collections::BTreeMap::new(),
        default_agent: agent("script"),
        time_limit: None,
        max_time_limit: Duration::from_secs(3_600),
        priorities: Priorities { everyone: "high".parse().expect("a priority"), operators: Priority::MAX, roles: BTreeMap::new() },
        checks: BTreeMap::from([(agent("script"), Offer { names: ["lint", "tests"].map(check).into(), always: Vec::new() })]),
        attempts: 1,
        text_limit: 256 * 1024,
        task_channels: vec![task_channel],
        ask_after: Duration::from_secs(86_400),
    }
}
