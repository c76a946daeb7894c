//! A task's log, `agent-output.log`: what the orchestrator did about it is written beside what the agent printed, and its end is read for posts.

use std::{
    io::{Read, Seek, SeekFrom, Write},
    path::Path,
    sync::Arc,
};

use super::{
    plain_file::{self, Found},
    workspace::{LOG, Workspace},
};
use crate::{
    domain::id::TaskId,
    ports::{
        clock::Clock,
        task_log::{LogTail, TaskLog},
    },
};

/// Longest line that is noted, in characters.
const LINE: usize = 2_000;

/// Writes the lines; asks the clock for their time (UTC).
pub struct Transcript {
    clock: Arc<dyn Clock>,
}

impl Transcript {
    /// A log by this clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }
}

impl TaskLog for Transcript {
    fn note(&self, workspace: &Path, task: &TaskId, line: &str) {
        let workspace = Workspace::at(workspace, task);
        let words: String = line.chars().take(LINE).map(|c| if c.is_control() { ' ' } else { c }).collect();
        let line = format!("[{}] {words}\n", self.clock.now().format("%H:%M:%S"));
        let written = if workspace.is_intact() {
            // One write: what others append at the same time stays whole.
            plain_file::append(&workspace.file(LOG)).and_then(|mut file| file.write_all(line.as_bytes()))
        } else {
            Err(std::io::Error::other("its workspace is gone, or its folders were replaced"))
        };
        if let Err(error) = written {
            tracing::warn!(task.id = %task, %error, "{task}: its log could not be written: {error}");
        }
    }

    fn tail(&self, workspace: &Path, task: &TaskId, most: u64) -> Result<LogTail, String> {
        let workspace = Workspace::at(workspace, task);
        if !workspace.is_intact() {
            return Err("its workspace is gone, or its folders were replaced".to_owned());
        }
        match tail(&workspace.file(LOG), most) {
            Tail { missing: Some(why), .. } => Err(why),
            Tail { text, left_out, missing: None } => Ok(LogTail { text, left_out }),
        }
    }

    fn left(&self, workspace: &Path, task: &TaskId, path: &str, most: u64) -> Result<Vec<u8>, String> {
        let workspace = Workspace::at(workspace, task);
        if !workspace.is_intact() {
            return Err("its workspace is gone, or its folders were replaced".to_owned());
        }
        match plain_file::read_below(workspace.task_dir(), Path::new(path), most) {
            Found::Plain(whole) if whole.left_out == 0 => Ok(whole.bytes),
            Found::Plain(_) => Err("it is larger than it was".to_owned()),
            Found::Missing => Err("it is gone".to_owned()),
            Found::Refused(why) => Err(why),
        }
    }
}

/// The end of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    /// Whole lines, if the last ones are short enough; bytes that are no text are replaced.
    pub text: String,
    /// Bytes before it.
    pub left_out: u64,
    /// Why there is none, if there is none.
    pub missing: Option<String>,
}

/// Reads the last `most` bytes of a log. What was cut is cut at a line's beginning; of a last line that is longer its end is given, after the sign of a
/// cut, by which whoever takes secrets out knows that half of one may stand there.
pub fn tail(path: &Path, most: u64) -> Tail {
    let missing = |why: &str| Tail { missing: Some(why.to_owned()), ..Tail::default() };
    let mut file = match plain_file::open(path) {
        Found::Plain(file) => file,
        Found::Missing => return missing("there is no log"),
        Found::Refused(why) => return missing(&format!("the log was not read: {why}")),
    };
    let length = file.metadata().map_or(0, |seen| seen.len());
    let mut start = length.saturating_sub(most);
    // One byte more than asked: if it ends a line, the tail begins with one.
    let from = start.saturating_sub(1);
    let mut bytes = Vec::new();
    let read = file.seek(SeekFrom::Start(from)).and_then(|_| file.take(length - from).read_to_end(&mut bytes));
    if let Err(error) = read {
        return missing(&format!("the log was not read: {error}"));
    }
    if start > 0 {
        let line = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
        if line == bytes.len() {
            let end: Vec<u8> = bytes.iter().copied().skip(1).skip_while(|byte| byte & 0b1100_0000 == 0b1000_0000).collect();
            let left_out = length - end.len() as u64;
            return Tail { text: format!("…{}", String::from_utf8_lossy(&end)), left_out, missing: None };
        }
        start = from + line as u64;
        bytes.drain(..line);
    }
    Tail { text: String::from_utf8_lossy(&bytes).into_owned(), left_out: start, missing: None }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use chrono::{DateTime, Utc};

    use super::*;
    use crate::runner::workspace::{Contents, tests::Folder};

    struct Stopped;

    impl Clock for Stopped {
        fn now(&self) -> DateTime<Utc> {
            DateTime::from_timestamp(1_763_700_009, 0).unwrap()
        }
    }

    fn workspace(folder: &Folder) -> (Workspace, TaskId) {
        let task: TaskId = "1443021398234771496".parse().unwrap();
        let workspace = Workspace::new(folder.path(), "agent-1-x", &task);
        workspace.create(&Contents { prompt: "T", agents_md: "", attachments: &[] }).unwrap();
        (workspace, task)
    }

    #[test]
    fn notes_stand_between_what_the_agent_prints_with_their_time() {
        let folder = Folder::new();
        let (workspace, task) = workspace(&folder);
        fs::write(workspace.file(LOG), "agent speaking\n").unwrap();
        let log = Transcript::new(Arc::new(Stopped));

        log.note(workspace.dir(), &task, "Discord post failed (HTTP 401), retry 1/5 in 2s...");
        log.note(workspace.dir(), &task, "two\nlines");

        let text = fs::read_to_string(workspace.file(LOG)).unwrap();
        assert_eq!(text, "agent speaking\n[04:40:09] Discord post failed (HTTP 401), retry 1/5 in 2s...\n[04:40:09] two lines\n");
    }

    #[test]
    fn a_log_that_is_a_link_is_not_written_through() {
        let (folder, elsewhere) = (Folder::new(), Folder::new());
        let (workspace, task) = workspace(&folder);
        let target = elsewhere.path().join("target");
        fs::write(&target, "untouched").unwrap();
        symlink(&target, workspace.file(LOG)).unwrap();

        Transcript::new(Arc::new(Stopped)).note(workspace.dir(), &task, "x");

        assert_eq!(fs::read_to_string(&target).unwrap(), "untouched");
        assert_eq!(tail(&workspace.file(LOG), 100).missing.as_deref(), Some("the log was not read: it is a symbolic link"));
    }

    #[test]
    fn a_task_s_log_is_read_where_its_folders_are_its_own() {
        let folder = Folder::new();
        let (workspace, task) = workspace(&folder);
        let log = Transcript::new(Arc::new(Stopped));
        assert_eq!(log.tail(workspace.dir(), &task, 100), Err("there is no log".to_owned()));

        fs::write(workspace.file(LOG), "one\ntwo\n").unwrap();
        assert_eq!(log.tail(workspace.dir(), &task, 5), Ok(LogTail { text: "two\n".into(), left_out: 4 }));

        fs::remove_dir_all(workspace.dir()).unwrap();
        assert_eq!(log.tail(workspace.dir(), &task, 5), Err("its workspace is gone, or its folders were replaced".to_owned()));
    }

    #[test]
    fn a_tail_is_made_of_whole_lines() {
        let folder = Folder::new();
        let path = folder.path().join("log");
        let read = |text: &[u8], most| {
            fs::write(&path, text).unwrap();
            tail(&path, most)
        };

        assert_eq!(read(b"one\ntwo\n", 100), Tail { text: "one\ntwo\n".into(), ..Tail::default() });
        assert_eq!(read(b"one\ntwo\n", 5), Tail { text: "two\n".into(), left_out: 4, missing: None });
        assert_eq!(read(b"one\ntwo\n", 4), Tail { text: "two\n".into(), left_out: 4, missing: None });
        assert_eq!(read(b"a\xff\n", 9).text, "a\u{fffd}\n");
        assert_eq!(read("äöü and much more".as_bytes(), 4), Tail { text: "…more".into(), left_out: 16, missing: None });
        assert_eq!(read("one\nand äöü\n".as_bytes(), 6), Tail { text: "…öü\n".into(), left_out: 10, missing: None });
        assert_eq!(tail(&folder.path().join("none"), 9).missing.as_deref(), Some("there is no log"));
    }
}
