//! The attendant of one attempt: starts its agent, keeps its time, bounds its output, ends its whole tree, and leaves one record.
//!
//! It is a fork of the nursery: one thread, std and libc alone. It outlives the orchestrator that asked for it.

use std::{
    ffi::CStr,
    fs::{self, OpenOptions},
    io::{self, ErrorKind},
    os::{
        fd::{AsFd, OwnedFd},
        unix::fs::OpenOptionsExt,
    },
    path::Path,
    time::{Duration, Instant, SystemTime},
};

use chrono::{DateTime, Utc};
use orchestrator_core::{
    domain::id::AttemptId,
    ports::agent_runner::{Cause, Exit, ExitRecord, LaunchSpec},
};

use super::{
    checking,
    control::{Control, Mark},
    gate::Gate,
    kernel::{self, Reaped},
    measure::Measure,
    output::Output,
    request::{self, Answer, Request, Said},
    spawn::{self, Agent},
    stop::{self, SWEEP_BOUND},
    walled,
};

/// What an attendant is called among processes.
pub(super) const NAME: &CStr = c"orch-attendant";

/// Stop now, without grace; sent by the emergency sweep. SIGTERM is a stop with the agent's own grace.
pub(super) const STOP_NOW: i32 = libc::SIGQUIT;

/// How long an answer waits for room in the socket of an orchestrator that reads slowly. It finds the lock instead.
const ANSWER_PATIENCE: Duration = Duration::from_millis(200);

/// Chunks read from a pipe before signals and time are looked at again.
const CHUNKS_PER_TURN: usize = 64;

/// What has become of an attendant, as its exit code tells the nursery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    Nothing,
    /// Children that could not be ended in time.
    Something,
}

/// Attends one attempt from the request to the record. Returns when all is over.
pub(super) fn attend(request: &Request, socket: OwnedFd) -> Left {
    kernel::call_this_process(NAME);
    let Some(attempt) = request::attempt_of(&request.folder) else { return Left::Nothing };
    let begun = hold(request).and_then(|(control, spec)| begin(control, spec));
    match begun {
        Ok((control, spec, run)) => {
            answer(&socket, attempt, Said::Started);
            drop(socket);
            let before = run.before;
            let (mut record, signals) = run.agent.until_over();
            for path in &spec.durable {
                bring_to_disk(path);
            }
            if let Some((checking, before)) =
                spec.checking.as_ref().zip(before).filter(|(checking, _)| checking::is_worth_it(checking, &record))
            {
                // Should this process be killed from here on, how the agent itself has ended is known.
                drop(control.append_durably(&Mark::Checking { record: Box::new(record.clone()) }));
                checking::check(&control, &spec, (checking, &before), signals, &mut record);
            }
            let left = if record.unkillable == 0 { Left::Nothing } else { Left::Something };
            // Should the disk refuse, the attempt counts as lost: there is nobody left to tell.
            drop(control.append_durably(&Mark::Ended { record: Box::new(record) }));
            left
        }
        Err(said) => {
            answer(&socket, attempt, said);
            Left::Nothing
        }
    }
}

/// Takes the attempt: the lock first, then a look at what has been decided meanwhile.
fn hold(request: &Request) -> Result<(Control, LaunchSpec), Said> {
    let machine = |error: io::Error| Said::Machine(format!("the attempt's control file: {error}"));
    let control = Control::open(&request.folder).map_err(machine)?.ok_or(Said::Refused)?;
    if !control.hold().map_err(machine)? {
        return Err(Said::Held);
    }
    let story = control.story().map_err(machine)?;
    if !story.is_open() || control.is_removed().map_err(machine)? {
        return Err(Said::Refused);
    }
    match story.asked {
        Some(spec) if spec.fence == request.fence => Ok((control, *spec)),
        Some(_) => Err(Said::Refused),
        None => Err(Said::Machine("the attempt's control file does not say what to run".to_owned())),
    }
}

/// An agent that runs, and what there was before it did, where its work is to be checked.
struct Begun {
    agent: Run,
    before: Option<checking::Before>,
}

/// Starts the agent.
fn begin(control: Control, spec: LaunchSpec) -> Result<(Control, LaunchSpec, Begun), Said> {
    let machine = |error: io::Error| Said::Machine(error.to_string());
    kernel::adopt_orphans().map_err(machine)?;
    let signals = kernel::signals_as_descriptor(&[libc::SIGCHLD, libc::SIGTERM, libc::SIGINT, libc::SIGHUP, STOP_NOW]).map_err(machine)?;
    let started_at = wall_time();
    control.append(&Mark::Starting { at: started_at }).map_err(machine)?;
    if spec.walls.keep_it_from_others() {
        // Before there is an agent: who asks whether it has walls must never be told that it has none.
        kernel::call_this_process(walled::ATTENDANT);
    }
    let before = spec.checking.as_ref().map(|checking| checking::Before::look(&spec, checking));
    match spawn::start(&spec) {
        Ok(agent) => {
            let agent = Run::new(&spec, agent, signals, started_at);
            Ok((control, spec, Begun { agent, before }))
        }
        Err(said) => {
            control.append(&Mark::Failed).map_err(machine)?;
            Err(said)
        }
    }
}

fn answer(socket: &OwnedFd, attempt: AttemptId, said: Said) {
    let Ok(mut bytes) = serde_json::to_vec(&Answer { attempt, said }) else { return };
    bytes.truncate(request::MAX_BYTES);
    let until = Instant::now() + ANSWER_PATIENCE;
    // An orchestrator that is gone, or does not read, is no failure: whoever comes next finds the lock.
    while matches!(kernel::send(socket.as_fd(), &bytes), Err(error) if error.kind() == ErrorKind::WouldBlock) && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// What the leader's end is brought about by, step by step.
#[derive(Clone, Copy, Debug)]
enum Phase {
    Running,
    /// Asked to end; killed at this time.
    Soft {
        kill_at: Instant,
    },
    /// Killed; given up at this time.
    Killed {
        give_up_at: Instant,
    },
}

/// A run in progress: of an agent, or of a check after it.
pub(super) struct Run {
    leader: i32,
    /// The wait status of the leader, when it is gone.
    gone: Option<i32>,
    phase: Phase,
    cause: Cause,
    started_at: DateTime<Utc>,
    /// None: too far off to be counted.
    limit_at: Option<Instant>,
    /// The longest silence; none: any.
    stall_limit: Option<Duration>,
    soft_signal: i32,
    grace: Duration,
    /// What its tree may take; none: whatever there is, or it does not matter any more.
    measure: Option<Measure>,
    signals: OwnedFd,
    gate: Option<Gate>,
    output: Output,
}

impl Run {
    pub(super) fn new(spec: &LaunchSpec, agent: Agent, signals: OwnedFd, started_at: DateTime<Utc>) -> Self {
        Self {
            leader: agent.leader,
            gone: None,
            phase: Phase::Running,
            cause: Cause::Itself,
            started_at,
            limit_at: Instant::now().checked_add(spec.time_limit),
            stall_limit: spec.stall_limit,
            soft_signal: spec.soft_signal,
            grace: spec.grace,
            measure: Measure::of(&spec.walls),
            signals,
            gate: agent.gate,
            output: Output::of(spec, agent.out, agent.err),
        }
    }

    /// Keeps it to its end and until nothing of its tree is left; gives back what signals are read from.
    pub(super) fn until_over(mut self) -> (ExitRecord, OwnedFd) {
        while self.gone.is_none() {
            if let Phase::Killed { give_up_at } = self.phase
                && Instant::now() >= give_up_at
            {
                break;
            }
            let [out, err] = self.output.pipes();
            let readable = kernel::ready([Some(self.signals.as_fd()), out, err], self.next_deadline());
            let [signalled, out, err] = readable.unwrap_or([true; 3]);
            if signalled {
                self.heed_signals();
            }
            self.output.read(out, err, CHUNKS_PER_TURN);
            self.keep_time();
            self.keep_measure();
        }
        // The end is the leader's end: a daemon may hold the pipes open for ever. What it has written by now is read, no more.
        let ended_at = wall_time();
        self.output.read(true, true, CHUNKS_PER_TURN);
        let refused_hosts = self.gate.take().map(Gate::close).unwrap_or_default();
        let swept = stop::sweep(self.signals.as_fd());
        self.output.read(true, true, CHUNKS_PER_TURN);
        let (cpu, peak_rss_kib) = kernel::usage_of_reaped();
        let record = ExitRecord {
            exit: exit_of(self.gone),
            cause: self.cause,
            started_at: self.started_at,
            ended_at,
            swept: swept.killed,
            unkillable: swept.unkillable,
            output_left_out: self.output.finish(),
            cpu_ms: u64::try_from(cpu.as_millis()).unwrap_or(u64::MAX),
            peak_rss_kib,
            refused_hosts,
            checked: None,
        };
        (record, self.signals)
    }

    fn next_deadline(&self) -> Option<Duration> {
        let at = match self.phase {
            Phase::Running => [self.limit_at(), self.stalls_at()].into_iter().flatten().min(),
            Phase::Soft { kill_at } => Some(kill_at),
            Phase::Killed { give_up_at } => Some(give_up_at),
        };
        at.into_iter().chain(self.measure.as_ref().and_then(Measure::look_at)).min().map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// When its time is over: later by as long as people were waited for.
    fn limit_at(&self) -> Option<Instant> {
        self.output.put_off(self.limit_at?)
    }

    /// When its silence will have been too long, if it goes on.
    fn stalls_at(&self) -> Option<Instant> {
        self.output.heard_at().checked_add(self.stall_limit?)
    }

    fn heed_signals(&mut self) {
        let (mut stop, mut now) = (false, false);
        while let Some(signal) = kernel::next_signal(self.signals.as_fd()) {
            stop |= signal != libc::SIGCHLD;
            now |= signal == STOP_NOW;
        }
        // Reaped before the stop is heeded: a leader that has ended by itself was not stopped.
        while let Reaped::Ended { pid, status } = kernel::reap_one() {
            if pid == self.leader {
                self.gone = Some(status);
            }
        }
        if stop {
            self.stop_because(Cause::Stopped);
        }
        if now {
            self.kill();
        }
    }

    fn keep_time(&mut self) {
        let now = Instant::now();
        match self.phase {
            Phase::Running if self.limit_at().is_some_and(|at| now >= at) => self.stop_because(Cause::TimeLimit),
            Phase::Running if self.stalls_at().is_some_and(|at| now >= at) => {
                let quiet_ms = self.stall_limit.map_or(0, |limit| u64::try_from(limit.as_millis()).unwrap_or(u64::MAX));
                self.stop_because(Cause::Stalled { quiet_ms });
            }
            Phase::Soft { kill_at } if now >= kill_at => self.kill(),
            Phase::Running | Phase::Soft { .. } | Phase::Killed { .. } => {}
        }
    }

    /// Ends a tree that has taken more than it may, at once: by the end of a grace it might have taken all that the machine has.
    fn keep_measure(&mut self) {
        let Some(measure) = self.measure.as_mut().filter(|_| self.gone.is_none()) else { return };
        if let Some(cause) = measure.exceeded(self.gate.as_ref().map(Gate::pid)) {
            if matches!(self.phase, Phase::Running) {
                self.cause = cause;
            }
            self.kill();
        }
    }

    /// Asks the leader to end. The first cause counts; a second request does not shorten the grace.
    fn stop_because(&mut self, cause: Cause) {
        if matches!(self.phase, Phase::Running) && self.gone.is_none() {
            self.cause = cause;
            kernel::signal_child(self.leader, self.soft_signal);
            let now = Instant::now();
            self.phase = Phase::Soft { kill_at: now.checked_add(self.grace).unwrap_or(now) };
        }
    }

    fn kill(&mut self) {
        if !matches!(self.phase, Phase::Killed { .. }) && self.gone.is_none() {
            kernel::signal_child(self.leader, libc::SIGKILL);
            self.phase = Phase::Killed { give_up_at: Instant::now() + SWEEP_BOUND };
            self.measure = None;
        }
    }
}

/// A leader that could not even be killed counts as killed: `unkillable` tells the rest.
fn exit_of(status: Option<i32>) -> Exit {
    match status {
        Some(status) if libc::WIFEXITED(status) => Exit::Code(libc::WEXITSTATUS(status)),
        Some(status) => Exit::Signal(libc::WTERMSIG(status)),
        None => Exit::Signal(libc::SIGKILL),
    }
}

/// Brings a plain file and its folder's entry to the disk. One that is missing, or is something else, is passed over.
fn bring_to_disk(path: &Path) {
    let opened = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path);
    let Ok(file) = opened else { return };
    if file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        drop(file.sync_all());
        if let Some(folder) = path.parent().and_then(|folder| fs::File::open(folder).ok()) {
            drop(folder.sync_all());
        }
    }
}

pub(super) fn wall_time() -> DateTime<Utc> {
    file_time().into()
}

/// The time that a file is given which something was heard for.
#[expect(clippy::disallowed_methods, reason = "an attendant outlives the orchestrator and its Clock; its deadlines do not use this")]
pub(super) fn file_time() -> SystemTime {
    SystemTime::now()
}
