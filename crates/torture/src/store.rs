//! The store, read from outside: its file is opened for reading, with plain SQL.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, Row};
use serde_json::Value;

/// A row of `task`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TaskRow {
    pub(crate) id: String,
    pub(crate) open: bool,
    pub(crate) outcome: Option<String>,
    /// The message that shows it.
    pub(crate) message: Option<i64>,
    pub(crate) prompt: String,
}

/// A row of `attempt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AttemptRow {
    pub(crate) id: String,
    pub(crate) task: String,
    pub(crate) number: u32,
    pub(crate) state: String,
    pub(crate) live: bool,
    pub(crate) outcome: Option<String>,
    pub(crate) cost: Option<i64>,
    pub(crate) claimed_at: i64,
    pub(crate) agent_id: String,
    /// What its check found, in a word; none: it had none, or has not ended.
    pub(crate) finding: Option<String>,
}

/// A row of `ledger`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LedgerRow {
    pub(crate) attempt: String,
    pub(crate) task: String,
    pub(crate) cost: Option<i64>,
}

/// A row of `letter`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LetterRow {
    pub(crate) task: Option<String>,
    pub(crate) is_result: bool,
    pub(crate) state: String,
}

/// All that the judges look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Store {
    /// What `PRAGMA integrity_check` says.
    pub(crate) integrity: String,
    pub(crate) tasks: Vec<TaskRow>,
    pub(crate) attempts: Vec<AttemptRow>,
    pub(crate) ledger: Vec<LedgerRow>,
    pub(crate) letters: Vec<LetterRow>,
    /// What the days have cost together.
    pub(crate) spent: i64,
    /// Marks that are still to be put or taken away.
    pub(crate) marks_wanted: u64,
}

/// What is still to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unrest {
    pub(crate) open: u64,
    pub(crate) live: u64,
    pub(crate) letters: u64,
    pub(crate) marks: u64,
    /// Cards that are behind their tasks, and threads that are to be started.
    pub(crate) cards: u64,
}

impl Unrest {
    pub(crate) fn is_over(&self) -> bool {
        *self == Self::default()
    }
}

/// A store that is looked into.
pub(crate) struct Reader(Connection);

impl Reader {
    /// Opens the store of a world.
    pub(crate) fn open(path: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        Ok(Self(connection))
    }

    /// What is still to be done.
    pub(crate) fn unrest(&self) -> rusqlite::Result<Unrest> {
        let count = |row: &Row<'_>, at: usize| row.get::<_, i64>(at).map(|n| u64::try_from(n).unwrap_or(0));
        self.0.query_row(
            "SELECT (SELECT count(*) FROM task WHERE open = 1), (SELECT count(*) FROM attempt WHERE live = 1), \
             (SELECT count(*) FROM letter WHERE state IN ('waiting', 'packed')), (SELECT count(*) FROM mark WHERE state IN ('wanted', 'lifting')), \
             (SELECT count(*) FROM card WHERE due_at IS NOT NULL)",
            [],
            |row| Ok(Unrest { open: count(row, 0)?, live: count(row, 1)?, letters: count(row, 2)?, marks: count(row, 3)?, cards: count(row, 4)? }),
        )
    }

    /// Tasks that somebody holds.
    pub(crate) fn held(&self) -> rusqlite::Result<Vec<String>> {
        self.strings("SELECT task FROM step WHERE state = 'blocked'")
    }

    /// Tasks that wait for a quota.
    pub(crate) fn out_of_quota(&self) -> rusqlite::Result<Vec<String>> {
        self.strings("SELECT task FROM step WHERE state = 'parked' AND gate LIKE 'quota:%'")
    }

    /// The ids of all tasks.
    pub(crate) fn known(&self) -> rusqlite::Result<Vec<String>> {
        self.strings("SELECT id FROM task")
    }

    fn strings(&self, sql: &str) -> rusqlite::Result<Vec<String>> {
        self.all(sql, |row| row.get(0))
    }

    fn all<T>(&self, sql: &str, read: impl Fn(&Row<'_>) -> rusqlite::Result<T>) -> rusqlite::Result<Vec<T>> {
        let mut statement = self.0.prepare(sql)?;
        statement.query_map([], |row| read(row))?.collect()
    }

    /// Everything.
    pub(crate) fn read(&self) -> rusqlite::Result<Store> {
        Ok(Store {
            integrity: self.strings("PRAGMA integrity_check")?.join("; "),
            tasks: self.all("SELECT id, open, outcome, message, task FROM task ORDER BY seq", |row| {
                Ok(TaskRow {
                    id: row.get(0)?,
                    open: row.get(1)?,
                    outcome: row.get(2)?,
                    message: row.get(3)?,
                    prompt: json(&row.get::<_, String>(4)?)["prompt"].as_str().unwrap_or_default().to_owned(),
                })
            })?,
            attempts: self.all("SELECT id, task, number, state, live, report, claimed_at, agent_id FROM attempt ORDER BY seq", |row| {
                let report = json(&row.get::<_, Option<String>>(5)?.unwrap_or_default());
                Ok(AttemptRow {
                    id: row.get(0)?,
                    task: row.get(1)?,
                    number: row.get(2)?,
                    state: row.get(3)?,
                    live: row.get(4)?,
                    outcome: report["outcome"].as_str().map(str::to_owned),
                    cost: report["cost"].as_i64(),
                    claimed_at: row.get(6)?,
                    agent_id: row.get(7)?,
                    finding: report["checked"]["checks"][0]["finding"].as_str().map(str::to_owned),
                })
            })?,
            ledger: self.all("SELECT attempt, task, cost FROM ledger ORDER BY seq", |row| {
                Ok(LedgerRow { attempt: row.get(0)?, task: row.get(1)?, cost: row.get(2)? })
            })?,
            letters: self.all("SELECT task, is_result, state FROM letter ORDER BY id", |row| {
                Ok(LetterRow { task: row.get(0)?, is_result: row.get(1)?, state: row.get(2)? })
            })?,
            spent: self.0.query_row("SELECT coalesce(sum(nanos), 0) FROM spent", [], |row| row.get(0))?,
            marks_wanted: self.unrest()?.marks,
        })
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// The schema's version in a store that nobody serves, and another one put in its place.
pub(crate) fn stamp(path: &Path, change: impl Fn(u32) -> u32) -> rusqlite::Result<u32> {
    let connection = Connection::open(path)?;
    let before: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    connection.execute_batch(&format!("PRAGMA user_version = {};", change(before)))?;
    Ok(before)
}
