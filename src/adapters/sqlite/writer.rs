//! The one thread that writes: takes what has queued up while the last commit was syncing, one savepoint per job, and answers after COMMIT.

use std::{
    iter,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicI32, Ordering},
    },
    time::{Duration, Instant},
};

use orchestrator_core::ports::store::{Abort, StoreError, WriteBody};
use rusqlite::{Connection, config::DbConfig, hooks::Wal};

use super::{
    FatalHook,
    jobs::{Answer, Job, Jobs},
    rows::SqliteRows,
    trouble::Trouble,
};

/// The most jobs of one commit.
const BATCH_JOBS: usize = 256;
/// The most time that the jobs of one commit may take before it.
const BATCH_TIME: Duration = Duration::from_millis(5);
/// How many times another process's hold is waited out, each for the connection's busy timeout.
const BUSY_TRIES: u32 = 3;
/// From how many pages on the write-ahead log is written back. Source: SQLite's own default, `SQLITE_DEFAULT_WAL_AUTOCHECKPOINT`.
const CHECKPOINT_PAGES: i32 = 1_000;

/// The connection that writes, and what its thread must remember.
pub(super) struct Writer {
    connection: Connection,
    checks_plans: bool,
    fatal: FatalHook,
    /// How long the write-ahead log was after the last commit.
    log_pages: Arc<AtomicI32>,
    /// Why nothing is written any more.
    poison: Option<Trouble>,
}

/// What a transaction has taken, each with the answer that it gets if the transaction is committed.
type Taken = Vec<(Job<WriteBody>, Answer)>;

/// A transaction that was not committed: nothing of it has happened.
struct Lost(Trouble);

impl Writer {
    /// A writer on a connection of its own.
    ///
    /// # Errors
    ///
    /// SQLite's, if it does not take the hook that tells how long the log is.
    pub(super) fn new(mut connection: Connection, checks_plans: bool, fatal: FatalHook) -> rusqlite::Result<Self> {
        let log_pages = Arc::new(AtomicI32::new(0));
        let told = Arc::clone(&log_pages);
        // In the place of SQLite's own hook, which writes the log back at the same length, but before the commit is answered, and says
        // nothing of a disk that fails.
        connection.wal_hook(Some(move |_: &mut Wal, pages| {
            told.store(pages, Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(Self { connection, checks_plans, fatal, log_pages, poison: None })
    }

    /// Writes until the queue is closed and empty; gives the connection back.
    pub(super) fn run(mut self, jobs: &Jobs<WriteBody>) -> Connection {
        let _served = jobs.served();
        while let Some(waiting) = jobs.wait() {
            self.serve(waiting.min(BATCH_JOBS), &mut || jobs.take());
            self.write_log_back();
        }
        self.connection
    }

    /// Takes up to `most` jobs, commits them together and answers them.
    fn serve(&mut self, most: usize, next: &mut dyn FnMut() -> Option<Job<WriteBody>>) {
        let (taken, done) = self.batch(most, next);
        match done {
            Ok(()) => {
                for (job, answer) in taken {
                    job.answer(answer);
                }
            }
            // One job may be too large where the others fit: each is tried for itself.
            Err(Lost(Trouble::Full)) if taken.len() > 1 => {
                for (job, _undone) in taken {
                    let mut only = Some(job);
                    self.serve(1, &mut || only.take());
                }
            }
            Err(Lost(trouble)) => {
                // A batch that could not begin has taken nothing, and there is no use in beginning it for ever.
                let untaken = if taken.is_empty() { most } else { 0 };
                for job in taken.into_iter().map(|(job, _undone)| job).chain(iter::from_fn(next).take(untaken)) {
                    job.answer(Ok(Err(trouble.as_rows_error().into())));
                }
            }
        }
    }

    /// One transaction. Of what was taken all is on the disk, or nothing has happened.
    fn batch(&mut self, most: usize, next: &mut dyn FnMut() -> Option<Job<WriteBody>>) -> (Taken, Result<(), Lost>) {
        let mut taken = Taken::with_capacity(most);
        if let Err(lost) = self.begin() {
            return (taken, Err(lost));
        }
        let began = Instant::now();
        while taken.len() < most && began.elapsed() < BATCH_TIME {
            let Some(mut job) = next() else { break };
            let ran = if most == 1 { self.run_alone(&mut job.body) } else { self.run_body(&mut job.body) };
            match ran {
                Ok(answer) => taken.push((job, answer)),
                Err(lost) => {
                    taken.push((job, Ok(Ok(()))));
                    self.roll_back();
                    return (taken, Err(lost));
                }
            }
        }
        // A body that was alone and has refused has taken its transaction with it.
        let done = if most == 1 && self.connection.is_autocommit() { Ok(()) } else { self.execute("COMMIT") };
        if done.is_err() {
            self.roll_back();
        }
        (taken, done)
    }

    fn begin(&mut self) -> Result<(), Lost> {
        if let Some(poison) = &self.poison {
            return Err(Lost(poison.clone()));
        }
        for tries in 1..BUSY_TRIES {
            match self.execute("BEGIN IMMEDIATE") {
                Err(Lost(Trouble::Busy)) => tracing::warn!(tries, "another process holds the database: waiting for it once more"),
                begun => return begun,
            }
        }
        self.execute("BEGIN IMMEDIATE")
    }

    /// Runs a body whose transaction nobody shares: what it has changed is kept or undone with the transaction.
    fn run_alone(&mut self, body: &mut WriteBody) -> Result<Answer, Lost> {
        let answer = self.call(body)?;
        if !matches!(answer, Ok(Ok(()))) {
            self.execute("ROLLBACK")?;
        }
        Ok(answer)
    }

    /// Runs a body within a savepoint. `Err`: the transaction is lost with all that was done in it.
    fn run_body(&mut self, body: &mut WriteBody) -> Result<Answer, Lost> {
        self.execute("SAVEPOINT job")?;
        let answer = self.call(body)?;
        if !matches!(answer, Ok(Ok(()))) {
            self.execute("ROLLBACK TO job")?;
        }
        self.execute("RELEASE job")?;
        Ok(answer)
    }

    /// What a body answers; `Err`: the transaction is lost.
    fn call(&mut self, body: &mut WriteBody) -> Result<Answer, Lost> {
        let mut rows = SqliteRows::new(&self.connection, self.checks_plans);
        let ran = catch_unwind(AssertUnwindSafe(|| body(&mut rows)));
        let trouble = rows.trouble();
        if let Some(trouble @ Trouble::Fatal(_)) = trouble {
            return Err(self.lost(trouble));
        }
        if self.connection.is_autocommit() {
            // Some errors, a full disk among them, may undo the whole transaction.
            let why = trouble.unwrap_or_else(|| Trouble::Told("SQLite has undone the transaction".to_owned()));
            return Err(self.lost(why));
        }
        Ok(match ran {
            Ok(Ok(())) => Ok(Ok(())),
            Ok(Err(Abort::Rows(error))) => Ok(Err(StoreError::Rows(error))),
            Ok(Err(Abort::Refused)) => Ok(Err(StoreError::Refused)),
            Err(panic) => Err(panic),
        })
    }

    fn roll_back(&mut self) {
        if !self.connection.is_autocommit() {
            // If this fails too, the connection is still within the transaction and says so at the next BEGIN.
            let _undone = self.execute("ROLLBACK");
        }
    }

    /// Moves the log's pages into the database, once there are enough. Readers and other processes are not waited for.
    fn write_log_back(&mut self) {
        if self.poison.is_some() || self.log_pages.load(Ordering::Relaxed) < CHECKPOINT_PAGES {
            return;
        }
        self.log_pages.store(0, Ordering::Relaxed);
        let checkpoint = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        if let Err(error) = checkpoint {
            let Lost(trouble) = self.lost(Trouble::from(&error));
            tracing::warn!("the write-ahead log could not be written back yet: {trouble:?}");
        }
    }

    fn execute(&mut self, sql: &str) -> Result<(), Lost> {
        let done = self.connection.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
        match done {
            Ok(_) => Ok(()),
            Err(error) => Err(self.lost(Trouble::from(&error))),
        }
    }

    /// A failed disk is never asked again: what it says it has written may be gone.
    fn lost(&mut self, trouble: Trouble) -> Lost {
        if let Trouble::Fatal(reason) = &trouble
            && self.poison.is_none()
        {
            self.poison = Some(trouble.clone());
            // Closing would write the log back once more.
            let _refused = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
            tracing::error!("the database can't be relied upon any more, nothing is written from here on: {reason}");
            (self.fatal)(reason);
        }
        Lost(trouble)
    }
}
