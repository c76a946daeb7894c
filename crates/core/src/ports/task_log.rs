//! What the orchestrator did about a task, written beside what its agent said; and the end of both, to be shown.

use std::path::Path;

use crate::domain::id::TaskId;

/// A task's `agent-output.log`: lines are appended, its end is read.
pub trait TaskLog: Send + Sync {
    /// Appends one line, with the time before it as `[HH:MM:SS]`. A log that can't be written is no failure of the task: it is warned about.
    fn note(&self, workspace: &Path, task: &TaskId, line: &str);

    /// The last `most` bytes, cut at a line's beginning. Blocks.
    ///
    /// # Errors
    ///
    /// Why there is none, in words.
    fn tail(&self, workspace: &Path, task: &TaskId, most: u64) -> Result<LogTail, String>;

    /// A file that an agent has left in its working folder, whole: a plain file of at most `most` bytes, to which no link leads. Blocks.
    ///
    /// # Errors
    ///
    /// Why it can't be had, in words.
    fn left(&self, workspace: &Path, task: &TaskId, path: &str, most: u64) -> Result<Vec<u8>, String>;
}

/// The end of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogTail {
    /// Whole lines; bytes that are no text are replaced.
    pub text: String,
    /// Bytes before it.
    pub left_out: u64,
}
