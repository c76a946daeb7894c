//! Output that may be endless, kept in a file that is not: its beginning and its end, and how much was left out between.

use std::{
    collections::VecDeque,
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
    time::{Duration, Instant},
};

use orchestrator_core::domain::evidence::left_out_line;

use super::attendant;

/// The most of the end that is held in memory until the beginning is known not to be all.
const MAX_TAIL_BYTES: u64 = 256 * 1024;

/// Kept free for the sentence that says what was left out.
const NOTICE_BYTES: u64 = 80;

/// The longest line that is looked at for whether it is to be kept before others.
const LINE_BYTES: usize = 1 << 20;

/// Between two settings of a file's time.
const TOUCHES: Duration = Duration::from_secs(1);

/// A file with a bound. The beginning is written through at once, so that it can be followed; the end when all is over.
#[derive(Debug)]
pub(super) struct Bounded {
    path: PathBuf,
    state: State,
    head_left: u64,
    tail_limit: usize,
    tail: VecDeque<u8>,
    left_out: u64,
    first: First,
    /// When the file's time was last set without anything being written to it.
    touched: Option<Instant>,
}

/// Lines that are kept before others: written through when the beginning has no room left.
#[derive(Debug, Default)]
struct First {
    /// What each of them holds, as it stands there; none: no line is kept before others.
    words: Vec<String>,
    /// Bytes that are left for them.
    room: u64,
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    at: At,
}

/// In what kind of line the next byte is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// One that is looked at when it is whole.
    #[default]
    Whole,
    /// One whose first part is in the beginning.
    Begun,
    /// One that is too long to be looked at.
    TooLong,
}

#[derive(Debug)]
enum State {
    /// Nothing came yet: a silent agent costs no file.
    Unopened,
    Open(File),
    /// It can't be written (a link was put there, the disk is full): the agent must not be held up, so the rest counts as left out.
    Broken,
}

impl Bounded {
    pub(super) fn new(path: PathBuf, limit: u64) -> Self {
        Self::keeping(path, limit, Vec::new())
    }

    /// One in which whole lines that hold one of these words are kept before others; a quarter of the room is theirs.
    pub(super) fn keeping(path: PathBuf, limit: u64, words: Vec<String>) -> Self {
        let of_first = if words.is_empty() { 0 } else { limit / 4 };
        let limit = limit - of_first;
        let room = limit.saturating_sub(NOTICE_BYTES);
        let tail_limit = (room / 2).min(MAX_TAIL_BYTES);
        Self {
            path,
            state: State::Unopened,
            head_left: if tail_limit == 0 { limit } else { room - tail_limit },
            tail_limit: usize::try_from(tail_limit).unwrap_or(0),
            tail: VecDeque::new(),
            left_out: 0,
            first: First { words, room: of_first, ..First::default() },
            touched: None,
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        let to_head = usize::try_from(self.head_left).unwrap_or(usize::MAX).min(bytes.len());
        let (head, rest) = bytes.split_at(to_head);
        if !head.is_empty() {
            self.head_left -= head.len() as u64;
            self.write(head);
            self.first.at = if head.ends_with(b"\n") { At::Whole } else { At::Begun };
        }
        if !rest.is_empty() {
            if self.first.words.is_empty() {
                self.keep(rest);
            } else {
                rest.split_inclusive(|byte| *byte == b'\n').for_each(|piece| self.sort(piece));
            }
            self.touch();
        }
    }

    /// Part of a line, or a whole one, for which the beginning has no room.
    fn sort(&mut self, piece: &[u8]) {
        let ends = piece.ends_with(b"\n");
        match self.first.at {
            At::Whole => {
                self.first.line.extend_from_slice(piece);
                if ends {
                    let line = std::mem::take(&mut self.first.line);
                    if self.first.takes(&line) { self.write(&line) } else { self.keep(&line) }
                } else if self.first.line.len() > LINE_BYTES {
                    let line = std::mem::take(&mut self.first.line);
                    self.keep(&line);
                    self.first.at = At::TooLong;
                }
                return;
            }
            At::Begun => {
                if self.first.has_room(piece) {
                    self.write(piece);
                } else {
                    // A line that comes after half a one could not be read.
                    self.first.room = 0;
                    self.keep(piece);
                }
            }
            At::TooLong => self.keep(piece),
        }
        if ends {
            self.first.at = At::Whole;
        }
    }

    /// Writes the end. Returns how many bytes were left out.
    pub(super) fn finish(mut self) -> u64 {
        let unended = std::mem::take(&mut self.first.line);
        self.keep(&unended);
        let tail = std::mem::take(&mut self.tail);
        if self.left_out > 0 && self.tail_limit > 0 {
            let notice = format!("\n{}\n", left_out_line(self.left_out));
            self.write_uncounted(notice.as_bytes());
        }
        let (first, second) = tail.as_slices();
        for part in [first, second] {
            if !part.is_empty() {
                self.write(part);
            }
        }
        self.left_out
    }

    /// Keeps what may turn out to be the end, and lets go of what can't be any more.
    fn keep(&mut self, bytes: &[u8]) {
        let over = (self.tail.len() + bytes.len()).saturating_sub(self.tail_limit);
        self.left_out += over as u64;
        let from_tail = over.min(self.tail.len());
        self.tail.drain(..from_tail);
        self.tail.extend(&bytes[over - from_tail..]);
    }

    /// Has the file's time tell when something came last, also while nothing is written to it.
    fn touch(&mut self) {
        if let State::Open(file) = &self.state
            && self.touched.is_none_or(|at| at.elapsed() >= TOUCHES)
        {
            self.touched = Some(Instant::now());
            drop(file.set_modified(attendant::file_time()));
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        if !self.write_uncounted(bytes) {
            self.left_out += bytes.len() as u64;
        }
    }

    fn write_uncounted(&mut self, bytes: &[u8]) -> bool {
        if matches!(self.state, State::Unopened) {
            self.state = open(&self.path).map_or(State::Broken, State::Open);
        }
        let State::Open(file) = &mut self.state else { return false };
        let written = file.write_all(bytes).is_ok();
        if !written {
            self.state = State::Broken;
        }
        written
    }
}

impl First {
    fn has_room(&mut self, bytes: &[u8]) -> bool {
        let left = self.room.checked_sub(bytes.len() as u64);
        self.room = left.unwrap_or(self.room);
        left.is_some()
    }

    /// Whether a whole line is kept before others.
    fn takes(&mut self, line: &[u8]) -> bool {
        // What is no text is no line that anybody reads.
        std::str::from_utf8(line).is_ok_and(|text| self.words.iter().any(|words| text.contains(words))) && self.has_room(line)
    }
}

/// Opens a plain file to append to. The agent could have put something else there: a link is not followed, a pipe does not block.
fn open(path: &PathBuf) -> io::Result<File> {
    let file = OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("not a plain file")) }
}

#[cfg(test)]
mod tests {
    use std::{fs, time::SystemTime};

    use super::*;

    fn written(limit: u64, pieces: &[&[u8]]) -> (String, u64) {
        let home = tempfile::tempdir().expect("a temporary folder");
        let path = home.path().join("log");
        let mut bounded = Bounded::new(path.clone(), limit);
        for piece in pieces {
            bounded.push(piece);
        }
        let left_out = bounded.finish();
        (fs::read_to_string(path).unwrap_or_default(), left_out)
    }

    #[test]
    fn output_within_the_limit_is_kept_whole() {
        let (text, left_out) = written(400, &[b"first ", &[b'.'; 300], b" last"]);

        assert_eq!((text.len(), left_out), (311, 0));
        assert!(text.starts_with("first .") && text.ends_with(". last"));
    }

    #[test]
    fn output_over_the_limit_keeps_its_beginning_and_its_end_and_says_what_is_missing() {
        let (text, left_out) = written(400, &[b"first ", &b".".repeat(100_000), b" last"]);

        assert!(text.len() <= 400, "{} bytes", text.len());
        assert!(text.starts_with("first .") && text.ends_with(". last"));
        assert!(text.contains(&format!("[orchestrator: {left_out} bytes of output were left out here]")), "{text}");
        assert_eq!(text.bytes().filter(|byte| *byte == b'.').count() as u64 + left_out, 100_000);
    }

    #[test]
    fn some_lines_are_kept_before_others_and_at_once() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let path = home.path().join("stdout");
        let mut bounded = Bounded::keeping(path.clone(), 4_000, vec!["\"usage\"".to_owned()]);
        let read = || fs::read_to_string(&path).unwrap_or_default();
        let usage = |number: u32| format!("{{\"usage\":{number}}}\n");

        bounded.push(usage(1).as_bytes());
        for number in 2..=9 {
            bounded.push(format!("{{\"junk\":\"{}\"}}\n{{\"us", "x".repeat(1_000)).as_bytes());
            bounded.push(&usage(number).as_bytes()[4..]);
            assert_eq!(read().matches("usage").count(), number as usize, "it can be read at once: {}", read());
        }
        bounded.push(&[b"\xff\"usage\"\n".as_slice(), "y".repeat(2 * LINE_BYTES).as_bytes(), b"\n", b"no end"].concat());

        assert!(bounded.finish() > 2_000_000);
        let text = read();
        assert!(text.len() <= 4_000 && text.ends_with("no end"), "{text}");
        for number in 1..=9 {
            assert!(text.lines().any(|line| format!("{line}\n") == usage(number)), "{number}: {text}");
        }
        for (room, words) in [(0, 0), (3, 0), (40, 3)] {
            let path = home.path().join(format!("{room}"));
            let mut bounded = Bounded::keeping(path.clone(), 4 * room, vec!["u".to_owned()]);
            bounded.push(&b"x".repeat(4_000));
            bounded.push(&b"\nuuuuuuuuu\n".repeat(100));
            bounded.finish();
            let text = fs::read(path).unwrap_or_default();
            assert!(text.len() as u64 <= 4 * room, "{room}: {} {words}", text.len());
        }
    }

    #[test]
    fn what_is_heard_is_seen_by_the_file_s_time_also_when_it_is_full() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let path = home.path().join("log");
        let mut bounded = Bounded::new(path.clone(), 400);
        bounded.push(&[b'.'; 400]);
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        File::options().append(true).open(&path).and_then(|file| file.set_modified(long_ago)).expect("its time is set");
        bounded.touched = None;

        bounded.push(b"more");

        assert!(fs::metadata(&path).and_then(|seen| seen.modified()).expect("a time") > long_ago);
    }

    #[test]
    fn a_limit_too_small_for_a_notice_still_holds() {
        assert_eq!(written(10, &[b"0123456789abc"]), ("0123456789".to_owned(), 3));
        assert_eq!(written(0, &[b"abc"]), (String::new(), 3));
    }

    #[test]
    fn a_silent_agent_costs_no_file() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let path = home.path().join("log");

        Bounded::new(path.clone(), 1_000).finish();

        assert!(!path.exists());
    }

    #[test]
    fn a_link_in_the_log_s_place_is_not_followed() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let (path, victim) = (home.path().join("log"), home.path().join("victim"));
        std::os::unix::fs::symlink(&victim, &path).expect("links");

        let mut bounded = Bounded::new(path, 1_000);
        bounded.push(b"secret");

        assert_eq!(bounded.finish(), 6);
        assert!(!victim.exists());
    }
}
