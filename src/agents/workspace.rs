//! The files of a task's working folder, as `workers/README.md` describes them to every agent.

use std::{
    fs,
    io::{self, Read, Write},
    path::Path,
};

/// The longest task that is read, in bytes.
const MAX_TASK: u64 = 4 * 1024 * 1024;

/// The task's text: TASK.txt without its `TASK: `.
///
/// # Errors
///
/// Why there is none, as a sentence.
pub(super) fn task(folder: &Path) -> Result<String, String> {
    let unreadable = |error: &io::Error| format!("TASK.txt can't be read in this folder: {error}");
    let file = fs::File::open(folder.join("TASK.txt")).map_err(|error| unreadable(&error))?;
    let mut bytes = Vec::new();
    file.take(MAX_TASK).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.strip_prefix("TASK:").map_or(&*text, |rest| rest.strip_prefix(' ').unwrap_or(rest));
    Ok(text.to_owned())
}

/// Writes a file in one piece: nobody ever reads half of it.
pub(super) fn write(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(folder.join(name)).map_err(|error| error.error)?;
    Ok(())
}
