//! Whether a deep queue costs more: processor time per task, memory of the service, and the time to its first claim after a restart.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use orchestrator_core::domain::attempt::{Outcome, Report};
use orchestrator_sandbox::Limits;
use rusqlite::{Connection, OpenFlags};

use crate::{
    Effort, cpu,
    house::{Desk, new_task},
    idle,
    noop::Programs,
    ratio::{Row, Target, median},
    seed,
    service::{Service, on_disk},
};

const SHALLOW: u64 = 1_000;
const TASKS_PER_ROUND: u64 = 300;
const AT_RESTART: u64 = 100_000;
/// How long a first claim may take before it counts as never.
const PATIENCE: Duration = Duration::from_secs(60);

pub async fn measure(effort: Effort) -> Vec<Row> {
    let programs_folder = on_disk();
    let programs = Programs::make(programs_folder.path());
    let (shallow, deep) = (on_disk(), Service::prepare(Limits::Off, &programs.noop).await);
    let deep_folder = deep.dir.path().join(".runtime");
    seed::waiting(shallow.path(), SHALLOW).await;
    seed::waiting(&deep_folder, effort.deep).await;
    let memory = memory(deep, &programs.noop, effort).await;
    vec![cost(shallow.path(), effort).await, memory, restart(&programs.noop, effort).await]
}

/// The queue's own work for one task: taken in, claimed, launched, settled. The process of its agent does not know how many wait.
async fn cost(shallow: &Path, effort: Effort) -> Row {
    let deep = on_disk();
    seed::waiting(deep.path(), effort.deep).await;
    seed::resume(shallow);
    seed::resume(deep.path());
    let (few, many) = (Desk::open(shallow, 1), Desk::open(deep.path(), 1));
    for desk in [&few, &many] {
        tasks(desk, 0..100).await;
    }
    let (mut at_few, mut at_many) = (Vec::new(), Vec::new());
    // More rounds than elsewhere: the difference that is looked for is small.
    for round in 0..u64::from(effort.rounds) * 2 {
        let first = 1_000 + round * TASKS_PER_ROUND;
        for (desk, taken) in [(&few, &mut at_few), (&many, &mut at_many)] {
            let before = cpu::own();
            tasks(desk, first..first + TASKS_PER_ROUND).await;
            taken.push(cpu::own().saturating_sub(before).as_secs_f64() * 1e6 / TASKS_PER_ROUND as f64);
        }
    }
    few.store.close().await;
    many.store.close().await;
    let figure = format!("the queue's CPU per task with {} waiting / with {SHALLOW}", effort.deep);
    Row::ratio(figure, median(at_many), median(at_few), "us", Some(Target::AtMost(1.1)))
}

async fn tasks(desk: &Desk, numbers: std::ops::Range<u64>) {
    for n in numbers {
        // The slot is taken first, so that a task comes in to wait, as the others do.
        let attempt = desk.queue.claim(1).await.expect("the store answers").pop().expect("tasks wait and the slot is free");
        desk.queue.enqueue(new_task(n)).await.expect("it is taken");
        desk.queue.launched(attempt.id, attempt.fence).await.expect("it is launched");
        let report = Report::without_result(Outcome::Failed, "measured");
        desk.queue.settle(attempt.id, attempt.fence, report).await.expect("it is settled");
    }
}

async fn memory(mut deep: Service, agent: &Path, effort: Effort) -> Row {
    let mut empty = Service::prepare(Limits::Off, agent).await;
    let (mut at_empty, mut at_many) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds.min(3) {
        for (service, resident) in [(&mut empty, &mut at_empty), (&mut deep, &mut at_many)] {
            service.start();
            service.online().await;
            tokio::time::sleep(Duration::from_secs(2)).await;
            resident.push(idle::status_mb(service.process(), "VmRSS:"));
            service.stop();
        }
    }
    let figure = format!("resident memory with {} waiting / with none", effort.deep);
    Row::ratio(figure, median(at_many), median(at_empty), "MB", Some(Target::AtMost(1.2)))
}

async fn restart(agent: &Path, effort: Effort) -> Row {
    let seeded = on_disk();
    seed::waiting(seeded.path(), AT_RESTART).await;
    seed::resume(seeded.path());
    let database = |folder: &Path| folder.join("orchestrator.db");
    // Whoever opened it last has taken the log along.
    let mut took = Vec::new();
    for _ in 0..effort.rounds.min(3) {
        let mut service = Service::prepare(Limits::Off, agent).await;
        let copy = database(&service.dir.path().join(".runtime"));
        std::fs::copy(database(seeded.path()), &copy).expect("room for a copy");
        std::fs::File::open(&copy).and_then(|file| file.sync_all()).expect("a disk");
        let started = Instant::now();
        service.start();
        let claimed = tokio::task::spawn_blocking(move || first_claim(&copy, started)).await.expect("nobody panics");
        took.push(claimed.as_secs_f64() * 1e3);
        service.stop();
    }
    let figure = format!("restart with {AT_RESTART} waiting: exec -> first claim committed, ms");
    Row::plain(figure, median(took), "ms", Some(Target::AtMost(100.0)))
}

fn first_claim(database: &Path, started: Instant) -> Duration {
    let look = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("a database");
    let claimed = || look.query_row("SELECT count(*) FROM attempt", [], |row| row.get::<_, i64>(0)).unwrap_or(0) > 0;
    while !claimed() && started.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_micros(500));
    }
    started.elapsed()
}
