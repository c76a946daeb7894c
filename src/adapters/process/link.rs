//! The orchestrator's end of the socket: starts a nursery, asks it for launches, hands each answer to who waits for it.

use std::{
    collections::HashMap,
    io,
    os::fd::{AsFd, OwnedFd},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
};

use orchestrator_core::domain::id::AttemptId;
use tokio::{
    io::{Interest, unix::AsyncFd},
    sync::{Mutex as AsyncMutex, oneshot},
};

use super::{
    NURSERY_VERB, TIED_VERB, kernel,
    request::{self, Answer, Request, Said},
    watch,
};

/// A nursery of ours and the way to it.
#[derive(Debug)]
pub(super) struct Link {
    socket: AsyncFd<OwnedFd>,
    nursery: Mutex<Child>,
    waiting: Mutex<HashMap<AttemptId, oneshot::Sender<Said>>>,
    /// Who holds it reads for all: one wakes for an answer, not everybody.
    reader: AsyncMutex<()>,
}

impl Link {
    /// Starts a nursery, `tied` one whose agents end with us. It gets neither our environment nor any descriptor but its socket.
    #[expect(clippy::disallowed_methods, reason = "this is adapters/process")]
    pub(super) fn start(program: &Path, tied: bool) -> io::Result<Self> {
        let (ours, theirs) = kernel::socket_pair()?;
        let nursery = Command::new(program)
            .arg(NURSERY_VERB)
            .args(tied.then_some(TIED_VERB))
            .env_clear()
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self {
            socket: watch::watch(ours, Interest::READABLE | Interest::WRITABLE)?,
            nursery: Mutex::new(nursery),
            waiting: Mutex::default(),
            reader: AsyncMutex::default(),
        })
    }

    /// Whether the nursery lives. Reaps it if not.
    pub(super) fn is_alive(&self) -> bool {
        matches!(self.nursery.lock().unwrap_or_else(PoisonError::into_inner).try_wait(), Ok(None))
    }

    /// Asks for a launch and waits for the answer; an error means that the nursery is gone and the answer unknown.
    pub(super) async fn ask(&self, attempt: AttemptId, request: &Request) -> io::Result<Said> {
        let (tell, told) = oneshot::channel();
        self.waiting().insert(attempt, tell);
        let _waits = Waits { link: self, attempt };
        let bytes = request.to_bytes();
        self.socket.async_io(Interest::WRITABLE, |socket| kernel::send(socket.as_fd(), &bytes)).await?;
        let read_for_all = async {
            let _reader = self.reader.lock().await;
            self.hand_out_answers().await
        };
        tokio::select! {
            biased;
            // Cancel safe: an answer is handed out in the same poll that has read it.
            said = told => said.map_err(io::Error::other),
            gone = read_for_all => Err(gone),
        }
    }

    /// Returns only when there is nothing more to come.
    async fn hand_out_answers(&self) -> io::Error {
        let mut buffer = vec![0; request::MAX_BYTES];
        loop {
            let read = self.socket.async_io(Interest::READABLE, |socket| kernel::receive(socket.as_fd(), &mut buffer).map(<[u8]>::len));
            match read.await {
                Ok(0) => return io::Error::from(io::ErrorKind::BrokenPipe),
                Ok(length) => {
                    if let Ok(Answer { attempt, said }) = serde_json::from_slice(&buffer[..length])
                        && let Some(tell) = self.waiting().remove(&attempt)
                    {
                        // Who asked may have gone away; the attempt is found by its lock then.
                        drop(tell.send(said));
                    }
                }
                Err(error) => return error,
            }
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<AttemptId, oneshot::Sender<Said>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody's place in the list, given up when they stop waiting.
struct Waits<'l> {
    link: &'l Link,
    attempt: AttemptId,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.link.waiting().remove(&self.attempt);
    }
}
