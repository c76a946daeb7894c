//! The database is damaged while the service is away: what is whole goes on, what is not is refused with words and a way out.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use orchestrator_sandbox::Snowflake;

use super::{judge, say_simple};
use crate::world::World;

/// The exit code of a machine that fails, as `--help` has it.
const BROKEN: i32 = 12;
/// How large the pages of a new database are.
const PAGE: u64 = 2_048;

fn database(world: &World) -> PathBuf {
    world.dir().join(".runtime/orchestrator.db")
}

fn beside(world: &World, suffix: &str) -> PathBuf {
    world.dir().join(format!(".runtime/orchestrator.db{suffix}"))
}

/// A task that is taken, run and told, as soon as the bot is there.
async fn runs_one_more(world: &World) -> Snowflake {
    world.wait_until_online().await;
    let task = say_simple(world);
    world.entry(task).await;
    world.marked(task, "🏁").await;
    task
}

/// A world whose bot was killed after some tasks, so that its log was not written back, with a backup from between.
async fn killed_with_a_log() -> (World, Vec<Snowflake>) {
    let mut world = World::new().await;
    let mut tasks = Vec::new();
    for _ in 0..3 {
        tasks.push(runs_one_more(&world).await);
    }
    world.until("all is said", |world| world.run(&["status", "--json"]).1.contains("\"letters\": 0")).await;
    let (code, _, error) = world.run(&["backup", "backup.db"]);
    assert_eq!(code, 0, "{error}");
    world.kill_bot();
    assert!(fs::metadata(beside(&world, "-wal")).is_ok_and(|log| log.len() > 0), "the log is left");
    (world, tasks)
}

/// Puts noise over a part of a file.
fn garble(path: &Path, from: u64, bytes: usize) {
    let noise: Vec<u8> = (0..bytes).map(|n| u8::try_from(n * 37 % 251).expect("small")).collect();
    File::options().write(true).open(path).expect("the file").write_all_at(&noise, from).expect("written");
}

/// It is refused by everything that would use it, with the way out; and the way out is one.
async fn refused_and_restored(mut world: World, mut tasks: Vec<Snowflake>) {
    world.start_bot();
    assert_eq!(world.bot_ends().await, BROKEN, "{}", world.log());
    assert!(world.log().contains("is damaged") && world.log().contains("orchestrator restore"), "{}", world.log());
    let (code, told, _) = world.run(&["doctor"]);
    assert_eq!(code, 11, "{told}");
    assert!(told.contains("damaged") && told.contains("orchestrator restore"), "{told}");

    let (code, told, error) = world.run(&["restore", "backup.db"]);
    assert_eq!(code, 0, "{error}");
    assert!(told.contains("What was there is kept as"), "{told}");
    world.start_bot();
    tasks.push(runs_one_more(&world).await);

    judge(&world, &tasks, "restored");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_overwritten_is_found_at_the_start_and_a_backup_restored() {
    let (world, tasks) = killed_with_a_log().await;
    // Into the main file, where the schema's own tables are; the log must not hide it.
    let (code, _, error) = world.run(&["backup", "second.db"]);
    assert_eq!(code, 0, "{error}");
    let pages = fs::metadata(database(&world)).expect("the file").len() / PAGE;
    assert!(pages > 4, "{pages}");
    fs::remove_file(beside(&world, "-wal")).ok();
    for page in 1..pages {
        garble(&database(&world), page * PAGE + 8, 2_000);
    }
    // As a crash leaves it: a log is there.
    fs::write(beside(&world, "-wal"), [0; 4_096]).expect("a log");
    refused_and_restored(world, tasks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_was_overwritten_is_refused_as_no_database_and_a_backup_restored() {
    let (mut world, mut tasks) = killed_with_a_log().await;
    // As long as a log is there, it holds the header too.
    world.start_bot();
    world.wait_until_online().await;
    assert_eq!(world.stop_bot(), 0);
    garble(&database(&world), 0, 100);

    world.start_bot();
    assert_eq!(world.bot_ends().await, BROKEN, "{}", world.log());
    assert!(world.log().contains("is not the orchestrator's database"), "{}", world.log());
    let (code, _, error) = world.run(&["restore", "backup.db"]);
    assert_eq!(code, 0, "{error}");
    world.start_bot();
    tasks.push(runs_one_more(&world).await);

    judge(&world, &tasks, "restored");
    world.finish().await;
}

/// After the tail of the log is gone or garbled, what was committed before is there; what was lost was said in Discord all the same.
async fn torn(tear: impl Fn(&Path, u64)) {
    let (mut world, mut tasks) = killed_with_a_log().await;
    let before: i64 = counted(&world, "SELECT count(*) FROM task");
    let log = beside(&world, "-wal");
    let length = fs::metadata(&log).expect("a log").len();
    tear(&log, length);
    fs::remove_file(beside(&world, "-shm")).ok();

    let whole: String = look(&world, "PRAGMA integrity_check");
    assert_eq!(whole, "ok");
    let left: i64 = counted(&world, "SELECT count(*) FROM task");
    assert!((before - 1..=before).contains(&left), "{left} of {before} tasks are known");
    world.start_bot();
    tasks.push(runs_one_more(&world).await);

    judge(&world, &tasks, "a torn log");
    world.finish().await;
}

/// What a copy of the database and its log says, so that looking changes nothing.
fn look<T: rusqlite::types::FromSql>(world: &World, sql: &str) -> T {
    let copy = tempfile::tempdir().expect("a folder");
    let path = copy.path().join("orchestrator.db");
    fs::copy(database(world), &path).expect("a copy");
    if beside(world, "-wal").exists() {
        fs::copy(beside(world, "-wal"), copy.path().join("orchestrator.db-wal")).expect("a copy");
    }
    let connection = rusqlite::Connection::open(&path).expect("it opens");
    connection.query_row(sql, [], |row| row.get(0)).expect("it answers")
}

fn counted(world: &World, sql: &str) -> i64 {
    look(world, sql)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_cut_in_its_last_frame_costs_that_commit_and_nothing_else() {
    torn(|log, length| File::options().write(true).open(log).expect("a log").set_len(length - 1_000).expect("cut")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_whose_last_frames_are_noise_costs_those_commits_and_nothing_else() {
    torn(|log, length| garble(log, length - 2 * 4_120, 2 * 4_120)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_shared_memory_nothing_is_missing() {
    let (mut world, tasks) = killed_with_a_log().await;
    fs::remove_file(beside(&world, "-shm")).expect("it was there");

    world.start_bot();
    world.wait_until_online().await;

    let (_, told, _) = world.run(&["status", "--json"]);
    assert!(told.contains("\"ended\": 3"), "{told}");
    judge(&world, &tasks, "no shared memory");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_lost_costs_what_was_in_it_and_what_was_done_is_not_done_again() {
    let (mut world, mut tasks) = killed_with_a_log().await;
    // The state is that of the last time that the log was written back, or of none.
    fs::remove_file(beside(&world, "-wal")).expect("it was there");
    fs::remove_file(beside(&world, "-shm")).ok();

    world.start_bot();
    tasks.push(runs_one_more(&world).await);

    // ✅ on their messages keeps tasks that the store has forgotten from being run again.
    judge(&world, &tasks, "a lost log");
    let whole: String = look(&world, "PRAGMA integrity_check");
    assert_eq!(whole, "ok");
    world.finish().await;
}
