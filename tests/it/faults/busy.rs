//! Somebody else writes to the database: for seconds, and again and again.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rusqlite::Connection;

use super::{judge, say_simple};
use crate::world::{PATIENCE, World};

fn database(world: &World) -> PathBuf {
    world.dir().join(".runtime/orchestrator.db")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_holds_the_database_for_seconds_is_waited_for() {
    let world = World::new().await;
    let other = Connection::open(database(&world)).expect("it opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("nobody else writes");

    let tasks: Vec<_> = (0..3).map(|_| say_simple(&world)).collect();
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert!(tasks.iter().all(|task| !world.has_mark(*task, "✅")), "what is not stored is not claimed");
    other.execute_batch("ROLLBACK").expect("it is let go");

    world.all_entries(&tasks, PATIENCE).await;
    for task in &tasks {
        world.marked(*task, "🏁").await;
    }
    judge(&world, &tasks, "held for seconds");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_outlasts_all_patience_costs_time_and_nothing_else() {
    let world = World::new().await;
    let other = Connection::open(database(&world)).expect("it opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("nobody else writes");

    let tasks: Vec<_> = (0..3).map(|_| say_simple(&world)).collect();
    world.until("its patience has ended", |world| world.log().contains("another process holds the database; try again")).await;
    other.execute_batch("ROLLBACK").expect("it is let go");

    world.all_entries(&tasks, PATIENCE).await;
    for task in &tasks {
        world.marked(*task, "🏁").await;
    }
    judge(&world, &tasks, "held beyond patience");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_other_writers_slows_tasks_and_loses_none() {
    let world = World::new().await;
    let over = Arc::new(AtomicBool::new(false));
    let storm: Vec<_> = (0..4)
        .map(|_| {
            let (path, over) = (database(&world), Arc::clone(&over));
            std::thread::spawn(move || {
                let other = Connection::open(path).expect("it opens");
                other.busy_timeout(Duration::from_secs(10)).expect("it waits");
                while !over.load(Ordering::Relaxed) {
                    // A hold of some length, which changes nothing.
                    if other.execute_batch("BEGIN IMMEDIATE").is_ok() {
                        std::thread::sleep(Duration::from_millis(3));
                        other.execute_batch("ROLLBACK").expect("it is let go");
                        std::thread::sleep(Duration::from_millis(15));
                    }
                }
            })
        })
        .collect();

    let tasks: Vec<_> = (0..20).map(|_| say_simple(&world)).collect();
    world.all_entries(&tasks, PATIENCE * 3).await;
    over.store(true, Ordering::Relaxed);
    for writer in storm {
        writer.join().expect("no panic");
    }

    for task in &tasks {
        world.marked(*task, "🏁").await;
    }
    judge(&world, &tasks, "a storm");
    world.finish().await;
}
