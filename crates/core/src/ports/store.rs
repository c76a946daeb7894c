//! The store: transactions over [`rows`](super::rows). The promises themselves are written once, in `queue`.

use async_trait::async_trait;
use thiserror::Error;

use super::rows::{Look, Rows, RowsError};

/// Keeps state durably.
///
/// An adapter promises: a write's body runs alone, in one transaction; the answer comes after the commit is on the disk; a body that aborts
/// has changed nothing and does not disturb others; a body may be run several times before it is answered, the last run counts.
#[async_trait]
pub trait Store: Send + Sync {
    /// Runs a body that changes rows.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    async fn write(&self, urgency: Urgency, body: WriteBody) -> Result<(), StoreError>;

    /// Runs a body that only looks, on one consistent view.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn read(&self, body: ReadBody) -> Result<(), StoreError>;
}

/// A body that changes rows. Time and chance are captured beforehand, so that it may be run again.
pub type WriteBody = Box<dyn FnMut(&mut dyn Rows) -> Result<(), Abort> + Send>;

/// A body that only looks.
pub type ReadBody = Box<dyn FnMut(&dyn Look) -> Result<(), RowsError> + Send>;

/// What passes what when writes queue up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// Settles, renewals, deliveries: what frees something.
    Urgent,
    /// Intake and everything else.
    Usual,
}

/// Why a body is undone.
#[derive(Debug)]
pub enum Abort {
    /// A row operation failed.
    Rows(RowsError),
    /// The body itself decided so, and has told its caller why.
    Refused,
}

impl From<RowsError> for Abort {
    fn from(error: RowsError) -> Self {
        Self::Rows(error)
    }
}

/// A transaction did not happen.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A row operation failed.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// The body refused.
    #[error("refused")]
    Refused,
    /// The store has been closed, or its writer is gone.
    #[error("the store is closed")]
    Closed,
}
