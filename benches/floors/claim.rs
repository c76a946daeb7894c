//! A task accepted and claimed, durably, in one transaction; over one fdatasync on the same disk.

use std::{fs::File, io::Write as _, time::Instant};

use orchestrator_core::{
    domain::lease::Fence,
    queue::{Queue, enqueue::Enqueued},
};
use tokio::task::JoinSet;

use crate::{
    Effort,
    house::{Desk, new_task},
    ratio::{Row, Target, median},
};

const CLAIMS: u64 = 400;

pub async fn measure(effort: Effort) -> Vec<Row> {
    let mut rows = Vec::new();
    for (clients, target) in [(1, Some(Target::AtMost(2.0))), (8, Some(Target::AtMost(3.0))), (64, None)] {
        rows.push(with_clients(clients, target, effort).await);
    }
    rows
}

async fn with_clients(clients: u64, target: Option<Target>, effort: Effort) -> Row {
    // On the disk that the project is on: a temporary folder may be in memory.
    let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).expect("a folder");
    let desk = Desk::open(folder.path(), u32::try_from(clients).expect("few") + 1);
    let mut plain = File::create(folder.path().join("floor")).expect("a file");
    let (mut floor, mut ours) = (Vec::new(), Vec::new());
    let per_client = (CLAIMS / clients / u64::from(effort.rounds)).max(4);
    for round in 0..u64::from(effort.rounds) {
        floor.extend((0..CLAIMS / u64::from(effort.rounds)).map(|_| fdatasync(&mut plain)));
        let mut together = JoinSet::new();
        for client in 0..clients {
            let (queue, first) = (desk.queue.clone(), (round * clients + client) * per_client);
            together.spawn(async move {
                let mut took = Vec::new();
                for n in first..first + per_client {
                    took.push(accepted_and_claimed(&queue, n).await);
                }
                took
            });
        }
        while let Some(took) = together.join_next().await {
            ours.extend(took.expect("no client breaks"));
        }
    }
    desk.store.close().await;
    let figure = format!("message -> claimed at {clients} {}, p50 / fdatasync p50", if clients == 1 { "client" } else { "clients" });
    Row::ratio(figure, median(ours), median(floor), "us", target)
}

fn fdatasync(disk: &mut File) -> f64 {
    let started = Instant::now();
    disk.write_all(&[7; 4096]).expect("room");
    disk.sync_data().expect("a disk");
    started.elapsed().as_secs_f64() * 1e6
}

async fn accepted_and_claimed(queue: &Queue, n: u64) -> f64 {
    let new = new_task(n);
    let started = Instant::now();
    let taken = queue.enqueue(new).await.expect("it is taken");
    let took = started.elapsed().as_secs_f64() * 1e6;
    // It ends before the next one is measured, as slots are few in a service.
    let Enqueued::New { claimed: Some(attempt), .. } = taken else { return took };
    queue.launch_failed(attempt, Fence(1), "measured".to_owned(), false).await.expect("it ends");
    took
}
