//! The whole story of starting, stopping and being the only one.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{
    adapters::process,
    config::{Config, DrainRule},
};

/// What becomes of running agents at a soft stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drain {
    /// They go on under their attendants, and the next start takes them up.
    HandOver,
    /// They are waited for.
    Wait,
    /// They are waited for this long, then stopped.
    Stop(Duration),
}

impl Drain {
    /// As configured; by itself, it depends on whether the end of this process is the end of a container.
    pub fn of(config: &Config) -> Self {
        let stop = Self::Stop(config.limits.drain_deadline);
        match config.limits.drain {
            DrainRule::Wait => Self::Wait,
            DrainRule::Stop => stop,
            DrainRule::Auto if process::carries_a_container() => stop,
            DrainRule::HandOver | DrainRule::Auto => Self::HandOver,
        }
    }

    /// What is said when the stop is asked for.
    fn sentence(self) -> String {
        match self {
            Self::HandOver => "running agents go on by themselves".to_owned(),
            Self::Wait => "running agents are waited for; a second signal ends at once and leaves them to the next start".to_owned(),
            Self::Stop(most) => format!("running agents have {} s to end, then they are stopped", most.as_secs()),
        }
    }
}

/// Two ways of stopping. `soft`: nothing new is started, and with what runs it is as `drain` says. `hard`: what is still waited for or being
/// said is cut off too. `hard` is no child of `soft`.
#[derive(Clone, Debug)]
pub struct Lifecycle {
    /// Start nothing new, drain, end.
    pub soft: CancellationToken,
    /// What becomes of what runs.
    pub drain: Drain,
    /// End now.
    pub hard: CancellationToken,
}

impl Lifecycle {
    /// A life with this end.
    pub fn new(drain: Drain) -> Self {
        Self { soft: CancellationToken::new(), drain, hard: CancellationToken::new() }
    }

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
                tracing::info!("asked to stop: nothing more is started; {}", self.drain.sentence());
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
