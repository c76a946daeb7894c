//! No room on the disk: at every write, for a while, and on a real small file system.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{faults_beside_logs, judge, say_simple, switch};
use crate::world::{Founding, World};

/// Which write is the last that is tried as the first that finds no room; a task's life has about that many.
const WRITES: u32 = 90;

fn switch_of(dir: &Path, nth: u32) -> PathBuf {
    dir.join(format!("full-{nth}"))
}

/// A disk that is full from the nth write on in each of many tasks' lives, until somebody makes room: within one process.
async fn full_from_every_write_on(first: u32, effect: &str) {
    let places = || (first..=WRITES).step_by(3);
    let mut world = Founding::new().config("disk_low_water_mb", json!(0)).silent().await;
    let mut faults = faults_beside_logs();
    for nth in places() {
        faults = faults.rule(format!("fill@{nth}-/orchestrator?{}={effect}", switch_of(world.dir(), nth).display()));
    }
    world.start_bot_with(&faults);
    world.wait_until_online().await;

    let (mut tasks, mut met) = (Vec::new(), 0);
    for nth in places() {
        let (full, said_before) = (switch_of(world.dir(), nth), complaints(&world));
        switch(&full, true);
        let task = say_simple(&world);
        tasks.push(task);
        // Either the want of room was felt, or the task's life has fewer writes.
        world.until("the disk is full or the task is done", |world| complaints(world) > said_before || world.has_mark(task, "🏁")).await;
        let felt = complaints(&world) > said_before;
        met += u32::from(felt);
        switch(&full, false);
        world.entry(task).await;
        world.marked(task, "🏁").await;
        assert!(!world.bot_has_ended(), "it ended instead of waiting for room:\n{}", world.log());
    }

    assert!(met > 8, "the disk was full only {met} times");
    judge(&world, &tasks, effect);
    world.finish().await;
}

fn complaints(world: &World) -> usize {
    world.log().lines().filter(|line| line.contains("is full") || line.contains("No space left")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_from_any_write_on_loses_nothing_and_goes_on_by_itself_when_there_is_room() {
    full_from_every_write_on(1, "ENOSPC").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_takes_half_a_write_and_no_more_loses_nothing_either() {
    full_from_every_write_on(2, "short").await;
}
