//! Lets the runtime wait for a descriptor of ours: the nursery's socket, or the handle of a process that need not be our child.

#![expect(unsafe_code, reason = "tokio asks its caller to promise that the descriptor stays open and the same")]

use std::{io, os::fd::OwnedFd};

use tokio::io::{Interest, unix::AsyncFd};

/// Registers the descriptor with the runtime that this is called in.
pub(super) fn watch(fd: OwnedFd, interest: Interest) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` is open, has one number for all its life, and nobody but the `AsyncFd` owns it.
    unsafe { AsyncFd::register_with_interest(fd, interest) }.map_err(io::Error::from)
}
