//! Databases of earlier schemas: each opens, is brought up to date after a backup, and its waiting tasks run. `tests/fixtures/README.md` tells
//! how one is made.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
};

use discord_orchestrator::adapters::sqlite::{SqliteOptions, SqliteStore};
use orchestrator_interposer::Faults;
use orchestrator_sandbox::Snowflake;
use rusqlite::Connection;
use serde_json::json;

use crate::world::{Founding, World};

/// A task that waits in every fixture: no message of it is anywhere, as after a very long time away.
const WAITING: &str = "1143021398234771496";
/// One that has ended.
const ENDED: &str = "1143021398234771401";

/// The fixtures, by schema version.
fn fixtures() -> BTreeMap<u32, PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let files = fs::read_dir(folder).expect("the fixtures").flatten().map(|entry| entry.path());
    let version = |path: &PathBuf| path.file_name()?.to_str()?.strip_prefix("schema-")?.strip_suffix(".sqlite")?.parse().ok();
    files.filter_map(|path| Some((version(&path)?, path))).collect()
}

fn schema(path: &Path) -> u32 {
    let connection = Connection::open(path).expect("it opens");
    connection.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("a number")
}

/// The version that this program makes.
async fn newest() -> u32 {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("new.db");
    let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
    let store = SqliteStore::open(&path, &SqliteOptions::new(now, std::sync::Arc::new(|reason| panic!("{reason}")))).expect("it opens");
    store.close().await;
    schema(&path)
}

/// A world whose state is a fixture.
async fn world_of(fixture: &Path) -> World {
    let world =
        Founding::new().config("agents.script.args", json!([["-c", "cp TASK.txt $HOME/ran.txt; echo done > RESULT.txt"]])).silent().await;
    fs::create_dir_all(world.dir().join(".runtime")).expect("a folder");
    fs::copy(fixture, world.dir().join(".runtime/orchestrator.db")).expect("a copy");
    world
}

fn state(world: &World) -> PathBuf {
    world.dir().join(".runtime/orchestrator.db")
}

#[tokio::test]
async fn there_is_a_fixture_of_every_schema_but_the_newest_and_each_is_what_its_name_says() {
    let (newest, there) = (newest().await, fixtures());

    let missing: Vec<u32> = (1..newest).filter(|version| !there.contains_key(version)).collect();
    assert!(missing.is_empty(), "tests/fixtures lacks schema-N.sqlite for {missing:?}: its README tells how to make them");
    for (version, path) in there {
        assert_eq!(schema(&path), version, "{}", path.display());
        assert!(version <= newest, "{}", path.display());
        assert!(fs::metadata(&path).expect("the file").len() < 400_000, "{} is large", path.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_each_earlier_schema_is_kept_brought_up_to_date_and_its_waiting_tasks_run() {
    let newest = newest().await;
    for (version, fixture) in fixtures() {
        let mut world = world_of(&fixture).await;

        world.start_bot();
        world.wait_until_online().await;
        let waiting: Snowflake = WAITING.parse().expect("an id");
        let entry = world.entry(waiting).await;

        assert!(entry.content.starts_with("**[SUCCESS]**"), "schema {version}: {}", entry.content);
        assert!(world.text("ran.txt").contains("a task that waits"), "schema {version}");
        let (code, told, error) = world.run(&["status", ENDED]);
        assert_eq!(code, 0, "schema {version}: {error}");
        assert!(told.contains("succeeded"), "schema {version}: {told}");
        // Whose costs they are is found for lines that were written before anybody noted it.
        let (code, told, error) = world.run(&["cost", "--by", "user", "--period", "all", "--json"]);
        assert_eq!(code, 0, "schema {version}: {error}");
        assert!(told.contains(r#""name": "admin""#), "schema {version}: {told}");
        world.until("all is said", |world| world.run(&["status", "--json"]).1.contains("\"letters\": 0")).await;
        assert_eq!(schema(&state(&world)), newest);
        let kept = fs::read_dir(world.dir().join(".runtime")).expect("a folder").flatten();
        let kept = kept.filter(|entry| entry.file_name().to_string_lossy().contains(".before-v")).count();
        assert_eq!(kept, usize::try_from(newest - version).expect("few"), "a backup before each step of schema {version}");
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_result_of_an_earlier_schema_is_told_whole_and_no_longer_read_with_its_task() {
    let fixture = fixtures().remove(&5).expect("the last schema that kept long results in reports");
    let mut world = world_of(&fixture).await;
    let long = format!("  {}", "a line of a long résult\n".repeat(40_000));
    let connection = Connection::open(state(&world)).expect("it opens");
    let sql = "UPDATE attempt SET report = JSON_SET(report, '$.text', ?1) WHERE task = ?2";
    assert_eq!(connection.execute(sql, [&long, ENDED]).expect("it is taken"), 1);
    drop(connection);

    world.start_bot();
    world.wait_until_online().await;

    let (code, told, error) = world.run(&["status", ENDED, "--json"]);
    assert_eq!(code, 0, "{error}");
    let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    assert!(told["result"]["text"] == long.as_str(), "it is whole");
    let kept = "SELECT OCTET_LENGTH(report), report ->> '$.aside.bytes', report ->> '$.aside.characters', report ->> '$.text' FROM attempt \
                WHERE task = ?1";
    let connection = Connection::open(state(&world)).expect("it opens");
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    let (bytes, whole, characters, text): (i64, i64, i64, String) = connection.query_row(kept, [ENDED], read).expect("its report");
    assert!(bytes < 140_000 && long.trim().starts_with(&text) && text.chars().count() == 32_768, "{bytes} bytes");
    let number = |count: usize| i64::try_from(count).expect("it is small");
    assert_eq!((whole, characters), (number(long.len()), number(long.trim().chars().count())));
    drop(connection);
    world.finish().await;
}

/// Opens the state by a command that is killed at its nth call that matters; false once it has fewer.
fn killed_at(world: &World, verb: &str, nth: u32) -> bool {
    let mut command = world.command(&[verb]);
    command.envs(Faults::new().rule(format!("any@{nth}/orchestrator=kill")).env());
    let ended = command.output().expect("it starts");
    assert!(ended.status.signal() == Some(9) || ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    ended.status.signal() == Some(9)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_is_made_anew_and_is_killed_at_any_step_is_whole_or_not_there() {
    killed_at_any_step(vec![(0, None)], Way::Whole).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_of_the_oldest_state_that_is_killed_at_any_step_leaves_the_old_schema_or_the_new_one() {
    killed_at_any_step(states().into_iter().take(1).collect(), Way::Whole).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_of_each_later_state_that_is_killed_at_any_step_of_its_first_leaves_the_old_schema_or_the_new_one() {
    killed_at_any_step(states().into_iter().skip(1).collect(), Way::First).await;
}

/// How far a state's way is killed: what comes after its first migration is the same for all.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Whole,
    First,
}

fn states() -> Vec<(u32, Option<PathBuf>)> {
    fixtures().into_iter().map(|(version, path)| (version, Some(path))).collect()
}

/// `None`: the state is made anew.
async fn killed_at_any_step(states: Vec<(u32, Option<PathBuf>)>, way: Way) {
    let newest = newest().await;
    for (version, fixture) in states {
        let world = Founding::new().silent().await;
        fs::create_dir_all(world.dir().join(".runtime")).expect("a folder");
        // What makes a state, and what opens one.
        let verb = if fixture.is_none() { "once" } else { "status" };
        let mut nth = 1;
        loop {
            for entry in fs::read_dir(world.dir().join(".runtime")).expect("a folder").flatten() {
                fs::remove_file(entry.path()).or_else(|_| fs::remove_dir_all(entry.path())).expect("it goes");
            }
            if let Some(fixture) = &fixture {
                fs::copy(fixture, state(&world)).expect("a copy");
            }
            let killed = killed_at(&world, verb, nth);
            let kept = fs::read_dir(world.dir().join(".runtime")).expect("a folder").flatten();
            let second = format!(".before-v{}.", version + 2);
            let is_beyond = way == Way::First && kept.into_iter().any(|entry| entry.file_name().to_string_lossy().contains(&second));
            // Whoever comes next finds it whole, and finishes what was begun.
            let (code, _, error) = world.run(&[verb]);
            assert_eq!(code, 0, "schema {version}, killed at call {nth}: {error}");
            let connection = Connection::open(state(&world)).expect("it opens");
            let whole: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("it answers");
            let tasks: u32 = connection.query_row("SELECT count(*) FROM task", [], |row| row.get(0)).expect("a number");
            drop(connection);
            assert_eq!((whole.as_str(), schema(&state(&world))), ("ok", newest), "schema {version}, killed at call {nth}");
            assert_eq!(tasks > 0, fixture.is_some(), "schema {version}, killed at call {nth}");
            if !killed || is_beyond {
                break;
            }
            nth += 1;
        }
        assert!(nth > 10 || version == newest, "schema {version}: only {nth} calls");
        world.finish_unsaid().await;
    }
}

/// Makes the fixture of the schema that this program has.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "makes a file; tests/fixtures/README.md tells when"]
async fn make_the_fixture_of_the_newest_schema() {
    let mut world = Founding::new().config("cards.show", json!("state_changes")).start().await;
    let done = world.say("echo ok > RESULT.txt");
    world.entry(done).await;
    world.marked(done, "🏁").await;
    let failed = world.say("exit 3");
    world.entry(failed).await;
    world.until("all is said", |world| world.run(&["status", "--json"]).1.contains("\"letters\": 0")).await;
    world.stop_bot();
    // Of an ended task everything is there: attempt, report, ledger, journal, letters. The one that waits does so for want of room.
    world.reconfigure("disk_low_water_mb", json!(10_000_000));
    world.start_bot();
    world.wait_until_online().await;
    // Too long for a message: its origin is the command line, which is there whatever becomes of a channel.
    let (code, waits, error) = world.run(&["submit", &format!("a task that waits {}", "x".repeat(2_000))]);
    assert_eq!(code, 0, "{error}");
    world.until("all is said", |world| world.run(&["status", "--json"]).1.contains("\"letters\": 0")).await;
    world.stop_bot();

    let version = newest().await;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/schema-{version}.sqlite"));
    let connection = Connection::open(state(&world)).expect("it opens");
    // The ids of these tests, and no channel or marks of a world that is gone.
    for (from, to) in
        [(done.to_string().as_str(), ENDED), (waits.trim(), WAITING), (world.dir().to_str().expect("a path"), "/srv/orchestrator")]
    {
        rename(&connection, from, to);
    }
    connection
        .execute_batch("DELETE FROM mark; DELETE FROM fact; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE; VACUUM;")
        .expect("tidied");
    drop(connection);
    fs::copy(state(&world), &path).expect("written");
}

/// Puts another id in the place of one, in every column of every table that holds it.
fn rename(connection: &Connection, from: &str, to: &str) {
    let names = |sql: &str| -> Vec<String> {
        let mut asked = connection.prepare(sql).expect("SQL");
        asked.query_map([], |row| row.get(0)).expect("rows").map(|name| name.expect("a name")).collect()
    };
    for table in names("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'") {
        for column in names(&format!("SELECT name FROM pragma_table_info('{table}') WHERE type = 'TEXT'")) {
            let sql = format!("UPDATE {table} SET {column} = replace({column}, ?1, ?2) WHERE {column} LIKE '%' || ?1 || '%'");
            connection.execute(&sql, [from, to]).expect("renamed");
        }
    }
}
