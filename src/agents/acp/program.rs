//! The agent's program: started with pipes, read line by line without ever being waited for, and ended.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use orchestrator_core::domain::acp::Orders;
use rustix::process::{Pid, Signal as ProcessSignal};
use tokio::{
    net::unix::pipe,
    signal::unix::{Signal, SignalKind, signal},
    time::Instant,
};

/// The longest line that is read, in bytes: one holds a whole file that was changed.
const LINE: usize = 16 << 20;
const CHUNK: usize = 64 * 1024;
/// How much is read at the most of what was said by a program that has ended: what it has left behind may go on for ever. More than a pipe holds that
/// nobody may make larger. Source: pipe(7), `pipe-max-size`, 1 MiB.
const LAST_CHUNKS: usize = 32;
/// Most bytes that wait until the program reads them; one that never does is told no more.
const UNSENT: usize = 32 << 20;
/// How often an end that no signal has told of is looked for.
const LOOKS: Duration = Duration::from_millis(500);

/// The program, running.
pub(super) struct Program {
    child: Child,
    to: Option<pipe::Sender>,
    from: Option<pipe::Receiver>,
    children: Signal,
    unsent: VecDeque<u8>,
    lines: Lines,
    status: Option<ExitStatus>,
    /// When it was last looked whether it lives.
    looked_at: Instant,
}

/// What comes from the program.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A line, without its end.
    Line(Vec<u8>),
    /// One that is too long to be read: it was passed over.
    TooLong,
    /// It says no more.
    End,
}

impl Program {
    /// Starts it. Its standard error is ours.
    #[expect(clippy::disallowed_methods, reason = "the bridge is a program of its own; its attendant ends all that it starts")]
    pub(super) fn start(orders: &Orders) -> io::Result<Self> {
        // Before the start: no end is missed.
        let children = signal(SignalKind::child())?;
        let (theirs_in, to) = io::pipe()?;
        let (from, theirs_out) = io::pipe()?;
        let mut program = Command::new(&orders.program);
        program.args(&orders.args).current_dir(&orders.cwd).stdin(theirs_in).stdout(theirs_out).stderr(Stdio::inherit());
        let child = program.spawn()?;
        // The command holds their ends until it is dropped: with them open, no end of theirs would be seen.
        drop(program);
        Ok(Self {
            child,
            to: Some(pipe::Sender::from_owned_fd(to.into())?),
            from: Some(pipe::Receiver::from_owned_fd(from.into())?),
            children,
            unsent: VecDeque::new(),
            lines: Lines::default(),
            status: None,
            looked_at: Instant::now(),
        })
    }

    /// Says a line, as soon as the program reads it.
    pub(super) fn say(&mut self, line: &str) {
        if self.unsent.len() > UNSENT {
            self.close();
        }
        if self.to.is_some() {
            self.unsent.extend(line.as_bytes());
            self.unsent.push_back(b'\n');
        }
    }

    /// Says nothing more: for an agent that is a sign to end.
    pub(super) fn close(&mut self) {
        (self.to, self.unsent) = (None, VecDeque::new());
    }

    /// What comes next; meanwhile what was said is sent.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what was read stays here.
    pub(super) async fn hear(&mut self) -> Heard {
        loop {
            if let Some(heard) = self.lines.next() {
                return heard;
            }
            let Some(from) = &mut self.from else { return Heard::End };
            if self.looked_at.elapsed() >= LOOKS {
                // Where there is always something to read, nothing else would have its turn below.
                self.looked_at = Instant::now();
                send(&mut self.to, &mut self.unsent);
                if has_ended(&mut self.child, &mut self.status) {
                    rest(from, &mut self.lines);
                    self.from = None;
                    continue;
                }
            }
            let sending = !self.unsent.is_empty();
            tokio::select! {
                biased;
                readable = from.readable() => {
                    let mut chunk = vec![0; CHUNK];
                    match readable.and_then(|()| from.try_read(&mut chunk)) {
                        Ok(0) => self.from = None,
                        Ok(read) => self.lines.add(&chunk[..read]),
                        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                        Err(_) => self.from = None,
                    }
                }
                () = writable(self.to.as_ref()), if sending => send(&mut self.to, &mut self.unsent),
                // What it has left in the background may hold the pipe open for ever.
                () = ended(&mut self.children, &mut self.child, &mut self.status) => {
                    rest(from, &mut self.lines);
                    self.from = None;
                }
            }
        }
    }

    /// Asks it to end, waits, and then ends it. How it ended; `None`: nobody knows.
    pub(super) async fn end(&mut self, patience: Duration) -> Option<ExitStatus> {
        self.close();
        if !self.has_ended_within(patience).await {
            // It is our child and not reaped: the number is no other's.
            let _ = rustix::process::kill_process(Pid::from_child(&self.child), ProcessSignal::TERM);
            if !self.has_ended_within(patience).await {
                let _ = self.child.kill();
                self.has_ended_within(patience).await;
            }
        }
        self.status
    }

    async fn has_ended_within(&mut self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        tokio::time::timeout_at(until, ended(&mut self.children, &mut self.child, &mut self.status)).await.is_ok()
    }

    /// The words for how it ended.
    pub(super) fn ending(status: Option<ExitStatus>) -> String {
        use std::os::unix::process::ExitStatusExt as _;
        match status.map(|status| (status.code(), status.signal())) {
            Some((Some(code), _)) => format!("exit code {code}"),
            Some((_, Some(signal))) => format!("signal {signal}"),
            _ => "it closed its output".to_owned(),
        }
    }
}

/// Returns when the program has ended.
///
/// # Cancel safety
///
/// Cancel safe: its end is kept in `status`.
async fn ended(children: &mut Signal, child: &mut Child, status: &mut Option<ExitStatus>) {
    while !has_ended(child, status) {
        let _ = tokio::time::timeout(LOOKS, children.recv()).await;
    }
}

fn has_ended(child: &mut Child, status: &mut Option<ExitStatus>) -> bool {
    if status.is_none() {
        *status = child.try_wait().ok().flatten();
    }
    status.is_some()
}

/// What a program that has ended had said, and nobody has read yet.
fn rest(from: &pipe::Receiver, lines: &mut Lines) {
    let mut chunk = vec![0; CHUNK];
    for _ in 0..LAST_CHUNKS {
        // Asked of the kernel itself: the runtime may not have heard yet that there is something.
        match rustix::io::read(from, &mut chunk) {
            Ok(read @ 1..) => lines.add(&chunk[..read]),
            Err(rustix::io::Errno::INTR) => {}
            Ok(0) | Err(_) => break,
        }
    }
}

/// Returns when something can be sent; never, if nothing ever can.
async fn writable(to: Option<&pipe::Sender>) {
    match to {
        Some(to) if to.writable().await.is_ok() => {}
        _ => std::future::pending().await,
    }
}

fn send(to: &mut Option<pipe::Sender>, unsent: &mut VecDeque<u8>) {
    let Some(sender) = to.as_ref().filter(|_| !unsent.is_empty()) else { return };
    match sender.try_write(unsent.as_slices().0) {
        Ok(sent) => drop(unsent.drain(..sent)),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
        // It reads no more; whether it still says something shows itself.
        Err(_) => {
            *to = None;
            unsent.clear();
        }
    }
}

/// Bytes that become lines.
#[derive(Debug, Default)]
struct Lines {
    bytes: Vec<u8>,
    /// How much of it was given away.
    given: usize,
    /// How much of it is known to hold no end of a line.
    looked_at: usize,
    /// Whether what comes until the next end of a line belongs to one that is too long.
    passing_over: bool,
}

impl Lines {
    fn add(&mut self, bytes: &[u8]) {
        // Once for many lines: what is left is moved.
        self.bytes.drain(..self.given);
        self.looked_at -= self.given;
        self.given = 0;
        self.bytes.extend_from_slice(bytes);
    }

    fn next(&mut self) -> Option<Heard> {
        loop {
            let Some(end) = self.bytes[self.looked_at..].iter().position(|byte| *byte == b'\n') else {
                self.looked_at = self.bytes.len();
                if self.bytes.len() - self.given > LINE {
                    (self.bytes, self.given, self.looked_at, self.passing_over) = (Vec::new(), 0, 0, true);
                }
                return None;
            };
            let end = self.looked_at + end;
            let line = &self.bytes[self.given..end];
            (self.given, self.looked_at) = (end + 1, end + 1);
            if std::mem::take(&mut self.passing_over) || line.len() > LINE {
                return Some(Heard::TooLong);
            }
            if !line.trim_ascii().is_empty() {
                return Some(Heard::Line(line.to_vec()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_and_one_that_is_too_long_is_passed_over() {
        let mut lines = Lines::default();
        let mut all = |bytes: &[u8]| {
            lines.add(bytes);
            std::iter::from_fn(|| lines.next()).collect::<Vec<_>>()
        };

        assert_eq!(all(b"one\n\ntw"), [Heard::Line(b"one".to_vec())]);
        assert_eq!(all(b"o\n"), [Heard::Line(b"two".to_vec())]);
        assert!(all(&vec![b'x'; LINE]).is_empty());
        assert!(all(b"xx").is_empty());
        assert_eq!(all(b"yy\nthree\n"), [Heard::TooLong, Heard::Line(b"three".to_vec())]);
        assert_eq!(all(b"four\nfi").len(), 1);
        assert_eq!(all(b"ve\n"), [Heard::Line(b"five".to_vec())]);
    }

    #[test]
    fn many_short_lines_that_come_at_once_are_each_looked_at_once() {
        let mut lines = Lines::default();
        lines.add(&b"x\n".repeat(1_000_000));

        assert_eq!(std::iter::from_fn(|| lines.next()).count(), 1_000_000, "by moving the rest for each it would take hours");
    }
}
