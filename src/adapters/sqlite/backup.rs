//! Copies of the database: made while it is in use, and proven.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{
    Connection,
    backup::{Backup, StepResult},
};
use thiserror::Error;

use super::file::{self, Examination, Found, OpenError};

/// How long another process's hold is waited out.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

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
pub(super) fn partial_of(to: &Path) -> PathBuf {
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

/// The version of a copy that is ours and whole, up to the one that is `known`.
pub(super) fn examine_copy(copy: &Connection, path: &Path, known: u32) -> Result<u32, BackupError> {
    file::examine(copy, path, Examination::Thorough)?;
    match file::recognise(copy, path, known)? {
        Found::Empty => Err(BackupError::Empty { path: path.to_owned() }),
        Found::Ours(version) => Ok(version),
    }
}

/// Brings to the disk which names a file's folder holds.
pub(super) fn sync_folder(of: &Path) -> Result<(), BackupError> {
    let folder = of.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|reason| files(folder, reason))
}

/// What befell a file, as the caller is told.
pub(super) fn files(path: &Path, reason: io::Error) -> BackupError {
    BackupError::Files { path: path.to_owned(), reason }
}
