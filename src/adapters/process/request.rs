//! What is said over the socket: one datagram asks for a launch, one datagram answers.

use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use orchestrator_core::domain::id::AttemptId;
use serde::{Deserialize, Serialize};

/// The longest datagram in either direction: a path, or a sentence.
pub(super) const MAX_BYTES: usize = 8 * 1024;

/// "Start what the control file in this folder asks for, if its fence is still this one."
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) fence: u64,
    pub(super) folder: PathBuf,
}

/// What became of a request.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Answer {
    pub(super) attempt: AttemptId,
    pub(super) said: Said,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Said {
    /// The agent's program runs.
    Started,
    /// Another attendant has this attempt, or somebody decides about it: look again.
    Held,
    /// The attempt has been refused, or asked for under a later fence.
    Refused,
    /// The program can't be started, however often it is tried.
    Program(String),
    /// The machine would not, this time.
    Machine(String),
}

impl Request {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.fence.to_le_bytes().to_vec();
        bytes.extend_from_slice(self.folder.as_os_str().as_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (fence, folder) = bytes.split_first_chunk()?;
        Some(Self { fence: u64::from_le_bytes(*fence), folder: PathBuf::from(OsStr::from_bytes(folder)) })
    }
}

/// Whose folder this is.
pub(super) fn attempt_of(folder: &Path) -> Option<AttemptId> {
    folder.file_name()?.to_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_arrives_as_it_was_sent() {
        let sent = Request { fence: 7, folder: PathBuf::from("/run/attempts/att_00000000000000000000000000000000") };

        assert_eq!(Request::from_bytes(&sent.to_bytes()), Some(sent));
        assert_eq!(Request::from_bytes(b"short"), None);
    }
}
