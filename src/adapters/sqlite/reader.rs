//! Threads that look: each body in one read transaction, on a connection that can't write.

use std::panic::{AssertUnwindSafe, catch_unwind};

use orchestrator_core::ports::store::{ReadBody, StoreError};
use rusqlite::Connection;

use super::{
    jobs::{Answer, Jobs},
    rows::SqliteRows,
    trouble::Trouble,
};

/// Looks until the queue is closed and empty; gives the connection back.
pub(super) fn run(connection: Connection, checks_plans: bool, jobs: &Jobs<ReadBody>) -> Connection {
    let _served = jobs.served();
    while jobs.wait().is_some() {
        // Another reader may have been faster.
        if let Some(mut job) = jobs.take() {
            let answer = look(&connection, checks_plans, &mut job.body);
            job.answer(answer);
        }
    }
    connection
}

/// The view is that of the first statement, to the end.
fn look(connection: &Connection, checks_plans: bool, body: &mut ReadBody) -> Answer {
    if let Err(error) = execute(connection, "BEGIN") {
        return Ok(Err(error));
    }
    let rows = SqliteRows::new(connection, checks_plans);
    let ran = catch_unwind(AssertUnwindSafe(|| body(&rows)));
    if !connection.is_autocommit()
        && let Err(error) = execute(connection, "COMMIT")
    {
        return Ok(Err(error));
    }
    ran.map(|looked| looked.map_err(StoreError::Rows))
}

fn execute(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    let done = connection.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
    done.map(|_| ()).map_err(|error| Trouble::from(&error).as_rows_error().into())
}
