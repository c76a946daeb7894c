//! Copies of the database: made while it is in use, proven, and put back.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
    config::DbConfig,
};
use thiserror::Error;

use super::{
    file::{self, Examination, Found, OpenError},
    migrate::{STEPS, version_after},
};

/// How long another process's hold is waited out.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// A copy could not be made or put back.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The database or the copy can't be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A file is there already and is not overwritten.
    #[error("`{}` is there already and is not overwritten", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The database is open somewhere.
    #[error("the database `{}` is in use: stop the service first", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The backup holds nothing.
    #[error("`{}` holds no database", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A file could not be written, moved or removed.
    #[error("`{}`: {reason}", path.display())]
    Files {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: io::Error,
    },
}

/// What a backup holds, and what became of what was in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The schema version of the backup.
    pub version: u32,
    /// Where the database that was replaced is kept.
    pub kept: Option<PathBuf>,
}

/// Copies a database into a new file for its owner alone: one consistent view, complete in itself, examined, on the disk.
///
/// # Errors
///
/// [`BackupError`]; no file is left at `to`.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), BackupError> {
    if to.exists() {
        return Err(BackupError::Exists { path: to.to_owned() });
    }
    let partial = partial_of(to);
    let copied = copy_into(from, &partial).and_then(|()| fs::rename(&partial, to).map_err(|reason| files(to, reason)));
    if copied.is_err() {
        // It may not be there; and what could not be written may well not be removed.
        let _left_behind = fs::remove_file(&partial);
    }
    copied.and_then(|()| sync_folder(to))
}

/// Where a copy is made before it takes its name.
fn partial_of(to: &Path) -> PathBuf {
    file::beside(to, ".partial")
}

fn copy_into(from: &Path, partial: &Path) -> Result<(), BackupError> {
    let told = |error: rusqlite::Error| OpenError::of(partial, &error);
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(partial).map_err(|reason| files(partial, reason))?;
    let source = file::connect_to_look(from, BUSY_TIMEOUT)?;
    let mut copy = file::connect(partial, BUSY_TIMEOUT)?;
    {
        let backup = Backup::new(&source, &mut copy).map_err(told)?;
        // All pages in one step: the view is one, and what is written meanwhile does not start it anew.
        if backup.step(-1).map_err(told)? != StepResult::Done {
            return Err(OpenError::Busy { path: from.to_owned() }.into());
        }
    }
    // Without a log beside it the copy is one file.
    copy.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(())).map_err(told)?;
    examine_copy(&copy, partial, u32::MAX)?;
    copy.close().map_err(|(_, error)| told(error))?;
    File::open(partial).and_then(|copy| copy.sync_all()).map_err(|reason| files(partial, reason))
}

/// Puts a backup in the place of a database that nobody has open. What was there is kept beside it.
///
/// # Errors
///
/// [`BackupError`]; the database is as it was.
pub fn restore(backup: &Path, path: &Path, unix_now: i64) -> Result<Restored, BackupError> {
    if !backup.exists() {
        return Err(OpenError::unreachable(backup, "it does not exist").into());
    }
    let version = examine_copy(&file::connect_to_look(backup, BUSY_TIMEOUT)?, backup, version_after(STEPS))?;
    // What a restore that was killed has left is of no use; nobody else makes files of these names.
    let fresh = file::beside(path, ".restored");
    for left in [&fresh, &partial_of(&fresh)] {
        match fs::remove_file(left) {
            Err(reason) if reason.kind() != io::ErrorKind::NotFound => return Err(files(left, reason)),
            Ok(()) | Err(_) => {}
        }
    }
    copy(backup, &fresh)?;
    let kept = set_aside(path, unix_now).and_then(|kept| {
        fs::rename(&fresh, path).map_err(|reason| files(path, reason))?;
        Ok(kept)
    });
    if kept.is_err() {
        let _left_behind = fs::remove_file(&fresh);
    }
    let kept = kept?;
    sync_folder(path)?;
    Ok(Restored { version, kept })
}

/// Keeps the old database under another name. Its log is written back into it first, so that the old name is a whole database until the new
/// file takes it, also for whoever comes after a kill; the log of a damaged one is kept beside it, because beside the new file it would be taken
/// for that one's own.
fn set_aside(path: &Path, unix_now: i64) -> Result<Option<PathBuf>, BackupError> {
    if !path.exists() {
        return Ok(None);
    }
    write_back_alone(path)?;
    let kept = keep(path, unix_now)?;
    for suffix in ["-wal", "-shm"] {
        let log = file::beside(path, suffix);
        match fs::rename(&log, file::beside(&kept, suffix)) {
            Err(reason) if reason.kind() != io::ErrorKind::NotFound => return Err(files(&log, reason)),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(Some(kept))
}

/// Gives the database a second name that is free.
fn keep(path: &Path, unix_now: i64) -> Result<PathBuf, BackupError> {
    let mut kept = file::beside(path, &format!(".replaced.{unix_now}"));
    let mut number = 2;
    loop {
        match fs::hard_link(path, &kept) {
            Err(reason) if reason.kind() == io::ErrorKind::AlreadyExists => {
                kept = file::beside(path, &format!(".replaced.{unix_now}-{number}"));
                number += 1;
            }
            Err(reason) => return Err(files(&kept, reason)),
            Ok(()) => return Ok(kept),
        }
    }
}

/// Asks for the whole file, which is granted only if no other connection is there, and writes its log back into it. A damaged one stays as it
/// is: of it nobody can tell whether it is in use.
fn write_back_alone(path: &Path) -> Result<(), BackupError> {
    let alone = || -> rusqlite::Result<()> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection.query_row("PRAGMA locking_mode = EXCLUSIVE", [], |_| Ok(()))?;
        connection.execute_batch("BEGIN EXCLUSIVE; COMMIT;")?;
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        connection.close().map_err(|(_, error)| error)
    };
    match alone().map_err(|error| OpenError::of(path, &error)) {
        Err(OpenError::Busy { path }) => Err(BackupError::InUse { path }),
        Ok(()) | Err(OpenError::Damaged { .. } | OpenError::NotOurs { .. }) => Ok(()),
        Err(other) => Err(other.into()),
    }
}

/// The version of a copy that is ours and whole, up to the one that is `known`.
fn examine_copy(copy: &Connection, path: &Path, known: u32) -> Result<u32, BackupError> {
    file::examine(copy, path, Examination::Thorough)?;
    match file::recognise(copy, path, known)? {
        Found::Empty => Err(BackupError::Empty { path: path.to_owned() }),
        Found::Ours(version) => Ok(version),
    }
}

fn sync_folder(of: &Path) -> Result<(), BackupError> {
    let folder = of.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|reason| files(folder, reason))
}

fn files(path: &Path, reason: io::Error) -> BackupError {
    BackupError::Files { path: path.to_owned(), reason }
}
