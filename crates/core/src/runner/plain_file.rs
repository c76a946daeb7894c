//! Reads and writes plain files where an agent may have put something else: no link is followed, no pipe waited for, no device touched.

use std::{
    fs::{self, File, FileType, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt},
    path::{Component, Path},
};

const CAREFUL: i32 = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC;

/// What was found under a path.
#[derive(Debug)]
pub enum Found<T> {
    /// Nothing.
    Missing,
    /// Something that is not read, and why, as the end of a sentence: `it is a symbolic link`.
    Refused(String),
    /// A plain file.
    Plain(T),
}

/// The beginning of a plain file.
#[derive(Debug, PartialEq, Eq)]
pub struct Beginning {
    /// Its bytes, up to the limit.
    pub bytes: Vec<u8>,
    /// How many more there are.
    pub left_out: u64,
}

/// Opens a plain file for reading.
pub fn open(path: &Path) -> Found<File> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Found::Missing,
        Err(error) => return Found::Refused(format!("it can't be looked at: {error}")),
        Ok(seen) if !seen.is_file() => return Found::Refused(format!("it is {}", kind(seen.file_type()))),
        Ok(seen) if seen.nlink() > 1 => return Found::Refused("it is a hard link".to_owned()),
        Ok(_) => {}
    }
    // It may have been changed since it was looked at: the flags and a second look at what was opened settle it.
    let opened = OpenOptions::new().read(true).custom_flags(CAREFUL).open(path).and_then(|file| Ok((file.metadata()?, file)));
    match opened {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Found::Missing,
        Err(error) => Found::Refused(format!("it can't be read: {error}")),
        Ok((seen, _)) if !seen.is_file() => Found::Refused(format!("it is {}", kind(seen.file_type()))),
        Ok((seen, _)) if seen.nlink() > 1 => Found::Refused("it is a hard link".to_owned()),
        Ok((_, file)) => Found::Plain(file),
    }
}

/// Reads at most `limit` bytes of a plain file.
pub fn read(path: &Path, limit: u64) -> Found<Beginning> {
    let file = match open(path) {
        Found::Plain(file) => file,
        Found::Missing => return Found::Missing,
        Found::Refused(why) => return Found::Refused(why),
    };
    let length = file.metadata().map_or(0, |seen| seen.len());
    // One more, so that the end is seen without growing.
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(limit)).unwrap_or(0) + 1);
    match file.take(limit).read_to_end(&mut bytes) {
        Err(error) => Found::Refused(format!("it can't be read: {error}")),
        Ok(read) => Found::Plain(Beginning { bytes, left_out: length.saturating_sub(read as u64) }),
    }
}

/// Reads at most `limit` bytes of a plain file below a folder, to which no link leads anywhere on the way.
pub fn read_below(top: &Path, below: &Path, limit: u64) -> Found<Beginning> {
    let mut folder = top.to_owned();
    let mut parts = below.components().peekable();
    while let Some(part) = parts.next() {
        let Component::Normal(name) = part else { return Found::Refused("it lies outside".to_owned()) };
        folder.push(name);
        if parts.peek().is_some() && !fs::symlink_metadata(&folder).is_ok_and(|seen| seen.is_dir()) {
            return Found::Refused("a folder on the way to it is none, or a link".to_owned());
        }
    }
    read(&folder, limit)
}

/// Writes a file anew, for its owner only; never through a link.
///
/// # Errors
///
/// Whatever the system says; a link in its place is an error.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).custom_flags(CAREFUL).open(path)?;
    file.write_all(bytes)
}

/// Opens a plain file for appending, creating it if it is not there; never through a link.
///
/// # Errors
///
/// Whatever the system says; anything but a plain file in its place is an error.
pub fn append(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(CAREFUL).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is no plain file")) }
}

/// Bytes as text, and whether some of them were none. A character that the end of `bytes` cuts through is dropped, not replaced, if `cut` says
/// that there was more.
pub fn text(mut bytes: Vec<u8>, cut: bool) -> (String, bool) {
    if cut {
        let whole = match std::str::from_utf8(&bytes) {
            // No length: the end came too early. A length: these bytes mean nothing, wherever they stand.
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => bytes.len(),
        };
        bytes.truncate(whole);
    }
    match String::from_utf8(bytes) {
        Ok(text) => (text, false),
        Err(error) => (String::from_utf8_lossy(error.as_bytes()).into_owned(), true),
    }
}

fn kind(what: FileType) -> &'static str {
    if what.is_symlink() {
        "a symbolic link"
    } else if what.is_dir() {
        "a directory"
    } else if what.is_fifo() {
        "a named pipe"
    } else if what.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::{fs::symlink, net::UnixListener};

    use super::*;
    use crate::runner::workspace::tests::Folder;

    #[test]
    fn only_plain_files_are_read_and_the_rest_is_named() {
        let folder = Folder::new();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("plain"), "0123456789").unwrap();
        fs::write(at("twin"), "x").unwrap();
        fs::hard_link(at("twin"), at("hard")).unwrap();
        symlink("/etc/passwd", at("link")).unwrap();
        symlink(at("plain"), at("inner link")).unwrap();
        fs::create_dir(at("dir")).unwrap();
        let _socket = UnixListener::bind(at("socket")).unwrap();

        assert!(matches!(read(&at("plain"), 4), Found::Plain(Beginning { ref bytes, left_out: 6 }) if bytes == b"0123"));
        assert!(matches!(read(&at("nothing"), 4), Found::Missing));
        for (name, why) in [
            ("link", "it is a symbolic link"),
            ("inner link", "it is a symbolic link"),
            ("hard", "it is a hard link"),
            ("dir", "it is a directory"),
            ("socket", "it is a socket"),
        ] {
            assert!(matches!(read(&at(name), 4), Found::Refused(ref told) if told == why), "{name}");
        }
        assert!(matches!(open(Path::new("/dev/null")), Found::Refused(ref told) if told == "it is a device"));
    }

    #[test]
    fn below_a_folder_nothing_is_read_to_which_a_link_or_a_way_out_leads() {
        let folder = Folder::new();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("top/in/deep")).unwrap();
        fs::write(at("top/in/deep/plain"), "plain").unwrap();
        fs::write(at("secret"), "secret").unwrap();
        symlink(folder.path(), at("top/out")).unwrap();
        symlink(at("top/in"), at("top/again")).unwrap();

        let read = |below: &str| read_below(&at("top"), Path::new(below), 100);

        assert!(matches!(read("in/deep/plain"), Found::Plain(Beginning { ref bytes, left_out: 0 }) if bytes == b"plain"));
        for below in ["../secret", "out/secret", "again/deep/plain", "/etc/passwd", "in/../../secret", "in/deep", "in/deep/plain/more"] {
            assert!(matches!(read(below), Found::Refused(_)), "{below}");
        }
        assert!(matches!(read("in/nothing"), Found::Missing));
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let folder = Folder::new();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        fs::write(&target, "untouched").unwrap();
        symlink(&target, &link).unwrap();

        assert!(write(&link, b"x").is_err() && append(&link).is_err());
        assert_eq!(fs::read_to_string(&target).unwrap(), "untouched");
    }

    #[test]
    fn a_character_at_the_cut_is_dropped_and_a_bad_byte_is_told() {
        assert_eq!(text("aé".as_bytes()[..2].to_vec(), true), ("a".to_owned(), false));
        assert_eq!(text("aé".as_bytes()[..2].to_vec(), false), ("a\u{fffd}".to_owned(), true));
        assert_eq!(text(b"a\xffb\xc3".to_vec(), true), ("a\u{fffd}b\u{fffd}".to_owned(), true));
    }
}
