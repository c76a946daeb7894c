//! The nursery: forks one attendant per request, and ends what a killed attendant leaves behind.
//!
//! A hidden verb of the program, dispatched before any runtime: one thread, std and libc alone, no state but the numbers of its attendants.
//! It is worth having because forking this small process costs a third of starting the program anew. If it is killed, attendants go on.

#![expect(unsafe_code, reason = "forks the attendants")]

use std::{
    collections::HashSet,
    env,
    fs::OpenOptions,
    io::{self, ErrorKind},
    os::fd::{AsFd, OwnedFd},
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
    time::Duration,
};

use super::{
    attendant::{self, Left},
    kernel::{self, Reaped},
    request::{self, Answer, Request, Said},
    stop,
};

/// Requests that are taken in one turn, between looks at the children.
const REQUESTS_PER_TURN: usize = 32;

/// How soon the killed orphans are looked after again; twice as long each time while nothing dies.
const FIRST_ORPHAN_PAUSE: Duration = Duration::from_millis(5);
const LAST_ORPHAN_PAUSE: Duration = Duration::from_secs(1);

/// Runs the nursery until its orchestrator is gone and its last child too; where it is `tied`, all agents are asked to stop when the orchestrator is
/// gone.
pub(super) fn run(tied: bool) -> ExitCode {
    match Nursery::set_up(tied) {
        Ok(nursery) => {
            nursery.serve();
            ExitCode::SUCCESS
        }
        Err(_) => ExitCode::FAILURE,
    }
}

struct Nursery {
    /// Whether agents end with the orchestrator.
    tied: bool,
    /// None once the orchestrator is gone.
    socket: Option<OwnedFd>,
    signals: OwnedFd,
    attendants: HashSet<i32>,
    /// How long to wait for orphans, while there may be some.
    orphans: Option<Duration>,
}

impl Nursery {
    fn set_up(tied: bool) -> io::Result<Self> {
        kernel::close_what_was_inherited();
        let null = OpenOptions::new().read(true).write(true).open("/dev/null")?;
        let socket = kernel::take_standard_input(&null)?;
        kernel::lead_own_session()?;
        kernel::adopt_orphans()?;
        // Once, for every attendant and agent: dispositions and the renunciation are inherited. A SIGCHLD that was ignored would let children
        // vanish unreaped. Nothing here writes where a SIGPIPE could come from.
        kernel::ignore_no_signal();
        kernel::give_up_new_privileges()?;
        kernel::call_this_process(c"orch-nursery");
        // The folder that the service was started in must not be held for as long as agents live.
        env::set_current_dir("/")?;
        // All but SIGCHLD are blocked for the attendants: one that arrives before an attendant has set itself up must wait, not kill it.
        let signals = [libc::SIGCHLD, libc::SIGTERM, libc::SIGINT, libc::SIGHUP, attendant::STOP_NOW];
        let signals = kernel::signals_as_descriptor(&signals)?;
        Ok(Self { socket: Some(socket), tied, signals, attendants: HashSet::new(), orphans: None })
    }

    fn serve(mut self) {
        loop {
            let socket = self.socket.as_ref().map(AsFd::as_fd);
            let [_, asked] = kernel::ready([Some(self.signals.as_fd()), socket], self.orphans).unwrap_or([true; 2]);
            while kernel::next_signal(self.signals.as_fd()).is_some() {}
            if asked {
                self.take_requests();
                if self.tied && self.socket.is_none() {
                    self.attendants.iter().for_each(|attendant| kernel::signal_child(*attendant, libc::SIGTERM));
                }
            }
            if self.look_after_children() && self.socket.is_none() {
                return;
            }
        }
    }

    fn take_requests(&mut self) {
        let mut buffer = [0; request::MAX_BYTES];
        for _ in 0..REQUESTS_PER_TURN {
            let Some(socket) = &self.socket else { return };
            match kernel::receive(socket.as_fd(), &mut buffer) {
                Ok([]) => self.socket = None,
                Ok(datagram) => {
                    if let Some(request) = Request::from_bytes(datagram) {
                        self.fork_attendant(&request);
                    }
                }
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return,
                Err(_) => self.socket = None,
            }
        }
    }

    fn fork_attendant(&mut self, request: &Request) {
        let Some(socket) = self.socket.take() else { return };
        // SAFETY: this process has one thread, so the child may do anything.
        match unsafe { libc::fork() } {
            -1 => {
                let said = Said::Machine(io::Error::last_os_error().to_string());
                let answer = request::attempt_of(&request.folder).map(|attempt| Answer { attempt, said });
                if let Some(bytes) = answer.and_then(|answer| serde_json::to_vec(&answer).ok()) {
                    drop(kernel::send(socket.as_fd(), &bytes));
                }
                self.socket = Some(socket);
            }
            0 => {
                // A panic must not unwind into a second nursery.
                let attended = panic::catch_unwind(AssertUnwindSafe(|| attendant::attend(request, socket)));
                let left_nothing = matches!(attended, Ok(Left::Nothing));
                // SAFETY: ends the process without running what belongs to the nursery whose copy it is.
                unsafe { libc::_exit(i32::from(!left_nothing)) }
            }
            pid => {
                self.attendants.insert(pid);
                self.socket = Some(socket);
            }
        }
    }

    /// Reaps; kills what is no attendant: the orphans of one that was killed. True if no child is left.
    fn look_after_children(&mut self) -> bool {
        let mut progress = false;
        loop {
            match kernel::reap_one() {
                Reaped::NoChildren => {
                    self.orphans = None;
                    return true;
                }
                Reaped::AllAlive => break,
                Reaped::Ended { pid, status } => {
                    // An attendant that ended well has proved that it left nothing; all else may have left orphans.
                    let may_leave_orphans = !self.attendants.remove(&pid) || status != 0;
                    progress |= may_leave_orphans;
                }
            }
        }
        if progress || self.orphans.is_some() {
            let left = stop::kill_children_except(&self.attendants);
            self.orphans = match self.orphans {
                _ if left == 0 => None,
                Some(pause) if !progress => Some((pause * 2).min(LAST_ORPHAN_PAUSE)),
                _ => Some(FIRST_ORPHAN_PAUSE),
            };
        }
        false
    }
}
