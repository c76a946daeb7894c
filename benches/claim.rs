//! What a claim costs, in units of what the disk needs to make four KiB durable: the floor of everything that is promised to survive.
//!
//! `cargo bench --bench claim`. Both are measured in one run and in turns, because the machine of the next minute is another machine.

use std::{
    fs::File,
    io::Write as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use discord_orchestrator::adapters::sqlite::{SqliteOptions, SqliteStore};
use orchestrator_core::{
    domain::{
        actor::Actor,
        attempt::{Outcome, Report},
        id::{ChannelId, InstanceId, UserId},
        outbound::{Address, Identity},
        retry::Delays,
        task::{Origin, Priority, Task, Thinking, Wishes},
    },
    ports::{clock::Clock, entropy::Entropy, store::Store},
    queue::{Queue, Routes, Rules, enqueue::NewTask},
};

/// How many tasks wait while claims are measured.
const DEPTHS: [u64; 3] = [1_000, 10_000, 100_000];
/// Who asked for them.
const REQUESTERS: u64 = 100;
/// Claims, and writes to the bare disk, per depth.
const MEASURED: usize = 500;
/// Tasks that are put into the queue at once, so that they share commits.
const TOGETHER: u64 = 200;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let mut table = String::from("waiting | fdatasync p50 | claim p50 (p99) | settle p50 | claim / fdatasync\n");
    for depth in DEPTHS {
        table.push_str(&runtime.block_on(measure(depth)));
    }
    std::io::stdout().write_all(table.as_bytes()).expect("somebody reads");
}

async fn measure(depth: u64) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let queue = queue(&folder.path().join("orchestrator.db"));
    queue.pause("the benchmark".to_owned(), false).await.expect("paused");
    for first in (0..depth).step_by(usize::try_from(TOGETHER).expect("few")) {
        let asked = (first..first + TOGETHER).map(|n| queue.enqueue(new_task(n)));
        for done in futures_util::future::join_all(asked).await {
            done.expect("taken");
        }
    }
    queue.resume("the benchmark".to_owned()).await.expect("resumed");

    let mut bare = File::create(folder.path().join("bare")).expect("a file");
    let (mut syncs, mut claims, mut settles) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..MEASURED {
        let began = Instant::now();
        bare.write_all(&[7; 4_096]).and_then(|()| bare.sync_data()).expect("written");
        syncs.push(began.elapsed());

        let began = Instant::now();
        let attempt = queue.claim().await.expect("the store answers").expect("something waits");
        claims.push(began.elapsed());

        let began = Instant::now();
        let report = Report::without_result(Outcome::Failed, "measured");
        queue.settle(attempt.id, attempt.fence, report).await.expect("settled");
        settles.push(began.elapsed());
    }
    let (sync, claim, settle) = (at(&mut syncs, 50), at(&mut claims, 50), at(&mut settles, 50));
    let ratio = claim.as_secs_f64() / sync.as_secs_f64();
    format!("{depth:7} | {sync:13.0?} | {claim:.0?} ({:.0?}) | {settle:.0?} | {ratio:.2}\n", at(&mut claims, 99))
}

fn at(measured: &mut [Duration], percent: usize) -> Duration {
    measured.sort_unstable();
    measured[(measured.len() - 1) * percent / 100]
}

fn queue(path: &Path) -> Queue {
    let fatal = Arc::new(|reason: &str| panic!("the store gave up: {reason}"));
    let store = SqliteStore::open(path, SqliteOptions::new(Still.now(), fatal)).expect("opened");
    let to = |channel| Address { channel: ChannelId::new(channel), identity: Identity::Orchestrator };
    let rules = Rules {
        instance: InstanceId("here".to_owned()),
        slots: 4,
        lease: Duration::from_secs(60),
        lane_cap: u32::MAX,
        open_tasks_per_lane: u64::MAX,
        daily_ceiling: None,
        launch_tries: 3,
        launch_delays: Delays::POSTS,
        attempt_delays: Delays::POSTS,
        routes: Routes { results: to(1), operator: to(2), pool_channel: Some(ChannelId::new(3)), workers: 0 },
    };
    Queue::new(Arc::new(store) as Arc<dyn Store>, Arc::new(Still), Arc::new(Counting::default()), rules)
}

fn new_task(n: u64) -> NewTask {
    let task = Task {
        id: format!("t-{n}").parse().expect("a valid id"),
        requester: Actor::Member {
            user: UserId::new(n % REQUESTERS + 1),
            name: "somebody".to_owned(),
            roles: vec![],
            bot: false,
            administrator: false,
        },
        prompt: "Write a poem about the sea. ".repeat(10),
        wishes: Wishes {
            agent: "x".parse().expect("a valid name"),
            model: None,
            model_shown: None,
            thinking: Thinking::Medium,
            time_limit: Duration::from_secs(120),
            priority: Priority::DEFAULT,
            attempts: 1,
        },
        origin: Origin::Asked { announce_in: None },
        attachments: vec![],
        created_at: Still.now(),
    };
    NewTask { task, source: "cli", key: n.to_string(), body_hash: n.to_string(), gates: vec!["agent:x".to_owned()], blocked: None }
}

/// A clock that stands: what is measured is measured by the monotonic one.
struct Still;

impl Clock for Still {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(1_763_700_000, 0).expect("a valid time")
    }
}

#[derive(Default)]
struct Counting(AtomicU64);

impl Entropy for Counting {
    fn bytes(&self) -> [u8; 10] {
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        bytes
    }
}
