//! How much room a file system has left.

use std::{io, path::Path};

/// Bytes that are free for this user on the file system of a folder.
///
/// # Errors
///
/// The system's: the folder is not there.
pub fn free(folder: &Path) -> io::Result<u64> {
    let seen = rustix::fs::statvfs(folder)?;
    Ok(seen.f_bavail.saturating_mul(seen.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_there_has_some_room_and_one_that_is_not_has_none() {
        assert!(free(Path::new("/")).is_ok());
        assert!(free(Path::new("/no/such/folder")).is_err());
    }
}
