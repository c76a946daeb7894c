//! The store in one SQLite file.
//!
//! In come bodies, out goes what they decided, after it is on the disk. One thread writes (`writer`), two look (`reader`); the rows themselves
//! are in `rows`, the file with its schema in `file` and `migrate`, its copies in `backup` and `restore`. Knows nothing of
//! what the rows mean.

mod backup;
mod file;
mod jobs;
mod migrate;
mod reader;
mod restore;
mod rows;
mod trouble;
mod writer;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use orchestrator_core::ports::store::{ReadBody, Store, StoreError, Urgency, WriteBody};
use rusqlite::Connection;

pub use self::{
    backup::BackupError,
    file::OpenError,
    restore::{Restored, restore},
};
use self::{file::Examination, jobs::Jobs, writer::Writer};

/// Between tries to open a file that another process is opening or closing.
const BUSY_PAUSE: Duration = Duration::from_millis(20);
/// How many threads look.
const READERS: usize = 2;
/// Up to this size a file whose last user did not close it is looked through when it is opened: some hundredths of a second.
const EXAMINED_AT_OPENING: u64 = 16 << 20;

/// Called once, on the writer's thread, when the disk fails or the file is found damaged: the service is to end its process. What is asked
/// of the store afterwards fails.
pub type FatalHook = Arc<dyn Fn(&str) + Send + Sync>;

/// How a store is opened.
#[derive(Clone)]
pub struct SqliteOptions {
    /// The time now: part of the name of a backup that is made before the schema is changed.
    pub now: DateTime<Utc>,
    /// How long another process's hold on the file is waited out, before it is tried again (three times in all).
    pub busy_timeout: Duration,
    /// What ends the process.
    pub fatal: FatalHook,
    /// The size that the file may reach; beyond it the disk counts as full. `None`: as large as the disk lets it.
    pub max_bytes: Option<u64>,
    /// Whether statements that would walk through a table are refused: for tests.
    pub checks_plans: bool,
}

impl SqliteOptions {
    /// The usual options: five seconds of patience, no bound.
    pub fn new(now: DateTime<Utc>, fatal: FatalHook) -> Self {
        Self { now, busy_timeout: Duration::from_secs(5), fatal, max_bytes: None, checks_plans: false }
    }
}

impl fmt::Debug for SqliteOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { now, busy_timeout, fatal: _, max_bytes, checks_plans } = self;
        f.debug_struct("SqliteOptions")
            .field("now", now)
            .field("busy_timeout", busy_timeout)
            .field("max_bytes", max_bytes)
            .field("checks_plans", checks_plans)
            .finish_non_exhaustive()
    }
}

/// A store in a SQLite file. Dropping it closes it.
pub struct SqliteStore {
    path: PathBuf,
    busy_timeout: Duration,
    to_write: Arc<Jobs<WriteBody>>,
    to_read: Arc<Jobs<ReadBody>>,
    /// Each gives its connection back; the writer is the last.
    threads: Mutex<Vec<JoinHandle<Connection>>>,
}

impl SqliteStore {
    /// Opens a database, makes it if it is not there, and brings its schema up to date. Blocks.
    ///
    /// # Errors
    ///
    /// [`OpenError`], with what to do about it.
    pub fn open(path: &Path, options: &SqliteOptions) -> Result<Self, OpenError> {
        let until = Instant::now() + options.busy_timeout;
        loop {
            match Self::open_once(path, options) {
                // SQLite does not wait where two wait for each other: when one takes the log along as it closes, and another comes.
                Err(OpenError::Busy { .. }) if Instant::now() < until => thread::sleep(BUSY_PAUSE),
                opened => return opened,
            }
        }
    }

    fn open_once(path: &Path, options: &SqliteOptions) -> Result<Self, OpenError> {
        // A log that somebody has left: who closes a database last takes it along.
        let log_was_left = std::fs::metadata(file::beside(path, "-wal")).is_ok_and(|log| log.len() > 0);
        file::make(path)?;
        let connection = file::connect(path, options.busy_timeout)?;
        file::recognise(&connection, path, migrate::version_after(migrate::STEPS))?;
        if log_was_left && std::fs::metadata(path).is_ok_and(|found| found.len() <= EXAMINED_AT_OPENING) {
            file::examine(&connection, path, Examination::Quick)?;
        }
        file::make_durable(&connection, path)?;
        migrate::migrate(&connection, path, migrate::STEPS, options.now.timestamp())?;
        file::limit_size(&connection, path, options.max_bytes)?;

        let looking: Vec<_> = (0..READERS).map(|_| file::connect_to_look(path, options.busy_timeout)).collect::<Result<_, _>>()?;
        let writer =
            Writer::new(connection, options.checks_plans, Arc::clone(&options.fatal)).map_err(|error| OpenError::of(path, &error))?;
        let (to_write, to_read) = (Arc::new(Jobs::new()), Arc::new(Jobs::new()));
        let store = Self {
            path: path.to_owned(),
            busy_timeout: options.busy_timeout,
            to_write: Arc::clone(&to_write),
            to_read: Arc::clone(&to_read),
            threads: Mutex::new(Vec::new()),
        };
        for (number, connection) in (1..).zip(looking) {
            let (to_read, checks_plans) = (Arc::clone(&to_read), options.checks_plans);
            store.start(&format!("store-reader-{number}"), move || reader::run(connection, checks_plans, &to_read))?;
        }
        store.start("store-writer", move || writer.run(&to_write))?;
        Ok(store)
    }

    /// Where the database is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Copies the database into a new file, while it is in use: one consistent view, complete in itself, examined.
    ///
    /// # Errors
    ///
    /// [`BackupError`]; no file is left at `to`.
    pub async fn backup(&self, to: &Path) -> Result<(), BackupError> {
        let (from, to) = (self.path.clone(), to.to_owned());
        unblocked(move || backup::copy(&from, &to)).await
    }

    /// Looks through the whole database for damage. Takes its time; nothing waits for it.
    ///
    /// # Errors
    ///
    /// [`OpenError::Damaged`], with what was found.
    pub async fn verify(&self) -> Result<(), OpenError> {
        let (path, busy_timeout) = (self.path.clone(), self.busy_timeout);
        unblocked(move || {
            let connection = file::connect_to_look(&path, busy_timeout)?;
            file::examine(&connection, &path, Examination::Thorough)?;
            rows::examine_tallies(&connection).map_err(|error| OpenError::Damaged { path, reason: error.to_string() })
        })
        .await
    }

    /// Finishes what was asked so far, refuses what comes later, and closes the file. Once more does no harm.
    pub async fn close(&self) {
        let threads = self.finish();
        unblocked(move || join(threads)).await;
    }

    fn start(&self, name: &str, run: impl FnOnce() -> Connection + Send + 'static) -> Result<(), OpenError> {
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(run)
            .map_err(|error| OpenError::unreachable(&self.path, error.to_string()))?;
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        Ok(())
    }

    fn finish(&self) -> Vec<JoinHandle<Connection>> {
        self.to_read.close();
        self.to_write.close();
        std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn write(&self, urgency: Urgency, body: WriteBody) -> Result<(), StoreError> {
        self.to_write.ask(urgency, body).await
    }

    async fn read(&self, body: ReadBody) -> Result<(), StoreError> {
        self.to_read.ask(Urgency::Usual, body).await
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        join(self.finish());
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Waits for the threads' ends, then closes their connections, the writer's last: who closes the file last takes its log along, and readers
/// can't. A body may hold the last handle of its own store: its thread is not waited for.
fn join(threads: Vec<JoinHandle<Connection>>) {
    let others = threads.into_iter().filter(|thread| thread.thread().id() != thread::current().id());
    let connections: Vec<_> = others.map(JoinHandle::join).collect();
    for connection in connections {
        match connection {
            Ok(connection) => drop(connection),
            Err(_panic) => tracing::error!("a thread of the store has panicked"),
        }
    }
}

/// Runs what blocks beside the runtime's own threads.
async fn unblocked<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(run).await {
        Ok(done) => done,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is going down, and with it whoever waits here.
            Err(_cancelled) => std::future::pending().await,
        },
    }
}
