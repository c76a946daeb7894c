//! A log file that never fills the disk: at its bound it is put aside under a number, and the oldest goes.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tracing_subscriber::fmt::MakeWriter;

/// At this size a file is put aside.
const BOUND: u64 = 16 * 1024 * 1024;
/// How many are kept beside the one that is written.
const KEPT: u32 = 4;

/// Writes lines into a bounded file.
#[derive(Clone, Debug)]
pub(super) struct BoundedFile {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    path: PathBuf,
    file: File,
    written: u64,
    bound: u64,
}

impl BoundedFile {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Self::open_with(path, BOUND)
    }

    fn open_with(path: &Path, bound: u64) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = open(path)?;
        let written = file.metadata()?.len();
        Ok(Self { state: Arc::new(Mutex::new(State { path: path.to_owned(), file, written, bound })) })
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

impl State {
    /// Puts the file aside as `.1`, what was `.1` as `.2`, and so on; the last one goes.
    fn put_aside(&mut self) -> io::Result<()> {
        let numbered = |number: u32| PathBuf::from(format!("{}.{number}", self.path.display()));
        for number in (1..KEPT).rev() {
            let _not_there_yet = fs::rename(numbered(number), numbered(number + 1));
        }
        fs::rename(&self.path, numbered(1))?;
        self.file = open(&self.path)?;
        self.written = 0;
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for BoundedFile {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One line on its way into the file.
#[derive(Debug)]
pub(super) struct Line<'a>(MutexGuard<'a, State>);

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.0.written >= self.0.bound {
            // A full disk or a folder that is gone must not end the program: the old file is written on.
            let _next_time = self.0.put_aside();
        }
        let written = self.0.file.write(line)?;
        self.0.written += u64::try_from(written).unwrap_or(0);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_put_aside_at_its_bound_and_the_oldest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs/orchestrator.log");
        let log = BoundedFile::open_with(&path, 10).unwrap();

        for line in 0..20 {
            log.make_writer().write_all(format!("line {line:03}\n").as_bytes()).unwrap();
        }

        let mut names: Vec<String> =
            fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names, ["orchestrator.log", "orchestrator.log.1", "orchestrator.log.2", "orchestrator.log.3", "orchestrator.log.4"]);
        assert!(fs::read_to_string(&path).unwrap().ends_with("line 019\n"));
    }
}
