//! How an operation on rows fails.

use thiserror::Error;

/// A store operation failed. The transaction is undone.
#[derive(Debug, Error)]
pub enum RowsError {
    /// A row holds what no version of this program has written.
    #[error("{table}.{column} of row {row} can't be read: {reason}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's key.
        row: String,
        /// What is wrong.
        reason: String,
    },
    /// A row that is to be changed is not as it was read, or not there: somebody else was faster.
    #[error("{table} row {row} was changed by somebody else")]
    Stale {
        /// The table.
        table: &'static str,
        /// The row's key.
        row: String,
    },
    /// A row that is to be new is there already.
    #[error("{table} row {row} is there already")]
    Duplicate {
        /// The table.
        table: &'static str,
        /// The row's key.
        row: String,
    },
    /// No room on the disk.
    #[error("the store's disk is full")]
    DiskFull,
    /// Anything else that the database says.
    #[error("the store failed: {reason}")]
    Backend {
        /// In its words.
        reason: String,
    },
}

impl RowsError {
    /// A row is not as it was expected.
    pub fn stale(table: &'static str, row: &impl ToString) -> Self {
        Self::Stale { table, row: row.to_string() }
    }

    /// A row is there already.
    pub fn duplicate(table: &'static str, row: &impl ToString) -> Self {
        Self::Duplicate { table, row: row.to_string() }
    }
}
