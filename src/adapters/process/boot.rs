//! Whether the machine has gone down since the last launch: then what was not yet on the disk may be gone, and silence proves nothing.
//!
//! Control files are not brought to the disk before an agent starts; that would cost every task a disk's answer. After a restart of the machine
//! an attempt without a sign of life therefore counts as lost, not as never started: it may have run.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Source: Linux, Documentation/admin-guide/sysctl/kernel.rst, "random".
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// What is known of the boot in which this folder's last launch was made.
#[derive(Debug)]
pub(super) struct Boot {
    path: PathBuf,
    current: String,
    last: Mutex<Last>,
}

/// The boot of the last launch, against this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Same,
    Other,
    /// Nothing was ever launched from this folder.
    None,
}

impl Boot {
    pub(super) fn read(attempts: &Path) -> io::Result<Self> {
        let path = attempts.join("boot");
        let current = fs::read_to_string(BOOT_ID)?;
        let last = match fs::read_to_string(&path) {
            Ok(known) if known == current => Last::Same,
            Ok(_) => Last::Other,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Last::None,
            Err(error) => return Err(error),
        };
        Ok(Self { path, current, last: Mutex::new(last) })
    }

    pub(super) fn has_changed(&self) -> bool {
        *self.last() == Last::Other
    }

    /// Notes this boot, on the disk, before the first launch in it. By then a restart has looked through what was left.
    pub(super) fn remember(&self) -> io::Result<()> {
        let mut last = self.last();
        if *last == Last::Same {
            return Ok(());
        }
        let fresh = self.path.with_extension("new");
        let mut file = File::create(&fresh)?;
        file.write_all(self.current.as_bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, &self.path)?;
        if let Some(folder) = self.path.parent() {
            File::open(folder)?.sync_all()?;
        }
        *last = Last::Same;
        Ok(())
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
