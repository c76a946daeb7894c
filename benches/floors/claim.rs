//! A task accepted and claimed, durably, in one transaction; over one fdatasync on the same disk.

use std::{
    fs::File,
    io::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use discord_orchestrator::adapters::{
    sqlite::{SqliteOptions, SqliteStore},
    system_clock::SystemClock,
    system_entropy::SystemEntropy,
};
use orchestrator_core::{
    domain::{
        actor::Actor,
        id::{ChannelId, InstanceId, TaskId},
        lease::Fence,
        outbound::{Address, Identity},
        retry::Delays,
        task::{Origin, Priority, Task, Thinking, Wishes},
    },
    ports::clock::Clock as _,
    queue::{
        Queue, Routes, Rules,
        enqueue::{Enqueued, NewTask},
    },
};

use crate::ratio::{Figure, median};

const CLAIMS: usize = 400;

pub async fn measure() -> Vec<Figure> {
    // On the disk that the project is on: a temporary folder may be in memory.
    let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).expect("a folder");
    let store =
        SqliteStore::open(&folder.path().join("bench.db"), SqliteOptions::new(SystemClock.now(), Arc::new(|_| {}))).expect("a store");
    let queue = Queue::new(Arc::new(store), Arc::new(SystemClock), Arc::new(SystemEntropy), rules());
    let mut disk = File::create(folder.path().join("floor")).expect("a file");
    let (mut floor, mut ours) = (Vec::new(), Vec::new());
    for n in 0..CLAIMS {
        floor.push(fdatasync(&mut disk));
        ours.push(accepted_and_claimed(&queue, n).await);
    }
    let (floor, ours) = (median(floor), median(ours));
    vec![Figure {
        name: format!("message -> claimed, p50 / fdatasync (n={CLAIMS})"),
        ours: format!("{ours:.0} us"),
        floor: format!("{floor:.0} us"),
        ratio: Some(ours / floor),
        target: "<= 2",
    }]
}

fn fdatasync(disk: &mut File) -> f64 {
    let started = Instant::now();
    disk.write_all(&[7; 4096]).expect("room");
    disk.sync_data().expect("a disk");
    started.elapsed().as_secs_f64() * 1e6
}

async fn accepted_and_claimed(queue: &Queue, n: usize) -> f64 {
    let new = NewTask { task: task(n), source: "cli", key: n.to_string(), body_hash: String::new(), gates: Vec::new(), blocked: None };
    let started = Instant::now();
    let taken = queue.enqueue(new).await.expect("it is taken");
    let took = started.elapsed().as_secs_f64() * 1e6;
    // It ends before the next one is measured, as slots are few in a service.
    let Enqueued::New { claimed: Some(attempt), .. } = taken else { panic!("a slot is free") };
    queue.launch_failed(attempt, Fence(1), "measured".to_owned(), false).await.expect("it ends");
    took
}

fn task(n: usize) -> Task {
    Task {
        id: TaskId::generated(n as u64, [0; 10]),
        requester: Actor::Operator { name: "bench".to_owned() },
        prompt: "Summarise the release notes of the last version in five lines, please.".to_owned(),
        wishes: Wishes {
            agent: "demo".parse().expect("a name"),
            model: None,
            model_shown: None,
            thinking: Thinking::Low,
            time_limit: Duration::from_secs(60),
            priority: Priority::DEFAULT,
            attempts: 1,
        },
        origin: Origin::Asked { announce_in: None },
        attachments: Vec::new(),
        created_at: SystemClock.now(),
    }
}

fn rules() -> Rules {
    let address = Address { channel: ChannelId::new(1), identity: Identity::Orchestrator };
    Rules {
        instance: InstanceId("A".to_owned()),
        slots: 4,
        lease: Duration::from_secs(60),
        lane_cap: u32::MAX,
        open_tasks_per_lane: u64::MAX,
        daily_ceiling: None,
        launch_tries: 1,
        launch_delays: Delays::POSTS,
        attempt_delays: Delays::POSTS,
        routes: Routes { results: address, operator: address, pool_channel: None, workers: 0 },
    }
}
