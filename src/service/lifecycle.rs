//! The whole story of starting, stopping and being the only one.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Two ways of stopping. `soft`: nothing new is started, what runs is handed over to its attendants. `hard`: what is still being said is cut
/// off too. `hard` is no child of `soft`.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    /// Start nothing new, hand over, end.
    pub soft: CancellationToken,
    /// End now.
    pub hard: CancellationToken,
}

impl Lifecycle {
    /// Listens for SIGTERM and SIGINT: the first is soft, the second is hard. Ends when both were cancelled.
    ///
    /// # Errors
    ///
    /// The system's, if signals can't be listened for.
    pub async fn obey_signals(self) -> io::Result<()> {
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        for token in [&self.soft, &self.hard] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                () = self.hard.cancelled() => return Ok(()),
            }
            if token.is_cancelled() {
                self.hard.cancel();
            } else {
                tracing::info!("asked to stop: nothing more is started; running agents go on by themselves");
                token.cancel();
            }
        }
        Ok(())
    }
}

/// Proof that this process is the only service on its store. Let go when dropped, or when the process ends, however it ends.
#[derive(Debug)]
pub struct OnlyOne {
    _file: File,
}

/// Another process serves this store.
#[derive(Debug, thiserror::Error)]
pub enum NotAlone {
    /// It holds the lock.
    #[error("another orchestrator (process {process}) serves {}: stop it first, or ask it with `orchestrator status`", folder.display())]
    Held {
        /// Its process number, as it wrote it down.
        process: String,
        /// The folder that both want.
        folder: PathBuf,
    },
    /// The lock could not be looked at.
    #[error("{} could not be opened: {source}", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl OnlyOne {
    /// Takes the service's lock in a runtime folder, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// [`NotAlone`].
    pub fn take(runtime: &Path) -> Result<Self, NotAlone> {
        let path = runtime.join("service.lock");
        let io = |source| NotAlone::Io { path: path.clone(), source };
        std::fs::create_dir_all(runtime).map_err(io)?;
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0).map_err(io)?;
                write!(file, "{}", std::process::id()).map_err(io)?;
                Ok(Self { _file: file })
            }
            Err(TryLockError::WouldBlock) => {
                let process = std::fs::read_to_string(&path).unwrap_or_default();
                Err(NotAlone::Held { process: if process.is_empty() { "unknown".to_owned() } else { process }, folder: runtime.to_owned() })
            }
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }
}
