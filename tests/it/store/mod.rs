//! The store: one contract for all adapters, then what SQLite promises beyond it.

mod contract;
mod crash;
mod model;
mod samples;
mod sqlite;
mod writer;

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use discord_orchestrator::adapters::sqlite::{OpenError, SqliteOptions, SqliteStore};
use orchestrator_core::ports::{
    rows::{Look, Rows, RowsError},
    store::{Abort, Store, StoreError, Urgency},
};

/// Runs a body and hands out what its last run gave.
async fn write<T: Send + 'static>(
    store: &dyn Store,
    mut body: impl FnMut(&mut dyn Rows) -> Result<T, Abort> + Send + 'static,
) -> Result<T, StoreError> {
    let given = Arc::new(Mutex::new(None));
    let slot = Arc::clone(&given);
    let run = Box::new(move |rows: &mut dyn Rows| {
        *slot.lock().unwrap() = Some(body(rows)?);
        Ok(())
    });
    store.write(Urgency::Usual, run).await?;
    Ok(given.lock().unwrap().take().expect("the body has run"))
}

/// Looks, and hands out what was seen.
async fn read<T: Send + 'static>(
    store: &dyn Store,
    mut body: impl FnMut(&dyn Look) -> Result<T, RowsError> + Send + 'static,
) -> Result<T, StoreError> {
    let given = Arc::new(Mutex::new(None));
    let slot = Arc::clone(&given);
    let run = Box::new(move |rows: &dyn Look| {
        *slot.lock().unwrap() = Some(body(rows)?);
        Ok(())
    });
    store.read(run).await?;
    Ok(given.lock().unwrap().take().expect("the body has run"))
}

/// Options of a test: whatever would walk through a table is refused, and a fatal error ends the test.
fn options() -> SqliteOptions {
    let fatal = Arc::new(|reason: &str| panic!("the store gave up: {reason}"));
    SqliteOptions { checks_plans: true, ..SqliteOptions::new(samples::at(0), fatal) }
}

fn open(path: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(path, &options())
}
