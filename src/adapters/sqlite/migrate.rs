//! The schema, in numbered steps forward: each in a transaction of its own, with a backup before it.

use std::path::Path;

use rusqlite::Connection;

use super::{
    backup::{self, BackupError},
    file::{APPLICATION_ID, Found, OpenError, recognise},
};

/// The steps: the first makes version 1 of an empty file. A step that was released is never changed.
pub(super) const STEPS: &[&str] = &[
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_marks_in_turn.sql"),
    include_str!("migrations/0003_cards.sql"),
    include_str!("migrations/0004_cards_in_turn.sql"),
    include_str!("migrations/0005_whose_costs.sql"),
    include_str!("migrations/0006_long_results.sql"),
];

/// The version that a number of steps leads to.
pub(super) fn version_after(steps: &[&str]) -> u32 {
    u32::try_from(steps.len()).unwrap_or(u32::MAX)
}

/// Brings a database up to date. `unix_now` is part of the backups' names.
///
/// # Errors
///
/// [`OpenError`]; the file is of the version that the last whole step has made.
pub(super) fn migrate(connection: &Connection, path: &Path, steps: &[&str], unix_now: i64) -> Result<(), OpenError> {
    let known = version_after(steps);
    // Of a file that is being made there is nothing to keep.
    let is_new = recognise(connection, path, known)? == Found::Empty;
    while recognise(connection, path, known)? != Found::Ours(known) {
        let told = |error: rusqlite::Error| OpenError::of(path, &error);
        connection.execute_batch("BEGIN IMMEDIATE").map_err(told)?;
        let stepped = step(connection, path, steps, (!is_new).then_some(unix_now));
        let ended = connection.execute_batch(if stepped.is_ok() { "COMMIT" } else { "ROLLBACK" }).map_err(told);
        stepped.and(ended)?;
    }
    Ok(())
}

/// One step, within a transaction that nobody else can write beside. Another process may have taken it meanwhile. What was before is kept under
/// a name with this time in it.
fn step(connection: &Connection, path: &Path, steps: &[&str], keeps: Option<i64>) -> Result<(), OpenError> {
    let version = match recognise(connection, path, version_after(steps))? {
        Found::Empty => 0,
        Found::Ours(version) => version,
    };
    let to = version + 1;
    let failed = |reason: String| OpenError::Migration { path: path.to_owned(), to, reason };
    let Some(sql) = steps.get(version as usize) else { return Ok(()) };
    if let Some(unix_now) = keeps.filter(|_| version > 0) {
        let backup = super::file::beside(path, &format!(".before-v{to}.{unix_now}"));
        match backup::copy(path, &backup) {
            // It is there whole: a try within the same second was killed after it, and has changed nothing.
            Ok(()) | Err(BackupError::Exists { .. }) => {}
            Err(error) => return Err(failed(error.to_string())),
        }
        tracing::info!("the database is brought to schema version {to}; as it was, it is kept as {}", backup.display());
    }
    let mark = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {to};");
    connection.execute_batch(sql).and_then(|()| connection.execute_batch(&mark)).map_err(|error| failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Duration};

    use rusqlite::Connection;

    use super::*;
    use crate::adapters::sqlite::file;

    const FIRST: &str = "CREATE TABLE kept (n INTEGER) STRICT; INSERT INTO kept VALUES (7);";

    fn database(path: &Path) -> Connection {
        file::make(path).unwrap();
        let connection = file::connect(path, Duration::from_secs(1)).unwrap();
        file::make_durable(&connection, path).unwrap();
        connection
    }

    fn kept(connection: &Connection) -> Vec<i64> {
        let mut statement = connection.prepare("SELECT n FROM kept").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn each_step_is_taken_once_with_a_backup_of_what_was_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let connection = database(&path);
        migrate(&connection, &path, &[FIRST], 1).unwrap();
        let steps = [FIRST, "UPDATE kept SET n = 8;", "INSERT INTO kept VALUES (9);"];

        migrate(&connection, &path, &steps, 17).unwrap();
        migrate(&connection, &path, &steps, 18).unwrap();

        assert_eq!(kept(&connection), [8, 9]);
        let mut files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        files.sort();
        assert_eq!(files, ["store.db", "store.db-shm", "store.db-wal", "store.db.before-v2.17", "store.db.before-v3.17"]);
        assert_eq!(kept(&Connection::open(folder.path().join("store.db.before-v2.17")).unwrap()), [7]);
    }

    #[test]
    fn a_new_file_is_made_of_all_steps_and_nothing_is_kept_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let connection = database(&path);

        migrate(&connection, &path, &[FIRST, "UPDATE kept SET n = 8;"], 17).unwrap();

        assert_eq!(kept(&connection), [8]);
        let files = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name());
        assert!(files.into_iter().all(|name| !name.to_string_lossy().contains("before")));
    }

    #[test]
    fn a_step_that_fails_has_changed_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let connection = database(&path);
        migrate(&connection, &path, &[FIRST], 1).unwrap();

        let failed = migrate(&connection, &path, &[FIRST, "UPDATE kept SET n = 8; INSERT INTO missing VALUES (1);"], 17).unwrap_err();

        assert!(matches!(failed, OpenError::Migration { to: 2, .. }), "{failed}");
        assert_eq!(kept(&connection), [7]);
        assert_eq!(recognise(&connection, &path, 2).unwrap(), Found::Ours(1));
    }
}
