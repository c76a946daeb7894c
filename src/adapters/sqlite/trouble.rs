//! What SQLite's errors ask for: to be told, to wait, or to stop.

use orchestrator_core::ports::rows::RowsError;
use rusqlite::ffi::{self, ErrorCode};

/// An error of SQLite's, by what it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The statement failed; nothing else is concerned.
    Told(String),
    /// Another process holds the file.
    Busy,
    /// No room on the disk: what is written now is refused, what is written later may succeed.
    Full,
    /// The disk failed, or the file is not what it should be: nothing that is believed of it may be relied upon.
    Fatal(String),
}

impl Trouble {
    /// The greater wins where several happen in one transaction.
    pub(super) fn severity(&self) -> u8 {
        match self {
            Self::Told(_) => 0,
            Self::Busy => 1,
            Self::Full => 2,
            Self::Fatal(_) => 3,
        }
    }

    /// What a caller is told.
    pub(super) fn as_rows_error(&self) -> RowsError {
        match self {
            Self::Told(reason) => RowsError::Backend { reason: reason.clone() },
            Self::Busy => RowsError::Backend { reason: "another process holds the database; try again".to_owned() },
            Self::Full => RowsError::DiskFull,
            Self::Fatal(reason) => RowsError::Backend { reason: format!("the database can't be relied upon: {reason}") },
        }
    }
}

impl From<&rusqlite::Error> for Trouble {
    fn from(error: &rusqlite::Error) -> Self {
        let Some(told) = error.sqlite_error() else { return Self::Told(error.to_string()) };
        match told.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
            ErrorCode::DiskFull => Self::Full,
            // The shared-memory file could not grow: the disk is full, nothing was written.
            ErrorCode::SystemIoFailure if told.extended_code == ffi::SQLITE_IOERR_SHMSIZE => Self::Full,
            ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
                Self::Fatal(format!("{error} (SQLite's code {})", told.extended_code))
            }
            _ => Self::Told(error.to_string()),
        }
    }
}
