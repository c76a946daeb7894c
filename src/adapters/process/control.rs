//! The one file of an attempt: its lock says who lives, its lines say what happened.
//!
//! `<runtime>/attempts/<id>/control` is made by whoever asks for a launch, or refuses one; never by an attendant. The attendant holds a POSIX
//! record lock on its first byte for as long as it lives. Lines are only ever appended, each in one write; a torn line counts as absent.

use std::{
    fmt::Write as _,
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    os::{
        fd::{AsFd, OwnedFd},
        unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt},
    },
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use chrono::{DateTime, Utc};
use orchestrator_core::{
    domain::id::AttemptId,
    ports::agent_runner::{ExitRecord, LaunchSpec, StopReason},
};
use serde::{Deserialize, Serialize};

use super::{
    checking,
    kernel::{self, Holder},
};

/// Room kept on the disk for the lines that follow the first, so that an end can be recorded on a full disk too.
const RESERVED_BYTES: i64 = 4_096;

/// How long somebody else's decision (a few system calls) is waited for before looking again.
const DECISION_PAUSE: Duration = Duration::from_millis(1);

/// One line of the control file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "mark", rename_all = "snake_case")]
pub(super) enum Mark {
    /// This is to be run.
    Asked { spec: Box<LaunchSpec> },
    /// From here on the agent may have been run.
    Starting { at: DateTime<Utc> },
    /// It could not be started after all.
    Failed,
    /// It was not started, and must not be any more.
    Refused,
    /// Somebody asked for a stop.
    Stop { why: StopReason },
    /// Its attendant was killed, and what could be found of its tree has been ended.
    Lost,
    /// The file in whose place this one was made was removed while the agent ran; what was found of it has been ended.
    Removed,
    /// The agent is over, and so; what it has left is being checked.
    Checking { record: Box<ExitRecord> },
    /// It is over.
    Ended { record: Box<ExitRecord> },
}

/// What the lines say together.
#[derive(Debug, Default)]
pub(super) struct Story {
    pub(super) asked: Option<Box<LaunchSpec>>,
    pub(super) stop: Option<StopReason>,
    pub(super) ended: Option<Box<ExitRecord>>,
    checking: Option<Box<ExitRecord>>,
    started: bool,
    never: bool,
    lost: bool,
    removed: bool,
}

impl Story {
    /// Nothing has happened yet: an attendant may still begin.
    pub(super) fn is_open(&self) -> bool {
        !(self.started || self.never || self.lost || self.removed || self.ended.is_some())
    }
}

/// What lock and lines say together.
#[derive(Debug)]
pub(super) enum Found {
    /// Its attendant lives; this is a safe handle on it.
    Running(OwnedFd),
    /// An attendant lives where we can't see it.
    Elsewhere,
    Ended(Box<ExitRecord>),
    /// The attendant is dead and told no end. `swept`: what was left of the tree has been looked for already.
    Lost {
        swept: bool,
    },
    /// Its control file was removed while it ran, and it has been ended.
    Removed,
    /// Nothing was started, and nothing will be.
    NeverStarted,
    /// Nothing was started, but a request may be under way.
    Open,
}

/// An attempt's control file, open.
#[derive(Debug)]
pub(super) struct Control {
    file: File,
}

/// Where the attempts of a runtime folder are kept.
pub(super) fn attempts_folder(runtime: &Path) -> PathBuf {
    runtime.join("attempts")
}

/// The attempts that have left a folder behind, in order of their ids.
pub(super) fn attempts_in(attempts: &Path) -> io::Result<Vec<AttemptId>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(attempts)? {
        if let Some(id) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) {
            found.push(id);
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// An attempt's control file, by its folder.
pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join("control")
}

impl Control {
    /// Makes the folder and the file; an error of kind [`ErrorKind::AlreadyExists`] if the file is there.
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        // Also the folder of all, should somebody have removed it.
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let file = Self::options().create_new(true).mode(0o600).open(path(folder))?;
        Ok(Self { file })
    }

    /// Writes down what is to be run, and keeps room for what will be said about it.
    pub(super) fn ask(&self, spec: Box<LaunchSpec>) -> io::Result<()> {
        let checks = spec.checking.as_ref().map_or(0, |checking| checking.checks.len());
        let reserved = RESERVED_BYTES + checking::RECORD_BYTES * i64::try_from(checks).unwrap_or(0);
        self.append(&Mark::Asked { spec })?;
        match kernel::reserve_behind_end(&self.file, reserved) {
            // Not every file system can; then a full disk may cost an end its record.
            Err(error) if error.raw_os_error() != Some(libc::EOPNOTSUPP) => Err(error),
            _ => Ok(()),
        }
    }

    /// Opens the file; none if it isn't there.
    pub(super) fn open(folder: &Path) -> io::Result<Option<Self>> {
        match Self::options().open(path(folder)) {
            Ok(file) => Ok(Some(Self { file })),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn options() -> OpenOptions {
        let mut options = OpenOptions::new();
        options.read(true).append(true).custom_flags(libc::O_NOFOLLOW);
        options
    }

    /// Becomes the attempt's only attendant, for as long as this process lives; false if there is one, or a decision is being taken.
    pub(super) fn hold(&self) -> io::Result<bool> {
        kernel::lock_for_this_process(&self.file)
    }

    /// Whether the folder has been removed meanwhile.
    pub(super) fn is_removed(&self) -> io::Result<bool> {
        Ok(self.file.metadata()?.nlink() == 0)
    }

    /// Adds a line, in one write.
    pub(super) fn append(&self, mark: &Mark) -> io::Result<()> {
        let json = serde_json::to_string(mark)?;
        // The line break in front parts it from a line that was torn.
        let mut line = String::with_capacity(json.len() + 32);
        write!(line, "\n{} {:016x} {json}\n", json.len(), checksum(json.as_bytes())).map_err(io::Error::other)?;
        match (&self.file).write(line.as_bytes())? {
            written if written == line.len() => Ok(()),
            _ => Err(io::Error::new(ErrorKind::WriteZero, "the disk took only a part of the line")),
        }
    }

    /// Adds a line and returns when it is on the disk.
    pub(super) fn append_durably(&self, mark: &Mark) -> io::Result<()> {
        self.append(mark)?;
        // Also brings the file's own entry to the disk where it is newer than the last commit of the file system.
        self.file.sync_data()
    }

    pub(super) fn story(&self) -> io::Result<Story> {
        let mut bytes = vec![0; usize::try_from(self.file.metadata()?.len()).map_err(io::Error::other)?];
        let mut filled = 0;
        while filled < bytes.len() {
            // Read by position: other readers of this descriptor, and opening a second one, are to be avoided in the lock's holder.
            match self.file.read_at(&mut bytes[filled..], filled as u64)? {
                0 => break,
                read => filled += read,
            }
        }
        let mut story = Story::default();
        for mark in bytes[..filled].split(|byte| *byte == b'\n').filter_map(whole_line) {
            match mark {
                Mark::Asked { spec } => story.asked = Some(spec),
                Mark::Starting { .. } => story.started = true,
                Mark::Failed | Mark::Refused => story.never = true,
                Mark::Stop { why } => story.stop = Some(why),
                Mark::Lost => story.lost = true,
                Mark::Removed => story.removed = true,
                Mark::Checking { record } => story.checking = Some(record),
                Mark::Ended { record } => story.ended = Some(record),
            }
        }
        Ok(story)
    }

    /// What is known now, if that is certain at the first look; never waits.
    pub(super) fn glance(&self) -> io::Result<Option<Found>> {
        match kernel::holder(&self.file)? {
            Holder::Process(pid) => match kernel::pidfd(pid) {
                // As in `look`.
                Ok(pidfd) => Ok((kernel::holder(&self.file)? == Holder::Process(pid)).then_some(Found::Running(pidfd))),
                Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(None),
                Err(error) => Err(error),
            },
            // The last word of an attempt stays true.
            Holder::Nobody => Ok(match self.story()? {
                Story { ended: Some(record), .. } => Some(Found::Ended(record)),
                Story { never: true, .. } => Some(Found::NeverStarted),
                _ => None,
            }),
            Holder::Elsewhere | Holder::Deciding => Ok(None),
        }
    }

    /// What is known now.
    pub(super) fn look(&self) -> io::Result<Found> {
        let mut started_before = false;
        loop {
            match kernel::holder(&self.file)? {
                Holder::Elsewhere => return Ok(Found::Elsewhere),
                Holder::Deciding => thread::sleep(DECISION_PAUSE),
                Holder::Process(pid) => match kernel::pidfd(pid) {
                    // Who still holds the lock after the handle was made is who the handle is on.
                    Ok(pidfd) if kernel::holder(&self.file)? == Holder::Process(pid) => return Ok(Found::Running(pidfd)),
                    Ok(_) => {}
                    Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {}
                    Err(error) => return Err(error),
                },
                Holder::Nobody => match self.story()? {
                    Story { ended: Some(record), .. } => return Ok(Found::Ended(record)),
                    Story { never: true, .. } => return Ok(Found::NeverStarted),
                    // Only the checks were lost: the agent had ended before.
                    Story { lost: true, checking: Some(record), .. } => return Ok(Found::Ended(record)),
                    Story { lost: true, .. } => return Ok(Found::Lost { swept: true }),
                    Story { removed: true, .. } => return Ok(Found::Removed),
                    // It may have begun, or ended, between the look at the lock and the look at the lines. A lock that is free although the
                    // beginning had been read before is the attendant's death, and what it had to tell is in the lines by now.
                    Story { started: true, .. } if started_before => return Ok(Found::Lost { swept: false }),
                    Story { started: true, .. } => started_before = true,
                    Story { .. } => return Ok(Found::Open),
                },
            }
        }
    }

    /// Decides an open attempt, so that it never starts; says what is known otherwise. A late attendant finds either the lock taken or the mark.
    pub(super) fn refuse(&self) -> io::Result<Found> {
        loop {
            match self.look()? {
                Found::Open => {}
                known => return Ok(known),
            }
            if !kernel::lock_for_this_file(&self.file)? {
                thread::sleep(DECISION_PAUSE);
                continue;
            }
            let refused =
                self.story().and_then(|story| if story.is_open() { self.append(&Mark::Refused).map(|()| true) } else { Ok(false) });
            kernel::unlock_this_file(&self.file)?;
            if refused? {
                return Ok(Found::NeverStarted);
            }
        }
    }

    /// Waits for the attendant's death, if one lives; false if it still does after `patience`.
    pub(super) fn outlive_attendant(&self, patience: Duration) -> io::Result<bool> {
        match self.look()? {
            Found::Running(pidfd) => Ok(kernel::ready([Some(pidfd.as_fd())], Some(patience))?[0]),
            Found::Elsewhere => Ok(false),
            Found::Ended(_) | Found::Lost { .. } | Found::Removed | Found::NeverStarted | Found::Open => Ok(true),
        }
    }
}

/// The mark in a line, if its length and checksum are right.
fn whole_line(line: &[u8]) -> Option<Mark> {
    let mut parts = line.splitn(3, |byte| *byte == b' ');
    let length: usize = str::from_utf8(parts.next()?).ok()?.parse().ok()?;
    let sum = u64::from_str_radix(str::from_utf8(parts.next()?).ok()?, 16).ok()?;
    let json = parts.next()?;
    (json.len() == length && checksum(json) == sum).then(|| serde_json::from_slice(json).ok())?
}

/// FNV-1a, 64 bits: it has to tell a torn line, not an attack.
/// Source: draft-eastlake-fnv, "FNV-1a alternative algorithm".
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> (tempfile::TempDir, Control) {
        let home = tempfile::tempdir().expect("a temporary folder");
        let control = Control::create(&home.path().join("a")).expect("a control file");
        (home, control)
    }

    #[test]
    fn a_line_that_was_torn_counts_as_absent_and_spoils_none_after_it() {
        let (_home, control) = fresh();
        (&control.file).write_all(b"\n31 00000000deadbeef {\"mark\":\"re").expect("writes");
        assert!(control.story().expect("reads").is_open());

        control.append(&Mark::Stop { why: StopReason::Cancelled }).expect("appends");

        let story = control.story().expect("reads");
        assert!(story.is_open());
        assert_eq!(story.stop, Some(StopReason::Cancelled));
    }

    #[test]
    fn a_line_whose_checksum_is_wrong_counts_as_absent() {
        let (_home, control) = fresh();

        (&control.file).write_all(b"\n18 0000000000000000 {\"mark\":\"refused\"}\n").expect("writes");

        assert!(control.story().expect("reads").is_open());
    }

    #[test]
    fn an_attempt_that_was_refused_stays_refused() {
        let (_home, control) = fresh();

        assert!(matches!(control.refuse(), Ok(Found::NeverStarted)));

        assert!(matches!(control.look(), Ok(Found::NeverStarted)));
        assert!(!control.story().expect("reads").is_open());
    }

    #[test]
    fn an_attempt_that_began_and_told_no_end_is_lost() {
        let (_home, control) = fresh();

        control.append(&Mark::Starting { at: DateTime::UNIX_EPOCH }).expect("appends");

        assert!(matches!(control.refuse(), Ok(Found::Lost { swept: false })));
    }

    #[test]
    fn a_decision_waits_for_the_one_before_it() {
        let (home, control) = fresh();
        let second = Control::open(&home.path().join("a")).expect("opens").expect("is there");
        assert!(kernel::lock_for_this_file(&control.file).expect("locks"));

        assert!(!kernel::lock_for_this_file(&second.file).expect("asks"));
        assert_eq!(kernel::holder(&second.file).expect("asks"), Holder::Deciding);

        kernel::unlock_this_file(&control.file).expect("unlocks");
        assert!(matches!(second.refuse(), Ok(Found::NeverStarted)));
    }
}
