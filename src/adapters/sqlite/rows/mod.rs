//! Rows in SQLite: the operations of the port, each one statement or two, on whatever connection a transaction is open on.

mod attempt;
mod board;
mod card;
mod cells;
mod change;
mod letter;
mod long_result;
mod look;
mod mark;
mod step;
mod task;

use std::cell::RefCell;

use orchestrator_core::ports::rows::RowsError;
use rusqlite::{Connection, Params, Row};

use super::trouble::Trouble;

/// A connection within a transaction, as the port sees it.
pub(super) struct SqliteRows<'c> {
    connection: &'c Connection,
    checks_plans: bool,
    /// The worst that has happened, also where a body has swallowed it.
    trouble: RefCell<Option<Trouble>>,
}

impl<'c> SqliteRows<'c> {
    /// With `checks_plans`, a statement that would walk through a table is refused.
    pub(super) fn new(connection: &'c Connection, checks_plans: bool) -> Self {
        Self { connection, checks_plans, trouble: RefCell::new(None) }
    }

    /// What has happened that concerns more than the body that met it.
    pub(super) fn trouble(self) -> Option<Trouble> {
        self.trouble.into_inner()
    }

    /// The row that a statement finds.
    fn one<T>(&self, sql: &str, params: impl Params, read: impl FnOnce(&Row<'_>) -> Result<T, RowsError>) -> Result<Option<T>, RowsError> {
        self.check_plan(sql)?;
        let mut statement = self.connection.prepare_cached(sql).map_err(|error| self.failed(&error))?;
        let mut rows = statement.query(params).map_err(|error| self.failed(&error))?;
        rows.next().map_err(|error| self.failed(&error))?.map(read).transpose()
    }

    /// All rows that a statement finds, in its order.
    fn all<T>(&self, sql: &str, params: impl Params, read: impl Fn(&Row<'_>) -> Result<T, RowsError>) -> Result<Vec<T>, RowsError> {
        let mut found = Vec::new();
        self.each(sql, params, read, &mut |row| found.push(row))?;
        Ok(found)
    }

    /// Shows the rows that a statement finds, in its order, one after another.
    fn each<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl Fn(&Row<'_>) -> Result<T, RowsError>,
        each: &mut dyn FnMut(T),
    ) -> Result<(), RowsError> {
        self.check_plan(sql)?;
        let mut statement = self.connection.prepare_cached(sql).map_err(|error| self.failed(&error))?;
        let mut rows = statement.query(params).map_err(|error| self.failed(&error))?;
        while let Some(row) = rows.next().map_err(|error| self.failed(&error))? {
            each(read(row)?);
        }
        Ok(())
    }

    /// Changes rows and counts them.
    fn change(&self, sql: &str, params: impl Params) -> Result<usize, RowsError> {
        self.check_plan(sql)?;
        self.execute(sql, params).map_err(|error| self.failed(&error))
    }

    /// Adds a row; a unique index that has it already makes it a duplicate.
    fn insert(&self, table: &'static str, key: &impl ToString, sql: &str, params: impl Params) -> Result<i64, RowsError> {
        self.check_plan(sql)?;
        match self.execute(sql, params) {
            Ok(_) => Ok(self.connection.last_insert_rowid()),
            Err(error) if is_duplicate(&error) => Err(RowsError::duplicate(table, key)),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Changes exactly one row: none is a row that is not as expected.
    fn update(&self, table: &'static str, key: &impl ToString, sql: &str, params: impl Params) -> Result<(), RowsError> {
        self.check_plan(sql)?;
        match self.execute(sql, params) {
            Ok(0) => Err(RowsError::stale(table, key)),
            Ok(_) => Ok(()),
            Err(error) if is_duplicate(&error) => Err(RowsError::duplicate(table, key)),
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn execute(&self, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
        self.connection.prepare_cached(sql)?.execute(params)
    }

    fn failed(&self, error: &rusqlite::Error) -> RowsError {
        let trouble = Trouble::from(error);
        let as_told = trouble.as_rows_error();
        let mut worst = self.trouble.borrow_mut();
        if worst.as_ref().is_none_or(|known| known.severity() < trouble.severity()) {
            *worst = Some(trouble);
        }
        as_told
    }

    /// A walk is a sort of what was found, or a SCAN, unless it goes by an index and is cut off by a LIMIT, or by the small index of what is
    /// under way.
    fn check_plan(&self, sql: &str) -> Result<(), RowsError> {
        if !self.checks_plans {
            return Ok(());
        }
        let mut statement = self.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).map_err(|error| self.failed(&error))?;
        let plan = statement.query_map_unbound().map_err(|error| self.failed(&error))?;
        let walks = |line: &String| {
            let is_bounded = line.contains("INDEX") && (sql.contains("LIMIT") || sql.contains("INDEXED BY"));
            let scans = line.starts_with("SCAN") && !is_bounded;
            scans || line.contains("TEMP B-TREE")
        };
        match plan.iter().find(|line| walks(line)) {
            Some(line) => Err(RowsError::Backend { reason: format!("`{sql}` walks through a table: {line}") }),
            None => Ok(()),
        }
    }
}

/// Whether the schema's triggers have counted right.
///
/// # Errors
///
/// [`RowsError::Corrupt`], with the first count that is wrong.
pub(super) fn examine_tallies(connection: &Connection) -> Result<(), RowsError> {
    SqliteRows::new(connection, false).check_tallies()
}

/// A statement's plan, with all its parameters left empty.
trait Explained {
    fn query_map_unbound(&mut self) -> rusqlite::Result<Vec<String>>;
}

impl Explained for rusqlite::Statement<'_> {
    fn query_map_unbound(&mut self) -> rusqlite::Result<Vec<String>> {
        let mut lines = Vec::new();
        let mut rows = self.raw_query();
        while let Some(row) = rows.next()? {
            lines.push(row.get("detail")?);
        }
        Ok(lines)
    }
}

fn is_duplicate(error: &rusqlite::Error) -> bool {
    use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_ROWID, SQLITE_CONSTRAINT_UNIQUE};
    error.sqlite_error().is_some_and(|error| {
        [SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_ROWID, SQLITE_CONSTRAINT_UNIQUE].contains(&error.extended_code)
    })
}
