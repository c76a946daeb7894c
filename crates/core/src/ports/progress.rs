//! What running agents are doing at this moment: kept in memory, read anew from their output after a restart.

use crate::domain::{id::TaskId, progress::Pulse};

/// Tells of running agents.
pub trait Progress: Send + Sync {
    /// How a task's agent is doing; `None`: none of it runs, or nobody has looked yet.
    fn pulse(&self, task: &TaskId) -> Option<Pulse>;
}
