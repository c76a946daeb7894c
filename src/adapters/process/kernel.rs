//! The system calls that std does not offer, each behind a safe function.

#![expect(unsafe_code, reason = "record locks, pidfds, signals as descriptors and waiting for any child have no safe form in std")]

use std::{
    ffi::CStr,
    fs::File,
    io,
    mem::{self, MaybeUninit},
    os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
    ptr,
    time::Duration,
};

use libc::{c_int, c_long, c_short};

/// Who holds a control file's lock, as `F_GETLK` tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    Nobody,
    /// This process holds it: an attendant.
    Process(i32),
    /// A process that has no number in our pid namespace.
    Elsewhere,
    /// Somebody decides about the attempt just now: such a lock belongs to an open file, not to a process.
    Deciding,
}

/// What `waitpid` said about our children.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reaped {
    /// There is no child: the proof that nothing is left.
    NoChildren,
    /// There are children, and all of them live.
    AllAlive,
    /// This one has ended, with this wait status.
    Ended { pid: i32, status: c_int },
}

fn done(returned: c_int) -> io::Result<c_int> {
    if returned == -1 { Err(io::Error::last_os_error()) } else { Ok(returned) }
}

fn done_long(returned: c_long) -> io::Result<c_int> {
    if returned == -1 { Err(io::Error::last_os_error()) } else { c_int::try_from(returned).map_err(io::Error::other) }
}

fn owned(returned: c_int) -> io::Result<OwnedFd> {
    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
    done(returned).map(|fd| unsafe { OwnedFd::from_raw_fd(fd) })
}

#[expect(clippy::cast_possible_truncation, reason = "lock types and SEEK_SET are small constants")]
fn first_byte(kind: c_int) -> libc::flock {
    // SAFETY: all zeroes is a valid flock, and what the kernel asks for the fields that are not named here.
    let mut lock: libc::flock = unsafe { mem::zeroed() };
    lock.l_type = kind as c_short;
    lock.l_whence = libc::SEEK_SET as c_short;
    lock.l_len = 1;
    lock
}

fn set_lock(file: &File, command: c_int, kind: c_int) -> io::Result<bool> {
    let lock = first_byte(kind);
    // SAFETY: `lock` is a valid flock for the length of the call.
    match done(unsafe { libc::fcntl(file.as_raw_fd(), command, &raw const lock) }) {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EACCES)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Takes the record lock for this process: until it ends, or closes *any* descriptor of this file. False: somebody else holds it.
pub(super) fn lock_for_this_process(file: &File) -> io::Result<bool> {
    set_lock(file, libc::F_SETLK, libc::F_WRLCK)
}

/// Takes the same lock for this open file alone: other descriptors of it in this process neither share nor drop it.
pub(super) fn lock_for_this_file(file: &File) -> io::Result<bool> {
    set_lock(file, libc::F_OFD_SETLK, libc::F_WRLCK)
}

/// Gives up what [`lock_for_this_file`] took, also where a fork has copied the descriptor meanwhile.
pub(super) fn unlock_this_file(file: &File) -> io::Result<()> {
    set_lock(file, libc::F_OFD_SETLK, libc::F_UNLCK).map(drop)
}

pub(super) fn holder(file: &File) -> io::Result<Holder> {
    let mut lock = first_byte(libc::F_WRLCK);
    // SAFETY: `lock` is a valid flock that the kernel may fill.
    done(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GETLK, &raw mut lock) })?;
    Ok(match (c_int::from(lock.l_type), lock.l_pid) {
        (libc::F_UNLCK, _) => Holder::Nobody,
        (_, -1) => Holder::Deciding,
        (_, 0) => Holder::Elsewhere,
        (_, pid) => Holder::Process(pid),
    })
}

/// Reserves room on the disk behind the file's end, so that last lines fit also when the disk has filled up.
pub(super) fn reserve_behind_end(file: &File, bytes: i64) -> io::Result<()> {
    let end = i64::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
    // SAFETY: no memory is passed.
    done(unsafe { libc::fallocate(file.as_raw_fd(), libc::FALLOC_FL_KEEP_SIZE, end, bytes) }).map(drop)
}

pub(super) fn pidfd(pid: i32) -> io::Result<OwnedFd> {
    // SAFETY: no memory is passed.
    owned(done_long(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?)
}

pub(super) fn signal_by_pidfd(process: BorrowedFd<'_>, signal: c_int) -> io::Result<()> {
    let no_info = ptr::null::<libc::siginfo_t>();
    // SAFETY: a null siginfo is allowed: the kernel fills in one as `kill` would.
    done_long(unsafe { libc::syscall(libc::SYS_pidfd_send_signal, process.as_raw_fd(), signal, no_info, 0) }).map(drop)
}

/// Signals a child that has not been reaped, whose number can therefore not have become another process's.
pub(super) fn signal_child(pid: i32, signal: c_int) {
    // SAFETY: no memory is passed. That the child is dead already is no failure: it will be reaped.
    unsafe { libc::kill(pid, signal) };
}

/// Waits until one of the descriptors can be read (or is shut), or for `patience` (none: for ever). Says which.
pub(super) fn ready<const N: usize>(fds: [Option<BorrowedFd<'_>>; N], patience: Option<Duration>) -> io::Result<[bool; N]> {
    let mut polled = fds.map(|fd| libc::pollfd { fd: fd.map_or(-1, |fd| fd.as_raw_fd()), events: libc::POLLIN, revents: 0 });
    // Rounded up: a wait that ends a little early would only be waited again.
    let millis = patience.map_or(-1, |patience| c_int::try_from(patience.as_micros().div_ceil(1_000)).unwrap_or(c_int::MAX));
    // SAFETY: `polled` is an array of as many valid entries as are told; an entry with fd -1 is skipped.
    match done(unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, millis) }) {
        Ok(_) => Ok(polled.map(|entry| entry.revents != 0)),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok([false; N]),
        Err(error) => Err(error),
    }
}

pub(super) fn send(socket: BorrowedFd<'_>, datagram: &[u8]) -> io::Result<()> {
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    // SAFETY: the buffer is valid for its length.
    let sent = unsafe { libc::send(socket.as_raw_fd(), datagram.as_ptr().cast(), datagram.len(), flags) };
    if sent == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// One datagram, without waiting; an empty one means that the other side is shut.
pub(super) fn receive<'b>(socket: BorrowedFd<'_>, buffer: &'b mut [u8]) -> io::Result<&'b [u8]> {
    // SAFETY: the buffer is valid for its length.
    let read = unsafe { libc::recv(socket.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len(), libc::MSG_DONTWAIT) };
    usize::try_from(read).map(|read| &buffer[..read]).map_err(|_| io::Error::last_os_error())
}

/// Two ends that carry whole datagrams in order and tell when the other end is gone.
pub(super) fn socket_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends: [RawFd; 2] = [-1; 2];
    // SAFETY: `ends` has room for two descriptors.
    done(unsafe { libc::socketpair(libc::AF_UNIX, libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC, 0, ends.as_mut_ptr()) })?;
    // SAFETY: both have just been made for us.
    Ok(unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) })
}

/// A pipe: the end to read from, which never blocks, and the end to write to.
pub(super) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends: [RawFd; 2] = [-1; 2];
    // SAFETY: `ends` has room for two descriptors.
    done(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) })?;
    // SAFETY: both have just been made for us.
    let (read, write) = unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) };
    // SAFETY: no memory is passed.
    done(unsafe { libc::fcntl(read.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) })?;
    Ok((read, write))
}

/// Moves the descriptor that this program was started with as number 0 out of the way; `/dev/null` takes its place.
pub(super) fn take_standard_input(null: &File) -> io::Result<OwnedFd> {
    // SAFETY: no memory is passed, and number 0 is replaced by a descriptor that is as good for everybody else.
    let taken = owned(unsafe { libc::fcntl(0, libc::F_DUPFD_CLOEXEC, 3) })?;
    // SAFETY: as above.
    done(unsafe { libc::dup2(null.as_raw_fd(), 0) })?;
    Ok(taken)
}

/// Closes whatever a library of our parent left open: nothing above standard error is ours yet.
pub(super) fn close_what_was_inherited() {
    // SAFETY: called first in a program's life, before anything here owns a descriptor above 2. Older kernels refuse, and then
    // close-on-exec, which every descriptor of ours carries, has to be enough.
    unsafe { libc::syscall(libc::SYS_close_range, 3, c_int::MAX, 0) };
}

/// Source: signal(7), "Real-time signals".
const LAST_SIGNAL: c_int = 64;

/// Ignores no signal from here on, nor does any child: what whoever started us, or the runtime of this program, had ignored would be
/// ignored by every agent too.
pub(super) fn ignore_no_signal() {
    for signal in 1..=LAST_SIGNAL {
        // SAFETY: no handler is given. Refused for KILL and STOP, which can't be ignored anyway.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

/// Blocks these signals and gives a descriptor from which they can be read instead.
pub(super) fn signals_as_descriptor(signals: &[c_int]) -> io::Result<OwnedFd> {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset initialises the set; the others then work on a valid set.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in signals {
            libc::sigaddset(set.as_mut_ptr(), *signal);
        }
        done(libc::sigprocmask(libc::SIG_BLOCK, set.as_ptr(), ptr::null_mut()))?;
        owned(libc::signalfd(-1, set.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK))
    }
}

/// Ends this process with a code, now: nothing that it has begun is finished, no other thread goes on.
pub fn end_at_once(code: c_int) -> ! {
    // SAFETY: no memory is passed, and nothing comes after it.
    unsafe { libc::_exit(code) }
}

/// Lets every signal arrive again.
pub(super) fn unblock_all_signals() -> io::Result<()> {
    // SAFETY: sigemptyset initialises the set before it is read.
    unsafe {
        let mut none = MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigemptyset(none.as_mut_ptr());
        done(libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), ptr::null_mut())).map(drop)
    }
}

/// The next signal that has come, if any.
pub(super) fn next_signal(signals: BorrowedFd<'_>) -> Option<c_int> {
    let mut info = MaybeUninit::<libc::signalfd_siginfo>::uninit();
    let size = mem::size_of::<libc::signalfd_siginfo>();
    // SAFETY: the buffer has that size; it is read only after the kernel has filled it whole.
    unsafe {
        let read = libc::read(signals.as_raw_fd(), info.as_mut_ptr().cast(), size);
        (usize::try_from(read) == Ok(size)).then(|| info.assume_init().ssi_signo.cast_signed())
    }
}

/// Reaps one child that has ended, without waiting.
pub(super) fn reap_one() -> Reaped {
    let mut status = 0;
    // SAFETY: `status` is valid for the call.
    match unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) } {
        -1 => Reaped::NoChildren,
        0 => Reaped::AllAlive,
        pid => Reaped::Ended { pid, status },
    }
}

/// Kills this one child and reaps it, if that has not been done.
pub(super) fn end_child(process: BorrowedFd<'_>) {
    drop(signal_by_pidfd(process, libc::SIGKILL));
    let id = process.as_raw_fd().cast_unsigned();
    // SAFETY: null is allowed for what the wait would tell.
    while unsafe { libc::waitid(libc::P_PIDFD, id, ptr::null_mut(), libc::WEXITED) } == -1
        && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted
    {}
}

/// Waits for this one child and reaps it.
pub(super) fn reap(pid: i32) {
    // SAFETY: a null status is allowed.
    while unsafe { libc::waitpid(pid, ptr::null_mut(), 0) } == -1 && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted {}
}

/// Processor time of all that was reaped, and the largest resident set among it in KiB.
pub(super) fn usage_of_reaped() -> (Duration, u64) {
    // SAFETY: all zeroes is a valid rusage, and the kernel fills it.
    let usage = unsafe {
        let mut usage: libc::rusage = mem::zeroed();
        libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage);
        usage
    };
    let time = |spent: libc::timeval| {
        Duration::from_secs(u64::try_from(spent.tv_sec).unwrap_or(0)) + Duration::from_micros(u64::try_from(spent.tv_usec).unwrap_or(0))
    };
    (time(usage.ru_utime) + time(usage.ru_stime), u64::try_from(usage.ru_maxrss).unwrap_or(0))
}

/// Whatever our descendants leave behind becomes our child, not init's.
pub(super) fn adopt_orphans() -> io::Result<()> {
    // SAFETY: no memory is passed.
    done(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }).map(drop)
}

/// No descendant gains rights by a set-user-id program: such a one could not be killed by us any more.
pub(super) fn give_up_new_privileges() -> io::Result<()> {
    // SAFETY: no memory is passed.
    done(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }).map(drop)
}

/// `struct __user_cap_header_struct` and two of `struct __user_cap_data_struct`. Source: Linux, include/uapi/linux/capability.h.
#[repr(C)]
struct RightsOf {
    version: u32,
    pid: c_int,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Rights {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// `_LINUX_CAPABILITY_VERSION_3`.
const RIGHTS_VERSION: u32 = 0x2008_0522;
/// `CAP_CHOWN`, `CAP_DAC_OVERRIDE`, `CAP_FOWNER`, `CAP_FSETID`: what an administrator's programs need for their own files.
const OVER_FILES: u32 = 1 | 1 << 1 | 1 << 3 | 1 << 4;

/// Gives up an administrator's rights but those over files, which walls bound. Who gains no privileges gets none back. System calls alone.
pub(super) fn keep_rights_over_files_only() -> io::Result<()> {
    let of = RightsOf { version: RIGHTS_VERSION, pid: 0 };
    let mut rights = [Rights::default(); 2];
    // SAFETY: both structures are as the version has them, and valid for both calls.
    unsafe {
        done_long(libc::syscall(libc::SYS_capget, &raw const of, rights.as_mut_ptr()))?;
        let kept = rights[0].permitted & OVER_FILES;
        rights = [Rights { effective: kept, permitted: kept, inheritable: 0 }, Rights::default()];
        done_long(libc::syscall(libc::SYS_capset, &raw const of, rights.as_ptr())).map(drop)
    }
}

/// Ends this process when the thread that made it ends; an error if that has happened already.
pub(super) fn end_with_parent(parent: u32) -> io::Result<()> {
    // SAFETY: no memory is passed.
    unsafe {
        done(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0))?;
        // It may have ended before that was set.
        if libc::getppid().cast_unsigned() == parent { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::ESRCH)) }
    }
}

/// Writing to whom nobody reads is an error from here on, and not the end.
pub(super) fn ignore_broken_pipes() {
    // SAFETY: no handler is given.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
}

/// Closes what was inherited, but standard input, output and error, and this one. What closed descriptors belonged to must never be used again.
pub(super) fn close_all_but(kept: BorrowedFd<'_>) {
    let kept = kept.as_raw_fd().cast_unsigned();
    for (first, last) in [(3, kept.saturating_sub(1)), (kept + 1, c_int::MAX.cast_unsigned())] {
        if first <= last {
            // SAFETY: no memory is passed; the caller is a fresh copy of a process, and uses nothing of what that had open.
            unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
        }
    }
}

/// The name that `ps` and `top` show.
pub(super) fn call_this_process(name: &CStr) {
    // SAFETY: the name ends with a zero byte; the kernel copies at most 16 bytes.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr(), 0, 0, 0) };
}

/// A session of our own: signals to the terminal or the group of whoever started us pass us by.
pub(super) fn lead_own_session() -> io::Result<()> {
    // SAFETY: no memory is passed.
    done(unsafe { libc::setsid() }).map(drop)
}

/// Moves the children that this process will have into a pid namespace of their own, with a user namespace where that is asked for.
pub(super) fn enter_pid_namespace(with_user_namespace: bool) -> io::Result<()> {
    let flags = if with_user_namespace { libc::CLONE_NEWUSER | libc::CLONE_NEWPID } else { libc::CLONE_NEWPID };
    // SAFETY: no memory is passed; the caller is a process of one thread that does nothing else.
    done(unsafe { libc::unshare(flags) }).map(drop)
}
