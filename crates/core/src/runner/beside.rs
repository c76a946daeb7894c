//! What an attempt has beside its workspace: folders that go with its control folder, whatever becomes of the workspace.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use super::plain_file;
use crate::domain::agent::Home;

/// Variables that lead into a user's home: an attempt with a home of its own has none of them but HOME.
pub(super) const OF_A_HOME: [&str; 6] = ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"];

/// The folders of one attempt.
#[derive(Debug)]
pub(super) struct Beside {
    /// Its TMPDIR: programs leave files there when they are killed.
    pub(super) tmp: PathBuf,
    /// What it is given to read.
    pub(super) config: PathBuf,
    /// Its HOME, if that is its own.
    pub(super) home: Option<PathBuf>,
}

impl Beside {
    /// Makes them, for their owner only.
    pub(super) fn make(control: &Path, home: Home) -> io::Result<Self> {
        let make = |name: &str| {
            let path = control.join(name);
            DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
            Ok::<_, io::Error>(path)
        };
        Ok(Self { tmp: make("tmp")?, config: make("config")?, home: (home == Home::Own).then(|| make("home")).transpose()? })
    }
}

/// Writes one file for its owner only, with the folders that lead to it; never through a link.
pub(super) fn write(path: &Path, content: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    plain_file::write(path, content.as_bytes())
}
