//! Reading a file that a person may have pointed anywhere: bounded, never a pipe or a device, and always with a reason.

use std::{fs, io, path::Path};

use super::complaint::Complaint;

/// The largest configuration file that is read, in bytes.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// The text of a file, without a byte order mark; `None` if there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<String>, Complaint> {
    let place = path.display().to_string();
    let refused = |rule: &str| Complaint::of_file(place.clone(), rule);
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(refused(&format!("it can't be looked at: {error}")).way_out("Check the path and its permissions.")),
    };
    if !metadata.is_file() {
        return Err(refused("it must be a plain file"));
    }
    if metadata.len() > MAX_BYTES {
        return Err(refused("it is larger than 4 MiB, too large for a configuration file"));
    }
    let bytes =
        fs::read(path).map_err(|error| refused(&format!("it can't be read: {error}")).way_out("Check who owns it and its permissions."))?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
        Complaint::of_file(format!("{place}:{line}"), "it must be UTF-8 text")
            .way_out("Save it as UTF-8, without a UTF-16 or Latin-1 encoding.")
    })?;
    if let Some(at) = text.find('\0') {
        let line = 1 + text[..at].matches('\n').count();
        return Err(Complaint::of_file(format!("{place}:{line}"), "it must be text, but has a NUL character in it"));
    }
    Ok(Some(text.to_owned()))
}
