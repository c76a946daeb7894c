//! The harness: a runtime folder, a runner, scripts as agents, and an end that fails on any process left over.

#![expect(unsafe_code, reason = "kills processes and makes the nursery's socket by hand")]

use std::{
    cell::RefCell,
    ffi::CString,
    fs::{self, File},
    io::{Read, Write},
    os::fd::{FromRawFd, OwnedFd},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use discord_orchestrator::adapters::process::ProcessRunner;
use orchestrator_core::{
    domain::id::AttemptId,
    ports::agent_runner::{AgentRunner, Ending, ExitRecord, LaunchSpec, Walls},
};

/// How long anything that must happen may take: generous, because nothing waits for it to pass.
const DEADLINE: Duration = Duration::from_secs(40);

pub(super) const PROGRAM: &str = env!("CARGO_BIN_EXE_orchestrator");

pub(super) struct House {
    pub(super) dir: tempfile::TempDir,
    pub(super) runner: ProcessRunner,
    attempts: RefCell<Vec<AttemptId>>,
}

impl House {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let runner = runner_in(dir.path());
        Self { dir, runner, attempts: RefCell::default() }
    }

    /// What a restarted orchestrator has: the same folder, and nothing in memory.
    pub(super) fn restart(&mut self) {
        self.runner = runner_in(self.dir.path());
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(super) fn read(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.path(name)).unwrap_or_default()).into_owned()
    }

    pub(super) fn attempt_folder(&self, attempt: AttemptId) -> PathBuf {
        self.dir.path().join("attempts").join(attempt.to_string())
    }

    /// An agent that is a shell script, run in the house's folder.
    pub(super) fn agent(&self, script: &str) -> LaunchSpec {
        let spec = agent_in(self.dir.path(), script);
        self.attempts.borrow_mut().push(spec.attempt);
        spec
    }

    /// The same with perl, for what a shell can't do.
    pub(super) fn perl_agent(&self, script: &str) -> LaunchSpec {
        let mut spec = self.agent(script);
        spec.program = PathBuf::from("/usr/bin/perl");
        spec.args = vec!["-e".to_owned(), script.to_owned()];
        spec
    }

    pub(super) async fn launch(&self, spec: &LaunchSpec) {
        self.runner.launch(spec).await.expect("the agent starts");
    }

    pub(super) async fn run(&self, spec: &LaunchSpec) -> ExitRecord {
        self.launch(spec).await;
        self.recorded(spec.attempt).await
    }

    pub(super) async fn recorded(&self, attempt: AttemptId) -> ExitRecord {
        match self.ending(attempt).await {
            Ending::Recorded(record) => record,
            other => panic!("{attempt} has no record but {other:?}"),
        }
    }

    pub(super) async fn ending(&self, attempt: AttemptId) -> Ending {
        tokio::time::timeout(DEADLINE, self.runner.wait(attempt)).await.expect("the attempt ends in time")
    }

    /// Waits for a file that an agent writes, and reads it.
    pub(super) async fn said(&self, name: &str) -> String {
        until(name, || self.read(name).ends_with('\n')).await;
        self.read(name).trim().to_owned()
    }

    /// Waits for a file that holds a process's number.
    pub(super) async fn pid(&self, name: &str) -> i32 {
        self.said(name).await.parse().expect("a process's number")
    }

    /// A pipe that an agent waits at until the test lets it go by writing to it.
    pub(super) fn make_fifo(&self, name: &str) {
        let path = CString::new(self.path(name).to_str().expect("a plain path")).expect("a plain path");
        // SAFETY: the path ends with a zero byte.
        assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0);
    }

    /// Waits until nothing lives that carries the marker of an attempt of this house.
    pub(super) async fn is_empty(&self) {
        let attempts = self.attempts.borrow().clone();
        until("no process is left", || attempts.iter().all(|attempt| marked(*attempt).is_empty())).await;
    }

    /// The end of every test: at this very moment no process of any attempt is left.
    pub(super) fn finish(self) {
        for attempt in self.attempts.borrow().iter() {
            let left = marked(*attempt);
            for pid in &left {
                kill(*pid, libc::SIGKILL);
            }
            assert!(left.is_empty(), "{attempt} has left processes: {left:?}");
        }
    }
}

/// A panic in a test must not leave its agents alive either.
impl Drop for House {
    fn drop(&mut self) {
        for attempt in self.attempts.borrow().iter() {
            for pid in marked(*attempt) {
                kill(pid, libc::SIGKILL);
            }
        }
    }
}

pub(super) fn runner_in(runtime: &Path) -> ProcessRunner {
    ProcessRunner::new(runtime).expect("a runner").with_nursery_program(PathBuf::from(PROGRAM))
}

pub(super) fn fresh_attempt() -> AttemptId {
    let mut random = [0; 10];
    File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut random)).expect("chance");
    AttemptId::from_parts(1_763_700_000_000, random)
}

pub(super) fn agent_in(folder: &Path, script: &str) -> LaunchSpec {
    LaunchSpec {
        attempt: fresh_attempt(),
        task: "1443021398234771496".parse().expect("a task id"),
        fence: 1,
        program: PathBuf::from("/bin/sh"),
        args: vec!["-c".to_owned(), script.to_owned()],
        env: vec![("PATH".to_owned(), "/usr/bin:/bin".to_owned())],
        cwd: folder.to_owned(),
        stdin: None,
        log: folder.join("agent.log"),
        log_limit: 1_000_000,
        stdout: None,
        stdout_limit: 0,
        stdout_first: Vec::new(),
        time_limit: Duration::from_secs(60),
        asks_people: false,
        stall_limit: None,
        soft_signal: libc::SIGTERM,
        grace: Duration::from_secs(20),
        durable: Vec::new(),
        file_size_limit: None,
        walls: Walls::default(),
        checking: None,
    }
}

/// Waits for a state of the world, and fails when it does not come.
pub(super) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let asked_at = Instant::now();
    while !is_so() {
        assert!(asked_at.elapsed() < DEADLINE, "not within {} s: {what}", DEADLINE.as_secs());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The processes that carry an attempt's marker.
pub(super) fn marked(attempt: AttemptId) -> Vec<i32> {
    let entry = format!("ORCH_ATTEMPT={attempt}");
    let pids = fs::read_dir("/proc").expect("/proc").filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|found| found == entry.as_bytes())
    })
    .collect()
}

pub(super) fn parent_of(pid: i32) -> i32 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process lives");
    let (_, rest) = stat.rsplit_once(')').expect("a name in brackets");
    rest.split_ascii_whitespace().nth(1).expect("a parent").parse().expect("a number")
}

/// The nursery that an agent hangs below, by its attendant.
pub(super) fn nursery_of(agent: i32) -> i32 {
    parent_of(parent_of(agent))
}

pub(super) fn is_alive(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.starts_with(" Z") && !rest.starts_with(" X"))
}

/// A line of `/proc/<pid>/status`.
pub(super) fn status_of(pid: i32, key: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
    status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')).expect("the line").trim().to_owned()
}

pub(super) fn kill(pid: i32, signal: i32) {
    assert!(pid > 1);
    // SAFETY: no memory is passed.
    unsafe { libc::kill(pid, signal) };
}

/// A nursery that is spoken to by hand, to be late, early, or wrong.
pub(super) struct RawNursery {
    socket: OwnedFd,
    _child: Child,
}

impl RawNursery {
    #[expect(clippy::disallowed_methods, reason = "stands in for adapters/process")]
    pub(super) fn start() -> Self {
        let mut ends = [-1; 2];
        // SAFETY: there is room for two descriptors, and both are ours alone.
        let (socket, theirs) = unsafe {
            assert_eq!(libc::socketpair(libc::AF_UNIX, libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC, 0, ends.as_mut_ptr()), 0);
            (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1]))
        };
        let child = Command::new(PROGRAM).arg("__nursery").stdin(Stdio::from(theirs)).spawn().expect("a nursery");
        Self { socket, _child: child }
    }

    /// Asks for an attendant on the folder.
    pub(super) fn ask(&self, folder: &Path, fence: u64) {
        let mut request = fence.to_le_bytes().to_vec();
        request.extend_from_slice(folder.to_str().expect("a plain path").as_bytes());
        // A pair of SEQPACKET sockets takes one write as one datagram.
        File::from(self.socket.try_clone().expect("a copy")).write_all(&request).expect("asks");
    }

    /// Waits for the next answer.
    pub(super) fn answer(&self) -> String {
        let mut buffer = [0; 4096];
        let read = File::from(self.socket.try_clone().expect("a copy")).read(&mut buffer).expect("an answer");
        let answer: serde_json::Value = serde_json::from_slice(&buffer[..read]).expect("JSON");
        answer["said"].as_str().map_or_else(|| answer["said"].to_string(), str::to_owned)
    }
}
