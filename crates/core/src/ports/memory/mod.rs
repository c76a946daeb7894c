//! The store in memory: the naive model that other adapters are judged by, and the store of tests and demonstrations that need no file.
//!
//! Its looks are linear scans over ordered maps, so that reading one tells what is promised. A transaction works on a copy of the tables and
//! swaps it in at its end; what it does not touch is shared with the version before. Nothing survives the process.

mod change;
mod look;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;

use super::{
    rows::{AttemptRow, CardRow, FollowUpRow, GateRow, IntakeRow, LaneRow, LedgerRow, LetterRow, MarkRow, ParcelRow, StepRow, TaskRow},
    store::{Abort, ReadBody, Store, StoreError, Urgency, WriteBody},
};
use crate::domain::{
    id::{AttemptId, LetterId, MarkId, ParcelId, StepId, TaskId},
    journal::Event,
};

/// A store that forgets everything when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tables: Mutex<Tables>,
    rehearses: bool,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty store that runs each writing body twice, the first time on tables that it throws away: a body that can't be run again
    /// shows itself.
    pub fn rehearsing() -> Self {
        Self { rehearses: true, ..Self::default() }
    }

    /// A body that panicked has changed nothing: the lock it poisoned guards whole versions only.
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn write(&self, _urgency: Urgency, mut body: WriteBody) -> Result<(), StoreError> {
        let mut tables = self.tables();
        if self.rehearses {
            let _thrown_away = body(&mut tables.clone());
        }
        let mut changed = tables.clone();
        match body(&mut changed) {
            Ok(()) => {
                *tables = changed;
                Ok(())
            }
            Err(Abort::Rows(error)) => Err(error.into()),
            Err(Abort::Refused) => Err(StoreError::Refused),
        }
    }

    async fn read(&self, mut body: ReadBody) -> Result<(), StoreError> {
        let seen = self.tables().clone();
        Ok(body(&seen)?)
    }
}

/// A table: cloned when a transaction first touches it.
type Table<K, V> = Arc<BTreeMap<K, V>>;

/// One version of everything.
#[derive(Clone, Debug, Default)]
struct Tables {
    intake: Table<(String, String), IntakeRow>,
    /// By order of acceptance.
    tasks: Table<i64, TaskRow>,
    steps: Table<StepId, StepRow>,
    lanes: Table<String, LaneRow>,
    gates: Table<String, GateRow>,
    /// By order of insertion.
    attempts: Table<i64, Attempt>,
    /// Whole results that were set aside.
    long_results: Table<AttemptId, String>,
    /// By order of insertion.
    ledger: Table<i64, LedgerRow>,
    letters: Table<LetterId, LetterRow>,
    parcels: Table<ParcelId, ParcelRow>,
    marks: Table<MarkId, MarkRow>,
    cards: Table<TaskId, CardRow>,
    /// By order of arrival.
    follow_ups: Table<i64, FollowUpRow>,
    facts: Table<String, String>,
    /// By order of insertion.
    journal: Table<i64, Event>,
}

/// An attempt, and which letters came after it.
#[derive(Clone, Debug)]
struct Attempt {
    row: AttemptRow,
    /// The first letter that can be its result: the next one that was free when it was inserted.
    letters_from: LetterId,
}

/// The key after the last one, from 1.
fn next<V>(table: &BTreeMap<i64, V>) -> i64 {
    table.last_key_value().map_or(1, |(last, _)| last + 1)
}
