//! Starts the agent itself: the attendant's child becomes the program.
//!
//! The child borrows the attendant's memory until it has become the program (as `posix_spawn` does it): copying the memory would cost more
//! than everything else that an attendant does. Until then it makes plain system calls only, and the attendant stands still.

#![expect(unsafe_code, reason = "clone and exec, with what has to happen between them")]

use std::{
    cell::Cell,
    ffi::{CString, OsStr},
    fs::{File, OpenOptions},
    io,
    os::{
        fd::{AsRawFd, OwnedFd, RawFd},
        unix::{ffi::OsStrExt, fs::OpenOptionsExt},
    },
    path::Path,
    process, ptr,
};

use libc::{c_char, c_int, c_long, c_void, sock_filter};
use orchestrator_core::ports::agent_runner::LaunchSpec;

use super::{
    filter,
    gate::{self, Gate},
    kernel, landlock, marker,
    namespace::Entry,
    request::Said,
};

/// The stack on which the child makes its few system calls.
const STACK_BYTES: usize = 64 * 1024;

/// The agent's leader, running, and what it writes.
#[derive(Debug)]
pub(super) struct Agent {
    pub(super) leader: i32,
    /// Standard output; standard error too, if that has no pipe of its own.
    pub(super) out: OwnedFd,
    pub(super) err: Option<OwnedFd>,
    /// What it reaches its hosts by, if it reaches some alone.
    pub(super) gate: Option<Gate>,
}

/// What could not be done between clone and exec.
#[derive(Clone, Copy)]
enum Stage {
    Ready,
    Walls,
    Folder,
    Program,
}

/// Everything that the child needs, made before it is: it must not ask for memory.
struct Prepared {
    program: CString,
    args: Texts,
    env: Texts,
    cwd: CString,
    stdin: File,
    stdout: RawFd,
    stderr: RawFd,
    file_size_limit: Option<u64>,
    /// Landlock's rules, and with them the rights that are given up.
    rules: Option<OwnedFd>,
    /// The way into a network of its own.
    entry: Option<Entry>,
    filter: Option<Vec<sock_filter>>,
    attendant: u32,
    /// Where the child tells what failed, and with which error number.
    failed: Cell<Option<(Stage, c_int)>>,
}

/// Texts as `execve` wants them: each ends with a zero byte, the list of them with a null pointer.
struct Texts {
    _texts: Vec<CString>,
    pointers: Vec<*const c_char>,
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
    let gate = spec.walls.hosts.as_ref().map(Gate::start).transpose().map_err(machine)?;
    let prepared = Prepared {
        program: text(spec.program.as_os_str())?,
        args: argv(spec)?,
        env: environment(spec)?,
        cwd: text(spec.cwd.as_os_str())?,
        stdin: standard_input(spec.stdin.as_deref())?,
        stdout: out_write.as_raw_fd(),
        stderr: err_write.as_ref().unwrap_or(&out_write).as_raw_fd(),
        file_size_limit: spec.file_size_limit,
        rules: spec.walls.files.as_ref().map(landlock::rules).transpose().map_err(|error| walls("its files can't be walled", &error))?,
        entry: gate.as_ref().map(Gate::entry),
        filter: filter::of(&spec.walls),
        attendant: process::id(),
        failed: Cell::new(None),
    };
    let leader = prepared.start().map_err(machine)?;
    drop((out_write, err_write));
    match prepared.failed.get() {
        None => Ok(Agent { leader, out, err, gate }),
        Some((stage, code)) => {
            kernel::reap(leader);
            Err(told(stage, code, spec))
        }
    }
}

/// An agent is never started with less than its walls.
fn walls(what: &str, error: &io::Error) -> Said {
    let said = format!("{what}: {error}");
    if may_pass(error) { Said::Machine(said) } else { Said::Program(said) }
}

/// What a failure between clone and exec is called.
fn told(stage: Stage, code: c_int, spec: &LaunchSpec) -> Said {
    let error = io::Error::from_raw_os_error(code);
    match stage {
        _ if may_pass(&error) => Said::Machine(error.to_string()),
        Stage::Program if spec.walls.files.is_some() && code == libc::EACCES => Said::Program(format!(
            "{error}: with `file_system: workspace` it is found only where programs lie (/usr, /opt, folders called `bin`); `read` names more"
        )),
        Stage::Program => Said::Program(error.to_string()),
        Stage::Walls => Said::Program(format!("its walls can't be put up: {error}")),
        Stage::Folder => Said::Program(format!("its working folder `{}` can't be entered: {error}", spec.cwd.display())),
        Stage::Ready => Said::Machine(format!("its process could not be set up: {error}")),
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

fn argv(spec: &LaunchSpec) -> Result<Texts, Said> {
    let own_name = spec.program.as_os_str();
    std::iter::once(own_name).chain(spec.args.iter().map(OsStr::new)).map(text).collect::<Result<_, _>>().map(Texts::new)
}

fn environment(spec: &LaunchSpec) -> Result<Texts, Said> {
    let hosts = spec.walls.hosts.as_ref();
    let ours = |name: &str| name == marker::VARIABLE || hosts.is_some() && gate::sets(name);
    let given = spec.env.iter().filter(|(name, _)| !ours(name)).map(|(name, value)| format!("{name}={value}"));
    let of_gate = hosts.map(gate::environment).into_iter().flatten().map(|(name, value)| format!("{name}={value}"));
    given
        .chain(of_gate)
        .chain([marker::entry(spec.attempt)])
        .map(|entry| text(OsStr::new(&entry)))
        .collect::<Result<_, _>>()
        .map(Texts::new)
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

impl Texts {
    fn new(texts: Vec<CString>) -> Self {
        let pointers = texts.iter().map(|text| text.as_ptr()).chain([ptr::null()]).collect();
        Self { _texts: texts, pointers }
    }
}

impl Prepared {
    /// Makes the child and returns when it has become the program, or has ended and told why not. A program whose file system hangs is waited
    /// for; a kill of this process is not held up by that.
    fn start(&self) -> io::Result<i32> {
        extern "C" fn run(prepared: *mut c_void) -> c_int {
            // SAFETY: it is the `Prepared` that was passed below, whose owner stands still until this process has its own memory or is gone.
            unsafe { &*prepared.cast::<Prepared>() }.become_agent()
        }
        // Sixteen-byte units: the top has to be aligned to one.
        let mut stack = Vec::<u128>::with_capacity(STACK_BYTES / size_of::<u128>());
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
        // SAFETY: the stack is ours and as large as is said; it grows downwards on every machine that we build for. Who borrows our memory only
        // makes system calls, asks for no memory, and runs none of our signal handlers, because there are none.
        let pid = unsafe {
            let top = stack.as_mut_ptr().add(stack.capacity());
            libc::clone(run, top.cast(), flags, ptr::from_ref(self).cast_mut().cast())
        };
        if pid == -1 { Err(io::Error::last_os_error()) } else { Ok(pid) }
    }

    /// In the child: sets itself up and becomes the program.
    fn become_agent(&self) -> ! {
        let (stage, error) = match self.set_up() {
            Ok(()) => self.run(),
            Err(failed) => failed,
        };
        self.failed.set(Some((stage, error.raw_os_error().unwrap_or(0))));
        // SAFETY: runs nothing of the attendant whose memory this is.
        unsafe { libc::_exit(127) }
    }

    fn set_up(&self) -> Result<(), (Stage, io::Error)> {
        self.be_ready().map_err(|error| (Stage::Ready, error))?;
        // SAFETY: plain system calls; the folder's name ends with a zero byte.
        if unsafe { libc::chdir(self.cwd.as_ptr()) } == -1 {
            return Err((Stage::Folder, io::Error::last_os_error()));
        }
        self.wall_in().map_err(|error| (Stage::Walls, error))
    }

    /// Puts up the walls, the last thing before the program: what comes before is ours.
    fn wall_in(&self) -> io::Result<()> {
        if let Some(entry) = &self.entry {
            entry.enter()?;
        }
        if self.entry.is_some() || self.rules.is_some() {
            kernel::keep_rights_over_files_only()?;
        }
        if let Some(rules) = &self.rules {
            check_long(landlock::put_on(rules.as_raw_fd()))?;
        }
        self.filter.as_ref().map_or(Ok(()), |filter| check_long(filter::put_on(filter)))
    }

    fn be_ready(&self) -> io::Result<()> {
        // SAFETY: plain system calls on numbers and on sets that are initialised first.
        unsafe {
            check(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0))?;
            // The attendant may have died before that was set. After that nobody reads a report.
            if libc::getppid().cast_unsigned() != self.attendant {
                libc::_exit(127);
            }
            check(libc::setsid())?;
            // No signal is ignored: the nursery has seen to that.
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

    /// Returns only if that failed.
    fn run(&self) -> (Stage, io::Error) {
        // SAFETY: every string ends with a zero byte, both lists with a null pointer, and all of them live until the process is replaced.
        unsafe {
            libc::execve(self.program.as_ptr(), self.args.pointers.as_ptr(), self.env.pointers.as_ptr());
        }
        (Stage::Program, io::Error::last_os_error())
    }
}

fn check(returned: c_int) -> io::Result<()> {
    if returned == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn check_long(returned: c_long) -> io::Result<()> {
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
