//! Backups and restores while everything goes on, and killed at each of their steps.

use std::{fs, os::unix::process::ExitStatusExt as _, path::Path};

use orchestrator_interposer::Faults;
use orchestrator_sandbox::Snowflake;

use super::{judge, say_simple};
use crate::world::{PATIENCE, World};

/// Tasks that a copy knows; it must be whole.
fn tasks_in(copy: &Path) -> Vec<String> {
    let connection = rusqlite::Connection::open(copy).expect("it opens");
    let whole: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("it answers");
    assert_eq!(whole, "ok", "{}", copy.display());
    let mut asked = connection.prepare("SELECT id FROM task").expect("it is ours");
    asked.query_map([], |row| row.get(0)).expect("rows").map(|id| id.expect("a text")).collect()
}

/// The same of a database that may have a log: looking at it must not write that back.
fn tasks_in_a_copy_of(state: &Path) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("copy.db");
    fs::copy(state, &copy).expect("a copy");
    let log = state.with_extension("db-wal");
    if log.exists() {
        fs::copy(log, copy.with_extension("db-wal")).expect("a copy");
    }
    tasks_in(&copy)
}

async fn accepted(world: &World, tasks: &[Snowflake]) {
    for task in tasks {
        world.marked(*task, "✅").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_made_under_load_are_whole_and_hold_every_task_that_was_accepted_before() {
    let world = World::new().await;
    let mut tasks = Vec::new();
    for round in 0..5 {
        let known: Vec<_> = (0..10).map(|_| say_simple(&world)).collect();
        accepted(&world, &known[..5]).await;
        let (sure, name) = (known[..5].to_vec(), format!("backup-{round}.db"));
        tasks.extend(known);
        tasks.extend((0..10).map(|_| say_simple(&world)));

        let (code, _, error) = world.run(&["backup", &name]);

        assert_eq!(code, 0, "{error}");
        let held = tasks_in(&world.dir().join(&name));
        assert!(sure.iter().all(|task| held.contains(&task.to_string())), "{sure:?} are not all in {held:?}");
    }
    world.all_entries(&tasks, PATIENCE).await;
    for task in &tasks {
        world.marked(*task, "🏁").await;
    }
    judge(&world, &tasks, "under load");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_is_refused_while_a_service_runs_and_changes_nothing() {
    let mut world = World::new().await;
    let first = say_simple(&world);
    world.marked(first, "🏁").await;
    let (code, _, error) = world.run(&["backup", "old.db"]);
    assert_eq!(code, 0, "{error}");
    let second = say_simple(&world);
    world.marked(second, "🏁").await;

    let (code, _, error) = world.run(&["restore", "old.db"]);
    assert_eq!(code, 9, "{error}");
    assert!(error.contains("stop it first"), "{error}");
    world.until("all is said", |world| world.run(&["status", "--json"]).1.contains("\"letters\": 0")).await;
    assert_eq!(world.stop_bot(), 0);
    let (code, _, error) = world.run(&["restore", "old.db"]);
    assert_eq!(code, 0, "{error}");

    assert_eq!(tasks_in(&world.dir().join(".runtime/orchestrator.db")), [first.to_string()]);
    world.start_bot();
    world.wait_until_online().await;
    // What the backup does not know was done: its message carries ✅.
    let third = say_simple(&world);
    world.entry(third).await;
    world.marked(third, "🏁").await;
    judge(&world, &[first, second, third], "restored");
    world.finish().await;
}

/// Runs a command that is killed at its nth call that matters; false once it has fewer calls.
fn killed_at(world: &World, nth: u32, args: &[&str]) -> bool {
    let mut command = world.command(args);
    command.envs(Faults::new().rule(format!("any@{nth}/orchestrator=kill")).env());
    let ended = command.output().expect("it starts");
    if ended.status.signal() == Some(9) {
        return true;
    }
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_killed_at_any_step_leaves_none_or_a_whole_one() {
    let mut world = World::new().await;
    let task = say_simple(&world);
    world.marked(task, "🏁").await;
    world.until("all is said", |world| world.run(&["status", "--json"]).1.contains("\"letters\": 0")).await;
    assert_eq!(world.stop_bot(), 0);

    let (mut nth, mut whole) = (1, 0);
    while killed_at(&world, nth, &["backup", "killed.db"]) {
        let copy = world.dir().join("killed.db");
        if copy.exists() {
            whole += 1;
            assert_eq!(tasks_in(&copy), [task.to_string()], "killed at call {nth}");
            fs::remove_file(copy).expect("it goes");
        }
        nth += 1;
    }

    assert!(nth > 20, "only {nth} calls");
    assert!(whole > 0, "none was killed after its rename");
    assert_eq!(tasks_in(&world.dir().join("killed.db")), [task.to_string()]);
    assert_eq!(tasks_in(&world.dir().join(".runtime/orchestrator.db")), [task.to_string()]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_is_killed_at_any_step_leaves_the_old_state_or_the_new_one() {
    let mut world = World::new().await;
    let first = say_simple(&world);
    world.marked(first, "🏁").await;
    let (code, _, error) = world.run(&["backup", "one.db"]);
    assert_eq!(code, 0, "{error}");
    let second = say_simple(&world);
    world.marked(second, "🏁").await;
    world.until("all is said", |world| world.run(&["status", "--json"]).1.contains("\"letters\": 0")).await;
    let (code, _, error) = world.run(&["backup", "two.db"]);
    assert_eq!(code, 0, "{error}");
    // Killed, so that what is newest is in its log alone.
    world.kill_bot();
    let before = world.dir().join("before");
    fs::create_dir(&before).expect("a folder");
    let files = ["orchestrator.db", "orchestrator.db-wal"];
    for file in files {
        fs::copy(world.dir().join(".runtime").join(file), before.join(file)).expect("a copy");
    }
    let state = world.dir().join(".runtime/orchestrator.db");
    let (one, two) = (vec![first.to_string()], vec![first.to_string(), second.to_string()]);

    let (mut nth, mut olds, mut news) = (1, 0, 0);
    loop {
        let killed = killed_at(&world, nth, &["restore", "one.db"]);
        let mut held = tasks_in_a_copy_of(&state);
        held.sort();
        assert!(held == one || held == two, "killed at call {nth}: {held:?}");
        if !killed {
            assert_eq!(held, one);
            break;
        }
        *if held == two { &mut olds } else { &mut news } += 1;
        // Back to where it began.
        for left in fs::read_dir(world.dir().join(".runtime")).expect("a folder").flatten() {
            if left.file_name().to_string_lossy().contains(".replaced.") {
                fs::remove_file(left.path()).expect("it goes");
            }
        }
        for file in files {
            fs::copy(before.join(file), world.dir().join(".runtime").join(file)).expect("a copy");
        }
        nth += 1;
    }

    assert!(olds > 10 && news > 0, "{olds} old, {news} new");
    world.finish_unsaid().await;
}
