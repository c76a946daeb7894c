//! The database's file: made, recognised, refused.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, MAIN_DB, OpenFlags, config::DbConfig, ffi::ErrorCode};
use thiserror::Error;

/// The most that a connection that writes, and one that looks, keep of the file in memory, in KiB. What is left out is in the system's own cache; kept
/// small, so that a deep queue costs no memory.
const WRITER_CACHE_KIB: u32 = 1_024;
const READER_CACHE_KIB: u32 = 512;

/// A new file's pages, in bytes; one that is there keeps its own. A transaction changes a little in each of some twenty-five pages, all of which
/// go to the log: half of SQLite's usual size makes a claim some 15 % shorter, a quarter no more than that.
const PAGE_BYTES: u32 = 2_048;

/// Marks a SQLite file as ours: `Orch`, in the header's field for it.
pub(super) const APPLICATION_ID: i32 = 0x4f72_6368;

/// A database can't be used. Nothing in it was changed.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The file or its folder is not there, or may not be read or written.
    #[error("the database `{}` can't be opened: {reason}", path.display())]
    Unreachable {
        /// The file.
        path: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
    /// The file is something else.
    #[error("`{}` is not the orchestrator's database: {reason}. Move it away, or name another file", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        reason: String,
    },
    /// A later version of this program has changed the file.
    #[error(
        "the database `{}` has schema version {found}, and this program knows versions up to {known}: a newer version has used it. \
         Start that version again, or restore the backup that it made before (`{}.before-v*`)", path.display(), path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The latest that is known here.
        known: u32,
    },
    /// The file is damaged.
    #[error("the database `{}` is damaged ({reason}). Keep the file, and put a backup in its place with `orchestrator restore`", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// Another process holds the file for longer than was waited.
    #[error("another process holds the database `{}`; try again when it has finished", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// No room.
    #[error("the disk is full: the database `{}` can't be opened", path.display())]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// The schema could not be brought up to date.
    #[error("the database `{}` could not be brought to schema version {to} and is as it was: {reason}", path.display())]
    Migration {
        /// The file.
        path: PathBuf,
        /// The version that was to be reached.
        to: u32,
        /// Why.
        reason: String,
    },
}

impl OpenError {
    /// What SQLite's error says of a file.
    pub(super) fn of(path: &Path, error: &rusqlite::Error) -> Self {
        let (path, reason) = (path.to_owned(), error.to_string());
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotOurs { path, reason: "it is no SQLite file".to_owned() },
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, reason },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            Some(ErrorCode::DiskFull) => Self::DiskFull { path },
            _ => Self::Unreachable { path, reason },
        }
    }

    pub(super) fn unreachable(path: &Path, reason: impl Into<String>) -> Self {
        Self::Unreachable { path: path.to_owned(), reason: reason.into() }
    }
}

/// What a file turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing is in it yet.
    Empty,
    /// It is ours, of this schema version.
    Ours(u32),
}

/// Makes the file if it is not there, for its owner alone. SQLite gives the files beside it the same mode.
///
/// A file that is there is not opened: closing it would drop the locks that SQLite holds on it in this process.
pub(super) fn make(path: &Path) -> Result<(), OpenError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_made) => Ok(()),
        Err(error) => match (error.kind(), fs::metadata(path)) {
            (io::ErrorKind::AlreadyExists, Ok(found)) if found.is_dir() => Err(OpenError::unreachable(path, "it is a folder")),
            (io::ErrorKind::AlreadyExists, _) => Ok(()),
            (io::ErrorKind::NotFound, _) => Err(OpenError::unreachable(path, "its folder does not exist")),
            (io::ErrorKind::StorageFull, _) => Err(OpenError::DiskFull { path: path.to_owned() }),
            (_, _) => Err(OpenError::unreachable(path, error.to_string())),
        },
    }
}

/// Opens a connection that writes.
pub(super) fn connect(path: &Path, busy_timeout: Duration) -> Result<Connection, OpenError> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE, busy_timeout)?;
    if connection.is_readonly(MAIN_DB).map_err(|error| OpenError::of(path, &error))? {
        return Err(OpenError::unreachable(path, "it may be read but not written; check its owner and mode"));
    }
    Ok(connection)
}

/// Opens a connection that can't write.
pub(super) fn connect_to_look(path: &Path, busy_timeout: Duration) -> Result<Connection, OpenError> {
    open(path, OpenFlags::SQLITE_OPEN_READ_ONLY, busy_timeout)
}

fn open(path: &Path, access: OpenFlags, busy_timeout: Duration) -> Result<Connection, OpenError> {
    let told = |error: &rusqlite::Error| OpenError::of(path, error);
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(|error| told(&error))?;
    connection.busy_timeout(busy_timeout).map_err(|error| told(&error))?;
    connection.set_prepared_statement_cache_capacity(256);
    // One plan for a statement, whatever is bound to it. Otherwise SQLite compares what is bound with the conditions of partial indexes, and
    // plans anew whenever something else is bound: at each claim and each end, several times.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(|error| told(&error))?;
    let cache = if access.contains(OpenFlags::SQLITE_OPEN_READ_ONLY) { READER_CACHE_KIB } else { WRITER_CACHE_KIB };
    connection
        .execute_batch(&format!(
            "PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = OFF; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{cache};"
        ))
        .map_err(|error| told(&error))?;
    Ok(connection)
}

/// Tells whether a file is ours, and of which version.
pub(super) fn recognise(connection: &Connection, path: &Path, known: u32) -> Result<Found, OpenError> {
    // One view for all three, where nobody has begun one: another process may be making the file meanwhile.
    let view = if connection.is_autocommit() { Some(connection.unchecked_transaction()) } else { None };
    let view = view.transpose().map_err(|error| OpenError::of(path, &error))?;
    let ask = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(|error| OpenError::of(path, &error));
    let application = ask("PRAGMA application_id")?;
    let version = ask("PRAGMA user_version")?;
    let things = ask("SELECT count(*) FROM sqlite_schema")?;
    drop(view);
    if application == 0 && version == 0 && things == 0 {
        return Ok(Found::Empty);
    }
    if application != i64::from(APPLICATION_ID) {
        return Err(OpenError::NotOurs { path: path.to_owned(), reason: "it is another program's SQLite file".to_owned() });
    }
    let found =
        u32::try_from(version).map_err(|_| OpenError::Damaged { path: path.to_owned(), reason: format!("schema version {version}") })?;
    if found > known {
        return Err(OpenError::Newer { path: path.to_owned(), found, known });
    }
    Ok(Found::Ours(found))
}

/// Turns the write-ahead log on and has every commit reach the disk before it is answered.
pub(super) fn make_durable(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let told = |error: rusqlite::Error| OpenError::of(path, &error);
    // Has an effect on an empty file only.
    connection.execute_batch(&format!("PRAGMA page_size = {PAGE_BYTES}")).map_err(told)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(told)?;
    if mode != "wal" {
        let reason = format!("its file system has no shared memory for SQLite's log (mode `{mode}`); put it on a local disk");
        return Err(OpenError::unreachable(path, reason));
    }
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = 67108864;").map_err(told)
}

/// Has the disk count as full once the file has reached a size.
pub(super) fn limit_size(connection: &Connection, path: &Path, max_bytes: Option<u64>) -> Result<(), OpenError> {
    let Some(max_bytes) = max_bytes else { return Ok(()) };
    let told = |error: rusqlite::Error| OpenError::of(path, &error);
    let page_size: u32 = connection.query_row("PRAGMA page_size", [], |row| row.get(0)).map_err(told)?;
    let pages = max_bytes / u64::from(page_size.max(1));
    connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).map_err(told)
}

/// Looks for damage: quickly, or through every index too.
pub(super) fn examine(connection: &Connection, path: &Path, how: Examination) -> Result<(), OpenError> {
    let sql = match how {
        Examination::Quick => "PRAGMA quick_check(1)",
        Examination::Thorough => "PRAGMA integrity_check(1)",
    };
    let found: String = connection.query_row(sql, [], |row| row.get(0)).map_err(|error| OpenError::of(path, &error))?;
    if found == "ok" { Ok(()) } else { Err(OpenError::Damaged { path: path.to_owned(), reason: found.replace('\n', " ") }) }
}

/// How hard damage is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Examination {
    /// Whether the pages hold together.
    Quick,
    /// Whether the indexes say the same as the tables, too.
    Thorough,
}

/// The file beside a database that ends in `suffix`.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
