//! The tools for files. They stay below the working folder: every part of a path is opened by itself, below the last, and no link is followed.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, BufRead, BufReader, Read, Write},
    os::{
        fd::{AsFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::{Component, Path},
};

use rustix::{
    fs::{AtFlags, Dir, FileType, Mode, OFlags},
    io::Errno,
};

use super::outcome::Outcome;

/// How much of a file one call reads, in bytes.
const MOST_READ: usize = 48 * 1024;

/// The longest file that is edited, in bytes.
const MOST_EDITED: u64 = 4 * 1024 * 1024;

/// How many entries a list has.
const MOST_LISTED: usize = 500;

/// How many levels a list has.
const MOST_LEVELS: u32 = 4;

/// A file is opened so that neither a link, nor a pipe, nor a terminal does anything to us.
const CAREFUL: OFlags = OFlags::NOFOLLOW.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// The working folder.
pub(super) struct Files {
    folder: OwnedFd,
}

impl Files {
    /// # Errors
    ///
    /// If the folder can't be opened.
    pub(super) fn of(folder: &Path) -> io::Result<Self> {
        Ok(Self { folder: rustix::fs::open(folder, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())? })
    }

    /// The beginning of a plain text file; `None` if there is none.
    pub(super) fn beginning(&self, path: &str, most: usize) -> Option<String> {
        let mut bytes = Vec::new();
        self.open(path, OFlags::RDONLY).ok()?.take(most as u64).read_to_end(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// # Errors
    ///
    /// What is wrong with the path or the file, as a sentence for the model; so in all that follow.
    pub(super) fn list(&self, path: &str, depth: u32) -> Result<Outcome, String> {
        let (parents, name) = parts(path)?;
        let folder = self.walk(path, &parents.into_iter().chain(name).collect::<Vec<_>>(), false)?;
        let mut listed = Vec::new();
        list(&folder, "", depth.clamp(1, MOST_LEVELS), &mut listed).map_err(|error| told(path, error))?;
        let count = listed.len();
        let more = if count > MOST_LISTED { format!("\n[more than {MOST_LISTED} entries: list a folder below]") } else { String::new() };
        listed.truncate(MOST_LISTED);
        let text = if count == 0 { "the folder is empty".to_owned() } else { listed.join("\n") };
        Ok(Outcome::done(format!("{} entries", listed.len()), format!("{text}{more}")))
    }

    pub(super) fn read(&self, path: &str, offset: usize, limit: Option<usize>) -> Result<Outcome, String> {
        let file = self.open(path, OFlags::RDONLY)?;
        let (first, most) = (offset.max(1), limit.unwrap_or(usize::MAX).max(1));
        let mut lines = Lines { file: BufReader::new(file), number: 0 };
        let (mut text, mut last) = (Vec::new(), first - 1);
        let more = loop {
            let Some(line) = lines.next(lines.number + 1 >= first).map_err(|error| format!("`{path}` can't be read: {error}"))? else {
                break None;
            };
            if line.contains(&0) {
                return Err(format!("`{path}` is no text file"));
            }
            if lines.number < first {
                continue;
            }
            if lines.number - first >= most || (!text.is_empty() && text.len() + line.len() > MOST_READ) {
                break Some(format!("\n[There is more: read on with offset {}.]", lines.number));
            }
            last = lines.number;
            if line.len() > MOST_READ {
                text.extend_from_slice(&line[..MOST_READ]);
                break Some(format!(
                    "\n[Line {last} was cut here: it is longer than {MOST_READ} bytes. The next has offset {}.]",
                    last + 1
                ));
            }
            text.extend_from_slice(&line);
        };
        if last < first {
            let what = if lines.number == 0 { "the file is empty".to_owned() } else { format!("the file has {} lines", lines.number) };
            return Ok(Outcome::done(what.clone(), format!("[{what}]")));
        }
        let title = format!("lines {first} to {last}");
        Ok(Outcome::done(title, format!("{}{}", String::from_utf8_lossy(&text), more.unwrap_or_default())))
    }

    pub(super) fn write(&self, path: &str, content: &str, append: bool) -> Result<Outcome, String> {
        let (parents, Some(name)) = parts(path)? else { return Err(format!("`{path}` is a folder")) };
        let parent = self.walk(path, &parents, true)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | if append { OFlags::APPEND } else { OFlags::empty() };
        let mut file = plain(&parent, name, path, flags)?;
        let length = if append { Ok(()) } else { file.set_len(0) };
        length.and_then(|()| file.write_all(content.as_bytes())).map_err(|error| format!("`{path}` can't be written: {error}"))?;
        let done = format!("{} {} bytes", if append { "added" } else { "wrote" }, content.len());
        Ok(Outcome::done(done.clone(), done))
    }

    pub(super) fn edit(&self, path: &str, old: &str, new: &str) -> Result<Outcome, String> {
        let mut file = self.open(path, OFlags::RDWR)?;
        let unreadable = |error: io::Error| format!("`{path}` can't be read: {error}");
        if file.metadata().map_err(unreadable)?.len() > MOST_EDITED {
            return Err(format!("`{path}` is longer than {MOST_EDITED} bytes: edit it with a command"));
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(unreadable)?;
        let Some(at) = text.find(old).filter(|_| !old.is_empty()) else {
            return Err(format!("`old` is not in `{path}`: it must be there character by character, with its blanks and line ends"));
        };
        let next = at + old.chars().next().map_or(1, char::len_utf8);
        if text[next..].contains(old) {
            return Err(format!("`old` is in `{path}` more than once: take more of what stands around it"));
        }
        text.replace_range(at..at + old.len(), new);
        let rewritten = file.set_len(0).and_then(|()| io::Seek::rewind(&mut file)).and_then(|()| file.write_all(text.as_bytes()));
        rewritten.map_err(|error| format!("`{path}` can't be written: {error}"))?;
        let line = text[..at].matches('\n').count() + 1;
        Ok(Outcome::done(format!("line {line}"), format!("replaced at line {line}")))
    }

    fn open(&self, path: &str, flags: OFlags) -> Result<File, String> {
        let (parents, Some(name)) = parts(path)? else { return Err(format!("`{path}` is a folder")) };
        plain(&self.walk(path, &parents, false)?, name, path, flags)
    }

    /// The folder at the end of a way, made where it is missing and wanted.
    fn walk(&self, path: &str, way: &[&OsStr], missing_too: bool) -> Result<OwnedFd, String> {
        let mut folder = self.folder.try_clone().map_err(|error| format!("`{path}`: {error}"))?;
        for part in way {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | CAREFUL;
            let opened = match rustix::fs::openat(&folder, *part, flags, Mode::empty()) {
                Err(Errno::NOENT) if missing_too => {
                    let made = rustix::fs::mkdirat(&folder, *part, Mode::from_raw_mode(0o777));
                    made.or_else(|error| if error == Errno::EXIST { Ok(()) } else { Err(error) })
                        .and_then(|()| rustix::fs::openat(&folder, *part, flags, Mode::empty()))
                }
                opened => opened,
            };
            folder = opened.map_err(|error| refused(&folder, part, path, error))?;
        }
        Ok(folder)
    }
}

/// The folders of a way and its last part; none for the working folder itself.
fn parts(path: &str) -> Result<(Vec<&OsStr>, Option<&OsStr>), String> {
    let mut parts = Vec::new();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(part) => parts.push(part),
            Component::CurDir => {}
            Component::ParentDir => return Err(format!("`{path}` has `..` in it: only what is below the working folder can be reached")),
            Component::RootDir | Component::Prefix(_) => {
                return Err(format!("`{path}` is an absolute path: give it relative to the working folder"));
            }
        }
    }
    if path.is_empty() || path.contains('\0') {
        return Err("`path` is empty or holds a zero byte".to_owned());
    }
    let name = parts.pop();
    Ok((parts, name))
}

/// A plain file, and nothing else.
fn plain(folder: &OwnedFd, name: &OsStr, path: &str, flags: OFlags) -> Result<File, String> {
    let opened = rustix::fs::openat(folder, name, flags | CAREFUL, Mode::from_raw_mode(0o666));
    let file = File::from(opened.map_err(|error| refused(folder, name, path, error))?);
    match file.metadata() {
        Ok(found) if found.is_file() => Ok(file),
        Ok(found) if found.is_dir() => Err(format!("`{path}` is a folder")),
        Ok(_) => Err(format!("`{path}` is no plain file")),
        Err(error) => Err(format!("`{path}`: {error}")),
    }
}

fn refused(folder: &OwnedFd, part: &OsStr, path: &str, error: Errno) -> String {
    let found = rustix::fs::statat(folder, part, AtFlags::SYMLINK_NOFOLLOW).map(|found| FileType::from_raw_mode(found.st_mode));
    let part = part.to_string_lossy();
    match found {
        Ok(FileType::Symlink) => format!("`{part}` in `{path}` is a symbolic link, and the file tools follow none"),
        Ok(FileType::Directory) if error == Errno::ISDIR => format!("`{path}` is a folder"),
        Ok(FileType::Fifo | FileType::Socket) => format!("`{path}` is no plain file"),
        _ => told(path, error),
    }
}

fn told(path: &str, error: Errno) -> String {
    match error {
        Errno::NOENT => format!("`{path}` does not exist"),
        Errno::NOTDIR => format!("a part of `{path}` is no folder"),
        other => format!("`{path}` can't be opened: {}", io::Error::from(other)),
    }
}

/// Lists a folder and those below it, until there are too many entries.
fn list(folder: impl AsFd, before: &str, levels: u32, listed: &mut Vec<String>) -> Result<(), Errno> {
    let mut names: Vec<Vec<u8>> = Vec::new();
    for entry in Dir::read_from(&folder)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            names.push(name.to_owned());
        }
    }
    names.sort_unstable();
    for name in names {
        if listed.len() > MOST_LISTED {
            return Ok(());
        }
        let name = OsStr::from_bytes(&name);
        let shown = format!("{before}{}", name.to_string_lossy());
        // Gone meanwhile: not there.
        let Ok(found) = rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
        match FileType::from_raw_mode(found.st_mode) {
            FileType::RegularFile => listed.push(format!("{shown} ({} bytes)", found.st_size)),
            FileType::Symlink => listed.push(format!("{shown} (symbolic link)")),
            FileType::Directory => {
                listed.push(format!("{shown}/"));
                if levels > 1
                    && let Ok(below) = rustix::fs::openat(&folder, name, OFlags::RDONLY | OFlags::DIRECTORY | CAREFUL, Mode::empty())
                {
                    list(&below, &format!("{shown}/"), levels - 1, listed)?;
                }
            }
            _ => listed.push(format!("{shown} (no plain file)")),
        }
    }
    Ok(())
}

/// The lines of a file, one by one: however long the file or a line is, little of it is held.
struct Lines {
    file: BufReader<File>,
    number: usize,
}

impl Lines {
    /// The next line with its end, at most one byte more than may be read of it; of one that is not wanted nothing is kept.
    fn next(&mut self, wanted: bool) -> io::Result<Option<Vec<u8>>> {
        let (mut line, mut any) = (Vec::new(), false);
        loop {
            let buffer = self.file.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            any = true;
            let end = buffer.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
            let taken = end.unwrap_or(buffer.len());
            let room = if wanted { MOST_READ + 1 - line.len() } else { 0 };
            line.extend_from_slice(&buffer[..taken.min(room)]);
            self.file.consume(taken);
            if end.is_some() {
                break;
            }
        }
        self.number += usize::from(any);
        Ok(any.then_some(line))
    }
}

#[cfg(test)]
mod tests;
