//! Exit codes: one table for scripts, the same in `--help` and in `docs/cli.md`.

use std::{fmt, process::ExitCode};

use orchestrator_core::domain::attempt::Outcome;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done; of a task that was waited for: it succeeded.
    Done,
    /// The command or the configuration can't be used as it is.
    Usage,
    /// `submit`: posted, but its header is missing, so it is no task yet.
    HeaderMissing,
    /// The task failed.
    Failed,
    /// The task reached its time limit.
    TimedOut,
    /// The task was cancelled.
    Cancelled,
    /// The task was interrupted, or reached a spend ceiling.
    CutOff,
    /// There is no such task, file or log.
    NotFound,
    /// The service, Discord or another server could not be reached.
    Unreachable,
    /// A rule says no: not now, not you, too many.
    Refused,
    /// `submit --wait --at-most`: the task has not ended yet.
    StillGoing,
    /// `doctor`: something must be mended.
    Unwell,
    /// The machine failed: the store, the disk, a defect.
    Broken,
}

impl Exit {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 13] = [
        Self::Done,
        Self::Usage,
        Self::HeaderMissing,
        Self::Failed,
        Self::TimedOut,
        Self::Cancelled,
        Self::CutOff,
        Self::NotFound,
        Self::Unreachable,
        Self::Refused,
        Self::StillGoing,
        Self::Unwell,
        Self::Broken,
    ];

    /// The number. 0, 1 and 2 are fixed by contract 003 §1. Exhaustive on purpose: a new ending does not compile until it has one.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Usage => 1,
            Self::HeaderMissing => 2,
            Self::Failed => 3,
            Self::TimedOut => 4,
            Self::Cancelled => 5,
            Self::CutOff => 6,
            Self::NotFound => 7,
            Self::Unreachable => 8,
            Self::Refused => 9,
            Self::StillGoing => 10,
            Self::Unwell => 11,
            Self::Broken => 12,
        }
    }

    /// What it means, as `--help` has it.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done; with --wait: the task succeeded",
            Self::Usage => "the command or the configuration can't be used as it is",
            Self::HeaderMissing => "submit: posted, but its header could not be added, so it is no task yet",
            Self::Failed => "the task failed, or its agent could not be started",
            Self::TimedOut => "the task reached its time limit",
            Self::Cancelled => "the task was cancelled",
            Self::CutOff => "the task was interrupted, or reached a spend ceiling",
            Self::NotFound => "there is no such task, file or log",
            Self::Unreachable => "the service, Discord or another server could not be reached",
            Self::Refused => "a rule says no: not now, not you, too many",
            Self::StillGoing => "submit --wait --at-most: the task has not ended yet",
            Self::Unwell => "doctor: something must be mended",
            Self::Broken => "the machine failed: the store, the disk, or a defect",
        }
    }

    /// How a command ends that has waited for a task.
    pub fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Succeeded => Self::Done,
            Outcome::Failed => Self::Failed,
            Outcome::TimedOut => Self::TimedOut,
            Outcome::Cancelled => Self::Cancelled,
            Outcome::Interrupted | Outcome::OverBudget => Self::CutOff,
        }
    }

    /// The table at the end of `--help`.
    pub fn table() -> String {
        let lines: Vec<String> = Self::ALL.iter().map(|exit| format!("  {:>2}  {}", exit.code(), exit.meaning())).collect();
        format!("Exit codes:\n{}", lines.join("\n"))
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// A command did not do what it was to do: how it ends, and why, for a person.
#[derive(Debug)]
pub struct Failure {
    /// How the command ends.
    pub exit: Exit,
    /// Why: whole sentences, the way out included.
    pub message: String,
    /// Fields that are wrong, where there are any.
    pub fields: Vec<(String, String)>,
}

impl Failure {
    /// A failure with its reason.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), fields: Vec::new() }
    }

    /// The command was not given as it has to be.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// An error with all that lies behind it.
    pub fn of(exit: Exit, error: &(dyn std::error::Error + 'static)) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            // Some errors repeat what lies behind them.
            if !message.contains(&cause_text) {
                message = format!("{message}: {cause_text}");
            }
            source = cause.source();
        }
        Self::new(exit, message)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<crate::config::ConfigError> for Failure {
    fn from(error: crate::config::ConfigError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<crate::config::MissingSettings> for Failure {
    fn from(missing: crate::config::MissingSettings) -> Self {
        Self::usage(missing.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_apart_and_in_order() {
        let codes: Vec<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();

        assert_eq!(codes, (0..13).collect::<Vec<u8>>());
    }
}
