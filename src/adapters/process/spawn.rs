//! Starts the agent itself: the attendant forks, its child becomes the program.

#![expect(unsafe_code, reason = "fork and exec, with what has to happen between them")]

use std::{
    ffi::{CString, OsStr},
    fs::{File, OpenOptions},
    io,
    os::{
        fd::{AsFd, AsRawFd, OwnedFd, RawFd},
        unix::{ffi::OsStrExt, fs::OpenOptionsExt},
    },
    path::Path,
    process, ptr,
    time::Duration,
};

use libc::{c_char, c_int};
use orchestrator_core::ports::agent_runner::LaunchSpec;

use super::{kernel, marker, request::Said};

/// How long the program's file may take to be loaded; longer means a file system that hangs.
const EXEC_PATIENCE: Duration = Duration::from_secs(10);

/// Source: signal(7), "Real-time signals".
const LAST_SIGNAL: c_int = 64;

/// The agent's leader, running, and what it writes.
#[derive(Debug)]
pub(super) struct Agent {
    pub(super) leader: i32,
    /// Standard output; standard error too, if that has no pipe of its own.
    pub(super) out: OwnedFd,
    pub(super) err: Option<OwnedFd>,
}

/// What could not be done between fork and exec. The number goes through the pipe.
#[derive(Clone, Copy)]
enum Stage {
    Ready = 1,
    Folder = 2,
    Program = 3,
}

/// Everything that the child needs, made before the fork.
struct Prepared {
    program: CString,
    args: Vec<CString>,
    env: Vec<CString>,
    cwd: CString,
    stdin: File,
    stdout: RawFd,
    stderr: RawFd,
    failed: RawFd,
    file_size_limit: Option<u64>,
    attendant: u32,
}

/// Starts the agent and returns when its program has been loaded.
///
/// # Errors
///
/// What to answer instead: nothing of the agent is left then.
pub(super) fn start(spec: &LaunchSpec) -> Result<Agent, Said> {
    let machine = |error: io::Error| Said::Machine(error.to_string());
    let (out, out_write) = kernel::pipe().map_err(machine)?;
    // Without a file of its own, standard output shares one pipe with standard error, so that their order is kept.
    let (err, err_write) =
        if spec.stdout.is_some() { kernel::pipe().map(|(r, w)| (Some(r), Some(w))).map_err(machine)? } else { (None, None) };
    let (told, tell) = kernel::pipe().map_err(machine)?;
    let prepared = Prepared {
        program: text(spec.program.as_os_str())?,
        args: argv(spec)?,
        env: environment(spec)?,
        cwd: text(spec.cwd.as_os_str())?,
        stdin: standard_input(spec.stdin.as_deref())?,
        stdout: out_write.as_raw_fd(),
        stderr: err_write.as_ref().unwrap_or(&out_write).as_raw_fd(),
        failed: tell.as_raw_fd(),
        file_size_limit: spec.file_size_limit,
        attendant: process::id(),
    };
    // SAFETY: this process has one thread, so the child may do anything.
    let leader = match unsafe { libc::fork() } {
        -1 => return Err(machine(io::Error::last_os_error())),
        0 => prepared.become_agent(),
        pid => pid,
    };
    drop((out_write, err_write, tell));
    match outcome(&told, spec) {
        Ok(()) => Ok(Agent { leader, out, err }),
        Err(said) => {
            kernel::signal_child(leader, libc::SIGKILL);
            kernel::reap(leader);
            Err(said)
        }
    }
}

/// Waits until the program has been loaded, which shuts the pipe, or the child tells what failed.
fn outcome(told: &OwnedFd, spec: &LaunchSpec) -> Result<(), Said> {
    let mut report = [0; 5];
    match kernel::ready([Some(told.as_fd())], Some(EXEC_PATIENCE)) {
        Ok([true]) => {}
        Ok([false]) => return Err(Said::Machine(format!("the program was not loaded within {} s", EXEC_PATIENCE.as_secs()))),
        Err(error) => return Err(Said::Machine(error.to_string())),
    }
    // SAFETY: the buffer is valid for its length.
    match unsafe { libc::read(told.as_raw_fd(), report.as_mut_ptr().cast(), report.len()) } {
        0 => Ok(()),
        5 => {
            let error = io::Error::from_raw_os_error(c_int::from_ne_bytes([report[1], report[2], report[3], report[4]]));
            let stage = report[0];
            Err(if may_pass(&error) {
                Said::Machine(error.to_string())
            } else if stage == Stage::Program as u8 {
                Said::Program(error.to_string())
            } else if stage == Stage::Folder as u8 {
                Said::Program(format!("its working folder `{}` can't be entered: {error}", spec.cwd.display()))
            } else {
                Said::Machine(format!("its process could not be set up: {error}"))
            })
        }
        _ => Err(Said::Machine("its process was ended before the program was loaded".to_owned())),
    }
}

/// Whether the machine may have more of what is missing later.
fn may_pass(error: &io::Error) -> bool {
    let passing = [libc::EAGAIN, libc::ENOMEM, libc::EMFILE, libc::ENFILE, libc::ETXTBSY, libc::EIO, libc::EINTR, libc::ENOSPC];
    error.raw_os_error().is_some_and(|code| passing.contains(&code))
}

fn text(given: &OsStr) -> Result<CString, Said> {
    CString::new(given.as_bytes()).map_err(|_| Said::Program("its path, arguments or environment hold a zero byte".to_owned()))
}

fn argv(spec: &LaunchSpec) -> Result<Vec<CString>, Said> {
    let own_name = spec.program.as_os_str();
    std::iter::once(own_name).chain(spec.args.iter().map(OsStr::new)).map(text).collect()
}

fn environment(spec: &LaunchSpec) -> Result<Vec<CString>, Said> {
    let given = spec.env.iter().filter(|(name, _)| name != marker::VARIABLE).map(|(name, value)| format!("{name}={value}"));
    given.chain([marker::entry(spec.attempt)]).map(|entry| text(OsStr::new(&entry))).collect()
}

fn standard_input(path: Option<&Path>) -> Result<File, Said> {
    let Some(path) = path else { return File::open("/dev/null").map_err(|error| Said::Machine(error.to_string())) };
    let refused = |why: &dyn std::fmt::Display| Said::Program(format!("its standard input `{}` can't be read: {why}", path.display()));
    // Without O_NONBLOCK a named pipe would hold us up here.
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)
        .map_err(|error| if may_pass(&error) { Said::Machine(error.to_string()) } else { refused(&error) })?;
    match file.metadata() {
        Ok(metadata) if metadata.is_file() => Ok(file),
        Ok(_) => Err(refused(&"it is no plain file")),
        Err(error) => Err(refused(&error)),
    }
}

impl Prepared {
    /// In the child: sets itself up and becomes the program.
    fn become_agent(&self) -> ! {
        let (stage, error) = match self.set_up() {
            Ok(()) => self.enter_and_run(),
            Err(error) => (Stage::Ready, error),
        };
        let mut report = [0; 5];
        report[0] = stage as u8;
        report[1..].copy_from_slice(&error.raw_os_error().unwrap_or(0).to_ne_bytes());
        // SAFETY: the buffer is valid for its length; `_exit` runs nothing of the attendant whose copy this process is.
        unsafe {
            libc::write(self.failed, report.as_ptr().cast(), report.len());
            libc::_exit(127)
        }
    }

    fn set_up(&self) -> io::Result<()> {
        // SAFETY: plain system calls on numbers and on sets that are initialised first.
        unsafe {
            check(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0))?;
            // The attendant may have died before that was set. After that nobody reads a report.
            if libc::getppid().cast_unsigned() != self.attendant {
                libc::_exit(127);
            }
            check(libc::setsid())?;
            for signal in 1..=LAST_SIGNAL {
                // Refused for KILL and STOP, which can't be ignored anyway.
                libc::signal(signal, libc::SIG_DFL);
            }
            let mut none = std::mem::zeroed::<libc::sigset_t>();
            check(libc::sigemptyset(&raw mut none))?;
            check(libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut()))?;
            check(limit(libc::RLIMIT_CORE, 0))?;
            if let Some(bytes) = self.file_size_limit {
                check(limit(libc::RLIMIT_FSIZE, bytes))?;
            }
            // Numbers 0 to 2 are taken in an attendant, so none of the sources is among the targets; the copies stay open across exec.
            check(libc::dup2(self.stdin.as_raw_fd(), 0))?;
            check(libc::dup2(self.stdout, 1))?;
            check(libc::dup2(self.stderr, 2))
        }
    }

    /// Returns only if that failed, and where.
    fn enter_and_run(&self) -> (Stage, io::Error) {
        let (args, env) = (pointers(&self.args), pointers(&self.env));
        // SAFETY: every string ends with a zero byte, both lists with a null pointer, and all of them live until the process is replaced.
        unsafe {
            if libc::chdir(self.cwd.as_ptr()) == -1 {
                return (Stage::Folder, io::Error::last_os_error());
            }
            libc::execve(self.program.as_ptr(), args.as_ptr(), env.as_ptr());
        }
        (Stage::Program, io::Error::last_os_error())
    }
}

fn check(returned: c_int) -> io::Result<()> {
    if returned == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Sets a limit that can't be raised again. A lower one that stands already stays as it is: raising it would need rights.
fn limit(what: libc::__rlimit_resource_t, most: u64) -> c_int {
    let mut limits = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limits` is valid for both calls.
    unsafe {
        libc::getrlimit(what, &raw mut limits);
        let most = most.min(limits.rlim_max);
        limits = libc::rlimit { rlim_cur: most, rlim_max: most };
        libc::setrlimit(what, &raw const limits)
    }
}

fn pointers(texts: &[CString]) -> Vec<*const c_char> {
    texts.iter().map(|text| text.as_ptr()).chain([ptr::null()]).collect()
}
