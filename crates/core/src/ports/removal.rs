//! Removing what an agent has filled: the one thing of the disk that several rooms do alike, and that stands behind no trait.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Removes a folder, whatever is in it. Links are removed, never followed; folders without permissions get them back; however deep folders lie in
/// each other, neither the stack nor open files grow with it. Removing what is not there is no error. Blocks.
///
/// # Errors
///
/// Whatever the system says; the call may be repeated.
pub fn remove_whole(top: &Path) -> io::Result<()> {
    match fs::symlink_metadata(top) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(seen) if !seen.is_dir() => return fs::remove_file(top),
        Ok(_) => {}
    }
    let mut moved = 0_u64;
    let mut to_empty = vec![];
    unlock(top)?;
    loop {
        // Each folder below is moved up to the top before it is emptied: no path is ever deeper than two.
        empty(top, top, &mut moved, &mut to_empty)?;
        if to_empty.is_empty() {
            return fs::remove_dir(top);
        }
        while let Some(dir) = to_empty.pop() {
            empty(&dir, top, &mut moved, &mut to_empty)?;
            fs::remove_dir(&dir)?;
        }
    }
}

/// Removes the files of a folder and moves its folders up to `top`, where they wait in `to_empty`.
fn empty(dir: &Path, top: &Path, moved: &mut u64, to_empty: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let path = entry.path();
        if !entry.file_type()?.is_dir() {
            fs::remove_file(&path)?;
            continue;
        }
        unlock(&path)?;
        if dir == top {
            to_empty.push(path);
            continue;
        }
        let aside = loop {
            *moved += 1;
            let aside = top.join(format!(".removed-{moved}"));
            if fs::symlink_metadata(&aside).is_err() {
                break aside;
            }
        };
        fs::rename(&path, &aside)?;
        to_empty.push(aside);
    }
    Ok(())
}

/// Gives a folder back to its owner.
fn unlock(dir: &Path) -> io::Result<()> {
    let seen = fs::symlink_metadata(dir)?;
    if seen.is_dir() && seen.permissions().mode() & 0o700 != 0o700 {
        fs::set_permissions(dir, Permissions::from_mode(0o700))?;
    }
    Ok(())
}
