//! A backup put in the place of a database: checked against the schema that this program knows, and what was there is kept.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{
    backup::{BUSY_TIMEOUT, BackupError, copy, examine_copy, files, partial_of, sync_folder},
    file::{self, OpenError},
    migrate::{STEPS, version_after},
};

/// What a backup holds, and what became of what was in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The schema version of the backup.
    pub version: u32,
    /// Where the database that was replaced is kept.
    pub kept: Option<PathBuf>,
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
