//! What the orchestrator did about a task, written beside what its agent said.

use std::path::Path;

/// Appends lines to a task's `agent-output.log`.
pub trait TaskLog: Send + Sync {
    /// Appends one line, with the time before it as `[HH:MM:SS]`. A log that can't be written is no failure of the task: it is warned about.
    fn note(&self, workspace: &Path, task: &crate::domain::id::TaskId, line: &str);
}
