//! What an agent prints, on its way from the pipes to the files.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    time::Instant,
};

use orchestrator_core::ports::agent_runner::LaunchSpec;

use super::{stream::Bounded, waiting::Ear};

const CHUNK_BYTES: usize = 16 * 1024;

/// The agent's pipes and where they lead.
#[derive(Debug)]
pub(super) struct Output {
    out: Option<File>,
    err: Option<File>,
    log: Bounded,
    stdout: Option<Bounded>,
    /// Made when there is something to read: a silent agent costs no memory.
    chunk: Vec<u8>,
    /// When something came last; the start, if nothing has.
    heard_at: Instant,
    /// Listens for how long it waits for people, where it may.
    ear: Option<Ear>,
}

impl Output {
    /// Of an agent whose pipes are these.
    pub(super) fn of(spec: &LaunchSpec, out: OwnedFd, err: Option<OwnedFd>) -> Self {
        Self {
            out: Some(File::from(out)),
            err: err.map(File::from),
            log: Bounded::new(spec.log.clone(), spec.log_limit),
            stdout: spec.stdout.clone().map(|path| Bounded::keeping(path, spec.stdout_limit, spec.stdout_first.clone())),
            chunk: Vec::new(),
            heard_at: Instant::now(),
            ear: spec.asks_people.then(Ear::default),
        }
    }

    /// Those that are still open: standard output, standard error.
    pub(super) fn pipes(&self) -> [Option<BorrowedFd<'_>>; 2] {
        [self.out.as_ref().map(AsFd::as_fd), self.err.as_ref().map(AsFd::as_fd)]
    }

    /// When something came last; its start, if nothing has.
    pub(super) fn heard_at(&self) -> Instant {
        self.heard_at
    }

    /// When a time that would be over at `at` is over: later, if people were or are waited for; `None`: never.
    pub(super) fn put_off(&self, at: Instant) -> Option<Instant> {
        self.ear.as_ref().map_or(Some(at), |ear| ear.put_off(at))
    }

    /// Reads from the pipes that may have something, without ever waiting, and at most so many chunks of each.
    pub(super) fn read(&mut self, out: bool, err: bool, chunks: usize) {
        for is_stdout in [true, false] {
            let (pipe, wanted) = if is_stdout { (&mut self.out, out) } else { (&mut self.err, err) };
            for _ in 0..chunks {
                let Some(open) = pipe.as_mut().filter(|_| wanted) else { break };
                self.chunk.resize(CHUNK_BYTES, 0);
                match open.read(&mut self.chunk) {
                    Ok(0) => *pipe = None,
                    Ok(read) => {
                        self.heard_at = Instant::now();
                        self.log.push(&self.chunk[..read]);
                        if let Some(ear) = self.ear.as_mut().filter(|_| is_stdout) {
                            ear.hear(&self.chunk[..read], self.heard_at);
                        }
                        if let Some(stdout) = self.stdout.as_mut().filter(|_| is_stdout) {
                            stdout.push(&self.chunk[..read]);
                        }
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(_) => *pipe = None,
                }
            }
        }
    }

    /// Writes what was held back. Returns what was left out of the log.
    pub(super) fn finish(self) -> u64 {
        if let Some(stdout) = self.stdout {
            stdout.finish();
        }
        self.log.finish()
    }
}
