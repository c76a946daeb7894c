//! Runs the commands that the model asks for: bounded in time and in what is kept of their output, and with nothing left of them afterwards.

use std::{
    collections::{BTreeMap, VecDeque},
    fs, io,
    os::{
        fd::OwnedFd,
        unix::process::{CommandExt, ExitStatusExt},
    },
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, WaitOptions};
use tokio::{
    io::AsyncReadExt,
    net::unix::pipe,
    signal::unix::{SignalKind, signal},
};

use super::{key, outcome::Outcome};

/// How much of an output's beginning and end is kept, in bytes.
const KEPT: (usize, usize) = (10_000, 20_000);

/// How long what was killed is waited for: a process in uninterruptible sleep can't be killed by anyone.
const SWEEP: Duration = Duration::from_secs(5);

/// How commands are run.
pub(super) struct Commands {
    folder: PathBuf,
    /// Variables that no command sees.
    hidden: Vec<String>,
    /// The longest time of one.
    pub(super) limit: Duration,
}

impl Commands {
    /// A command sees the environment without the variables that hold a key, whatever their name is.
    pub(super) fn of(folder: &Path, variables: &BTreeMap<String, String>, limit: Duration) -> Self {
        Self { folder: folder.to_owned(), hidden: key::telling(variables), limit }
    }

    /// Runs one to its end, or to the limit.
    ///
    /// # Errors
    ///
    /// If it can't be started.
    ///
    /// # Cancel safety
    ///
    /// May be dropped at any time: what it has started is killed.
    pub(super) async fn run(&self, command: &str) -> Result<Outcome, String> {
        let refused = |error: io::Error| format!("the command can't be started: {error}");
        // Before the start: no end is missed.
        let mut children = signal(SignalKind::child()).map_err(refused)?;
        let (mut running, output) = self.start(command).map_err(refused)?;
        let mut output = pipe::Receiver::from_owned_fd(output).map_err(refused)?;
        let (mut kept, mut chunk) = (Kept::default(), vec![0; 64 * 1024]);
        let (limit, mut open) = (tokio::time::sleep(self.limit), true);
        tokio::pin!(limit);
        let in_time = loop {
            tokio::select! {
                // What it leaves in the background may print for ever.
                biased;
                () = &mut limit => break false,
                _ = children.recv() => if running.has_ended() { break true },
                read = output.read(&mut chunk), if open => match read {
                    Ok(bytes @ 1..) => kept.add(&chunk[..bytes]),
                    Ok(0) | Err(_) => open = false,
                },
            }
        };
        let status = running.stop();
        // All that could print is dead: what comes now was printed before.
        let rest = async {
            while let Ok(bytes @ 1..) = output.read(&mut chunk).await {
                kept.add(&chunk[..bytes]);
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(1), rest).await;
        Ok(self.told(in_time, status, &kept.text()))
    }

    #[expect(clippy::disallowed_methods, reason = "this agent is a program of its own: what it starts, it stops itself")]
    fn start(&self, command: &str) -> io::Result<(Running, OwnedFd)> {
        // What a command leaves behind becomes our child, and is found by that. Where the kernel refuses, its process group is all we have.
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
        let (read, write) = io::pipe()?;
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(&self.folder).process_group(0).stdin(Stdio::null());
        for name in &self.hidden {
            shell.env_remove(name);
        }
        let child = shell.stdout(write.try_clone()?).stderr(write).spawn()?;
        Ok((Running { child, stopped: false }, read.into()))
    }

    fn told(&self, in_time: bool, status: Option<ExitStatus>, output: &str) -> Outcome {
        let seconds = self.limit.as_secs();
        let (ok, title, how) = match (in_time, status.and_then(|status| status.code()), status.and_then(|status| status.signal())) {
            (false, ..) => {
                (false, format!("stopped after {seconds} s"), format!("stopped after {seconds} s, the longest time of a command"))
            }
            (true, Some(code), _) => (code == 0, format!("exit {code}"), format!("exit code {code}")),
            (true, None, Some(signal)) => (false, format!("signal {signal}"), format!("ended by signal {signal}")),
            (true, None, None) => (false, "lost".to_owned(), "its end could not be learned".to_owned()),
        };
        let printed = if output.is_empty() { "; it printed nothing".to_owned() } else { format!("; it printed:\n{output}") };
        Outcome { ok, title, text: format!("{how}{printed}") }
    }
}

/// A command that was started. Dropped, nothing is left of it.
struct Running {
    child: Child,
    stopped: bool,
}

impl Running {
    /// Whether the shell has ended; it is not reaped by that.
    fn has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        // Whoever can't be waited for is no child of ours any more.
        rustix::process::waitid(WaitId::Pid(Pid::from_child(&self.child)), options).map_or(true, |found| found.is_some())
    }

    /// Kills its process group, and then all that it has left behind elsewhere.
    fn stop(&mut self) -> Option<ExitStatus> {
        self.stopped = true;
        // Before it is reaped: its number can't be another's yet.
        let _ = rustix::process::kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let status = self.child.wait().ok();
        sweep();
        status
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.stopped {
            self.stop();
        }
    }
}

/// Kills and reaps children until there is none: no other is wanted, and what a killed one leaves behind becomes our child in turn.
fn sweep() {
    let until = Instant::now() + SWEEP;
    loop {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some(_)) => continue,
            Err(_) => return,
            Ok(None) if Instant::now() >= until => return,
            Ok(None) => {}
        }
        for child in children() {
            // Ours, and not reaped: the number is no other's.
            let _ = rustix::process::kill_process(child, Signal::KILL);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The direct children of all threads.
fn children() -> Vec<Pid> {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().filter_map(Result::ok);
    let listed = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let pids = listed.flat_map(|list| list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<i32>>());
    pids.filter_map(Pid::from_raw).collect()
}

/// The beginning and the end of an output.
#[derive(Debug, Default)]
struct Kept {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    dropped: u64,
}

impl Kept {
    fn add(&mut self, bytes: &[u8]) {
        let (head, tail) = bytes.split_at(bytes.len().min(KEPT.0 - self.head.len()));
        self.head.extend_from_slice(head);
        self.tail.extend(tail);
        let over = self.tail.len().saturating_sub(KEPT.1);
        self.tail.drain(..over);
        self.dropped += over as u64;
    }

    fn text(mut self) -> String {
        let tail = self.tail.make_contiguous();
        if self.dropped > 0 {
            let (head, tail) = (String::from_utf8_lossy(&self.head), String::from_utf8_lossy(tail));
            return format!("{head}\n[… {} bytes were left out here …]\n{tail}", self.dropped);
        }
        self.head.extend_from_slice(tail);
        String::from_utf8_lossy(&self.head).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_output_the_beginning_and_the_end_are_kept() {
        let mut kept = Kept::default();
        for number in 0..100_000 {
            kept.add(format!("{number}\n").as_bytes());
        }

        let text = kept.text();

        assert!(text.starts_with("0\n1\n2\n") && text.ends_with("\n99999\n"), "{}", &text[..20]);
        assert!(text.contains("[… 558890 bytes were left out here …]"), "{}", &text[9_980..10_060]);
        assert!(text.len() < KEPT.0 + KEPT.1 + 100);
    }

    #[test]
    fn a_short_output_is_kept_as_it_is_wherever_it_was_parted() {
        let mut kept = Kept::default();
        let text = "ä".repeat(KEPT.0);
        text.as_bytes().chunks(7).for_each(|piece| kept.add(piece));

        assert_eq!(kept.text(), text);
    }
}
