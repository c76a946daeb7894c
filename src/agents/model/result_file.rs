//! RESULT.txt while the model writes: it holds the answer so far, unless the model has written the file itself with a tool.

use std::{
    fs::{self, File, Metadata},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::PathBuf,
};

const NAME: &str = "RESULT.txt";

/// What tells one state of a file from another: device, number, size, last change.
#[derive(Debug, PartialEq, Eq)]
struct Stamp(u64, u64, u64, i64, i64);

impl Stamp {
    fn of(found: &Metadata) -> Self {
        Self(found.dev(), found.ino(), found.size(), found.ctime(), found.ctime_nsec())
    }
}

/// The file, and whose it is.
#[derive(Debug)]
pub(in crate::agents) struct ResultFile {
    path: PathBuf,
    /// Open while an answer comes.
    file: Option<File>,
    /// How our last answer was left. What differs from it is not ours.
    left: Option<Stamp>,
    /// Nothing has been written by us yet, and no tool has run: what is there is from before.
    fresh: bool,
}

impl ResultFile {
    pub(in crate::agents) fn in_folder(folder: &std::path::Path) -> Self {
        Self { path: folder.join(NAME), file: None, left: None, fresh: true }
    }

    /// Adds a piece of an answer; the first piece replaces what we wrote of an earlier one.
    ///
    /// # Errors
    ///
    /// If the file can't be written.
    pub(in crate::agents) fn add(&mut self, piece: &str) -> io::Result<()> {
        if self.file.is_none() {
            if self.is_the_models_own() {
                return Ok(());
            }
            let no_link = rustix::fs::OFlags::NOFOLLOW.bits();
            let flags = i32::try_from(no_link).map_err(io::Error::other)?;
            self.file = Some(File::options().write(true).create(true).truncate(true).custom_flags(flags).open(&self.path)?);
        }
        self.file.as_mut().map_or(Ok(()), |file| file.write_all(piece.as_bytes()))
    }

    /// The answer has ended; tools may run now.
    ///
    /// # Errors
    ///
    /// If the file can't be looked at.
    pub(in crate::agents) fn end(&mut self) -> io::Result<()> {
        self.fresh = false;
        if let Some(file) = self.file.take() {
            self.left = Some(Stamp::of(&file.metadata()?));
        }
        Ok(())
    }

    /// Whether the file is there and differs from what we left: then it is kept as it is.
    pub(in crate::agents) fn is_the_models_own(&self) -> bool {
        if self.fresh || self.file.is_some() {
            return false;
        }
        fs::symlink_metadata(&self.path).is_ok_and(|found| self.left != Some(Stamp::of(&found)))
    }
}
