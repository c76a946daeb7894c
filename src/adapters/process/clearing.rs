//! Clears away what an attempt that is over has left, or a request that was never begun.

use std::{fs, io, path::Path};

use orchestrator_core::ports::removal;

use super::control::{self, Control, Found};

/// Removes an attempt's folder unless its attendant lives; whoever has the file open still finds that it must not start. False: it lives.
pub(super) fn remove(folder: &Path) -> io::Result<bool> {
    if !is_over(folder)? {
        return Ok(false);
    }
    // Its agent's TMPDIR and HOME are in there, with whatever it has left.
    removal::remove_whole(folder).map(|()| true)
}

/// Removes a request that was never begun, unless its attendant lives, and nothing else: the next launch needs what lies beside it. Whoever has the
/// file open still finds that it must not start. False: it lives.
pub(super) fn take_back(folder: &Path) -> io::Result<bool> {
    if !is_over(folder)? {
        return Ok(false);
    }
    let gone = |removed: io::Result<()>| match removed {
        Err(error) if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::DirectoryNotEmpty) => Err(error),
        _ => Ok(()),
    };
    gone(fs::remove_file(control::path(folder)))?;
    gone(fs::remove_dir(folder))?;
    Ok(true)
}

/// Whether no attendant of a folder lives, nor ever will.
fn is_over(folder: &Path) -> io::Result<bool> {
    let Some(control) = Control::open(folder)? else { return Ok(true) };
    match control.refuse()? {
        Found::Running(_) | Found::Elsewhere => Ok(false),
        Found::Ended(_) | Found::Lost { .. } | Found::Removed | Found::NeverStarted | Found::Open => Ok(true),
    }
}
