//! A disk that fails: the service ends at once with its code, asks the disk for nothing more, and is well after a restart.

use std::time::Duration;

use orchestrator_interposer::{Call, Class, Counts, Faults, Who};
use serde_json::json;

use super::{faults_beside_logs, judge, say_simple, switch};
use crate::world::{Founding, PATIENCE};

/// The exit code of a machine that fails, as `--help` has it.
const BROKEN: i32 = 12;

/// Runs into a rule that holds while the switch is on, at each place of a task's life; says how often.
async fn fails_at_each(rule: impl Fn(u32) -> String, places: std::ops::RangeInclusive<u32>) -> u32 {
    let mut world = Founding::new().config("disk_low_water_mb", json!(0)).silent().await;
    let (mut tasks, mut met) = (Vec::new(), 0);
    for nth in places {
        let fails = world.dir().join("fails");
        world.start_bot_with(&faults_beside_logs().rule(format!("{}?{}=EIO", rule(nth), fails.display())));
        world.wait_until_online().await;
        switch(&fails, true);
        let task = say_simple(&world);
        tasks.push(task);
        // Either it ends the service, at once or while it says its last words; or the task's life has fewer places.
        let started = std::time::Instant::now();
        let mut ended = false;
        while !(world.has_mark(task, "🏁") && world.count_entries(task) == 1) {
            assert!(started.elapsed() < PATIENCE, "neither the end of the task nor that of the bot:\n{}", world.log());
            if world.bot_has_ended() {
                ended = true;
                assert_eq!(world.last_exit(), Some(BROKEN), "{}", world.log());
                assert!(world.log().contains("can't be relied upon any more"), "{}", world.log());
                switch(&fails, false);
                world.start_bot();
                world.wait_until_online().await;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        if ended {
            met += 1;
            assert_eq!(world.stop_bot(), 0);
        } else {
            // It may still fall over what it writes at its end.
            world.stop_bot();
            switch(&fails, false);
        }
    }
    // What the last one left to be said.
    world.start_bot();
    world.wait_until_online().await;
    world.until("all is said", |world| world.run(&["status", "--json"]).1.contains("\"letters\": 0")).await;
    judge(&world, &tasks, "EIO");
    let (code, out, error) = world.run(&["backup", "checked.db"]);
    assert_eq!(code, 0, "what is left is whole: {out}{error}");
    world.finish().await;
    met
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_fails_at_any_commit_ends_the_service_and_a_restart_is_well() {
    assert!(fails_at_each(|nth| format!("sync:.db-wal@{nth}-/orchestrator"), 1..=8).await >= 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_fails_at_any_commit_ends_the_service_and_a_restart_is_well() {
    assert!(fails_at_each(|nth| format!("write:.db-wal@{}-/orchestrator", nth * 3), 1..=8).await >= 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_failed_is_never_tried_again() {
    let mut world = Founding::new().config("disk_low_water_mb", json!(0)).silent().await;
    let (fails, counts) = (world.dir().join("fails"), world.dir().join("counts"));
    Counts::make(&counts).expect("a file");
    world.start_bot_with(&faults_beside_logs().rule(format!("sync:.db-wal@1/orchestrator?{}=EIO", fails.display())).counted(&counts));
    world.wait_until_online().await;
    // Nothing is under way any more that would write by itself.
    let first = say_simple(&world);
    world.marked(first, "🏁").await;
    world.until("all is said", |world| world.run(&["status", "--json"]).1.contains("\"letters\": 0")).await;
    let syncs = |class| Counts::read(&counts).expect("counts").of(Who::Orchestrator, Call::Sync, class);
    let before = syncs(Class::Wal);

    switch(&fails, true);
    let task = say_simple(&world);
    let code = world.bot_ends().await;

    assert_eq!(code, BROKEN, "{}", world.log());
    assert_eq!(syncs(Class::Wal), before + 1, "the one that failed is the last");
    switch(&fails, false);
    world.start_bot();
    world.entry(task).await;
    world.marked(task, "🏁").await;
    judge(&world, &[first, task], "one failed sync");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_mounted_to_be_read_ends_the_service_or_is_waited_for_and_a_restart_is_well() {
    let mut world = Founding::new().config("disk_low_water_mb", json!(0)).silent().await;
    let read_only = world.dir().join("read-only");
    world.start_bot_with(&faults_beside_logs().rule(format!("change@*/orchestrator?{}=EROFS", read_only.display())));
    world.wait_until_online().await;
    let first = say_simple(&world);
    world.marked(first, "🏁").await;

    switch(&read_only, true);
    let task = say_simple(&world);
    let code = world.bot_ends().await;
    assert_eq!(code, BROKEN, "{}", world.log());
    assert!(!world.has_mark(task, "✅"), "what was not stored is not claimed");
    // While it lasts a start is refused, with words.
    let mut refused = world.command(&["run"]);
    refused.envs(Faults::new().rule("change@*/orchestrator=EROFS").env());
    let refused = refused.output().expect("it starts");
    let words = String::from_utf8_lossy(&refused.stderr);
    assert!(matches!(refused.status.code(), Some(1 | BROKEN)), "{words}");
    assert!(words.contains("Read-only file system"), "{words}");

    switch(&read_only, false);
    world.start_bot();
    world.entry(task).await;
    world.marked(task, "🏁").await;
    judge(&world, &[first, task], "EROFS");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_step_of_writing_the_log_back_loses_nothing() {
    // Only then is the main file written to: here when the service ends, and the log is taken along.
    let mut world = Founding::new().silent().await;
    let (mut tasks, mut kills) = (Vec::new(), 0);
    for step in [
        "write:.db@1=kill",
        "write:.db@1=torn",
        "write:.db@3=kill",
        "write:.db@4=torn",
        "sync:.db@1=kill",
        "unlink:.db-wal@1=kill",
        "unlink:.db-wal@1=kill-after",
    ] {
        let ends = world.dir().join("ends");
        let (rule, effect) = step.split_once('=').expect("a rule");
        world.start_bot_with(&faults_beside_logs().rule(format!("{rule}/orchestrator?{}={effect}", ends.display())));
        world.wait_until_online().await;
        let task = say_simple(&world);
        world.entry(task).await;
        world.marked(task, "🏁").await;
        world.until("all is said", |world| world.run(&["status", "--json"]).1.contains("\"letters\": 0")).await;
        tasks.push(task);

        switch(&ends, true);
        world.ask_bot_to_stop();
        kills += u32::from(world.bot_ends().await != 0);
        switch(&ends, false);

        let (code, told, error) = world.run(&["doctor", "--json"]);
        assert!(code == 0 && told.contains("\"broken\": 0"), "{step}: {told}{error}");
        let (code, told, error) = world.run(&["status", &task.to_string()]);
        assert!(code == 0 && told.contains("succeeded"), "{step}: {told}{error}");
    }

    assert!(kills >= 5, "only {kills} were killed");
    judge(&world, &tasks, "killed while the log was written back");
    world.finish().await;
}
