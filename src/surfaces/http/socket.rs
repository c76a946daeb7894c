//! The Unix socket in the runtime folder: for this account alone, never two services behind it, never left dead for long.

use std::{
    fs, io,
    os::unix::{
        ffi::OsStrExt as _,
        fs::{MetadataExt as _, PermissionsExt as _},
        net::UnixStream,
    },
    path::{Path, PathBuf},
};

use thiserror::Error;
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

use super::{Door, PeerCredentials, router};

/// The socket's name in the runtime folder.
pub const NAME: &str = "orchestrator.sock";

/// The longest path of a socket, in bytes. Source: `sockaddr_un.sun_path` (108 on Linux, 104 on macOS) without its closing NUL.
const LONGEST_PATH: usize = if cfg!(target_os = "macos") { 103 } else { 107 };

/// The socket could not be opened.
#[derive(Debug, Error)]
pub enum SocketError {
    /// Its path does not fit.
    #[error("the socket's path `{}` has {bytes} bytes, and the system takes {LONGEST_PATH} at most: use a folder with a shorter path", path.display())]
    TooLong {
        /// The path.
        path: PathBuf,
        /// Its length.
        bytes: usize,
    },
    /// Somebody answers there.
    #[error("another orchestrator answers at `{}`: stop it first", path.display())]
    Served {
        /// The path.
        path: PathBuf,
    },
    /// The system refused.
    #[error("the socket `{}` could not be opened: {source}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// An open socket. Dropping it removes its file, if that is still its own.
#[derive(Debug)]
pub struct Bound {
    path: PathBuf,
    listener: Option<UnixListener>,
    /// Device and number of the file: another service may have put its own there.
    file: (u64, u64),
}

/// The socket of a runtime folder.
pub fn path_in(runtime: &Path) -> PathBuf {
    runtime.join(NAME)
}

/// Opens the socket of a runtime folder, which is made if it is not there. A dead one is replaced.
///
/// # Errors
///
/// [`SocketError`].
pub fn bind(runtime: &Path) -> Result<Bound, SocketError> {
    let path = path_in(runtime);
    let io = |source| SocketError::Io { path: path.clone(), source };
    let bytes = path.as_os_str().as_bytes().len();
    if bytes > LONGEST_PATH {
        return Err(SocketError::TooLong { path, bytes });
    }
    fs::create_dir_all(runtime).map_err(io)?;
    if UnixStream::connect(&path).is_ok() {
        return Err(SocketError::Served { path });
    }
    // Made under another name, shut, and only then shown: nobody ever finds it open to others. The name is shorter than the real one.
    let fresh = runtime.join(format!("s{}", std::process::id()));
    let _leftover = fs::remove_file(&fresh);
    let listener = UnixListener::bind(&fresh).map_err(io)?;
    let shown = fs::set_permissions(&fresh, fs::Permissions::from_mode(0o600)).and_then(|()| fs::rename(&fresh, &path));
    if let Err(source) = shown {
        let _leftover = fs::remove_file(&fresh);
        return Err(io(source));
    }
    let file = fs::symlink_metadata(&path).map(|metadata| (metadata.dev(), metadata.ino())).map_err(io)?;
    Ok(Bound { path, listener: Some(listener), file })
}

impl Bound {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Answers until `soft` is cancelled; then what is being answered is answered, streams end, and the file is removed.
    ///
    /// # Errors
    ///
    /// The system's, if the socket breaks.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: requests under way are cut off, none is done halfway.
    pub async fn serve(mut self, door: Door, soft: CancellationToken) -> io::Result<()> {
        let Some(listener) = self.listener.take() else { return Ok(()) };
        let door = Door { closing: soft.clone(), ..door };
        let service = router(door).into_make_service_with_connect_info::<PeerCredentials>();
        axum::serve(listener, service).with_graceful_shutdown(soft.cancelled_owned()).await
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        let own = fs::symlink_metadata(&self.path).is_ok_and(|found| (found.dev(), found.ino()) == self.file);
        if own {
            let _gone_already = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_is_for_its_owner_alone_and_goes_with_its_service() {
        let runtime = tempfile::tempdir().unwrap();

        let bound = bind(runtime.path()).unwrap();

        let mode = fs::symlink_metadata(bound.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(matches!(bind(runtime.path()), Err(SocketError::Served { .. })));
        drop(bound);
        assert!(!path_in(runtime.path()).exists());
    }

    #[tokio::test]
    async fn a_dead_socket_is_replaced_and_the_successor_s_is_left_alone() {
        let runtime = tempfile::tempdir().unwrap();
        let mut dead = bind(runtime.path()).unwrap();
        drop(dead.listener.take());

        let alive = bind(runtime.path()).unwrap();
        drop(dead);

        assert!(path_in(runtime.path()).exists());
        assert!(UnixStream::connect(alive.path()).is_ok());
    }

    #[tokio::test]
    async fn a_path_that_does_not_fit_is_named() {
        let runtime = tempfile::tempdir().unwrap();
        let deep = runtime.path().join("x".repeat(120));

        let refused = bind(&deep).unwrap_err();

        assert!(refused.to_string().contains("shorter path"), "{refused}");
    }
}
