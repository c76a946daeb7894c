//! A network of an agent's own (namespaces of users, of networks and of System V's shared memory): nothing is in it but its own loopback, where the gate
//! listens.
//!
//! It is entered between clone and exec, by plain system calls: there is no memory to be asked for. What listens in it is handed out, to the gate,
//! which stays outside; the numbers of accounts stay what they are.

#![expect(unsafe_code, reason = "namespaces, interfaces and descriptors that are handed over have no form in std")]

use std::{
    fs, io, mem,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
    ptr,
    sync::OnceLock,
};

use libc::{c_int, c_void};
use orchestrator_core::domain::hosts::MOST_OF_THIS_MACHINE;

use super::kernel;

/// The most addresses that are listened at in there, the gate's among them.
pub(super) const MOST_LISTENERS: usize = 1 + MOST_OF_THIS_MACHINE;

/// Connections that wait to be taken, at each of them.
const BACKLOG: c_int = 128;

/// Room for the descriptors in a message, with the kernel's head before them, in 8-byte units.
const ROOM_FOR_DESCRIPTORS: usize = 24;

/// Enough for a few system calls.
const STACK_BYTES: usize = 64 * 1024;

/// What an agent's process needs to enter its network, made before it is.
#[derive(Debug)]
pub(super) struct Entry {
    /// Where what listens is handed out, and word comes back.
    pub(super) channel: RawFd,
    /// What is listened at; the gate first.
    pub(super) listen: Vec<SocketAddr>,
}

/// What comes out of a network that has been entered.
#[derive(Debug)]
pub(super) struct Entered {
    /// Whose it is.
    pub(super) pid: i32,
    /// What listens in it: by the place in [`Entry::listen`].
    pub(super) listeners: Vec<(usize, TcpListener)>,
}

/// The message that goes with the descriptors.
#[repr(C)]
#[derive(Clone, Copy)]
struct Word {
    pid: i32,
    /// How many descriptors go with it.
    count: u32,
    /// Which of the addresses they listen at, bit by bit.
    at: u64,
}

impl Entry {
    /// Enters a network of this process's own and returns when the gate is ready in it. System calls alone. On an error nothing may be started.
    pub(super) fn enter(&self) -> io::Result<()> {
        new_network()?;
        let mut listeners: [RawFd; MOST_LISTENERS] = [-1; MOST_LISTENERS];
        // SAFETY: no memory is passed.
        let mut word = Word { pid: unsafe { libc::getpid() }, count: 0, at: 0 };
        for (index, address) in self.listen.iter().enumerate().take(MOST_LISTENERS) {
            match listener(address) {
                Ok(fd) => {
                    listeners[word.count as usize] = fd;
                    word.count += 1;
                    word.at |= 1 << index;
                }
                // A kernel without the sixth version has nothing that listens there outside either.
                Err(_) if address.is_ipv6() => {}
                Err(error) => return Err(error),
            }
        }
        hand_out(self.channel, &word, &listeners[..word.count as usize])?;
        answered(self.channel)
    }
}

/// Leaves for a new network, with its loopback up.
#[expect(clippy::cast_possible_truncation, reason = "flags of interfaces are small constants")]
fn new_network() -> io::Result<()> {
    // SAFETY: no memory is passed.
    check(unsafe { libc::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNET | libc::CLONE_NEWIPC) })?;
    // SAFETY: no memory is passed.
    let socket = check(unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) })?;
    // SAFETY: all zeroes is a valid request; its name ends with a zero byte, and the socket has just been made.
    unsafe {
        let mut request: libc::ifreq = mem::zeroed();
        for (place, letter) in request.ifr_name.iter_mut().zip(c"lo".to_bytes()) {
            *place = letter.cast_signed();
        }
        request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
        let raised = check(libc::ioctl(socket, libc::SIOCSIFFLAGS, &raw const request));
        libc::close(socket);
        raised.map(drop)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "families and sizes of addresses are small constants")]
fn listener(address: &SocketAddr) -> io::Result<RawFd> {
    let family = if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    // SAFETY: the address is of its family and valid for its length; the socket has just been made.
    unsafe {
        let socket = check(libc::socket(family, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0))?;
        let bound = match address {
            SocketAddr::V4(address) => {
                let mut named: libc::sockaddr_in = mem::zeroed();
                named.sin_family = libc::AF_INET as libc::sa_family_t;
                named.sin_port = address.port().to_be();
                named.sin_addr.s_addr = u32::from_ne_bytes(address.ip().octets());
                libc::bind(socket, (&raw const named).cast(), mem::size_of_val(&named) as libc::socklen_t)
            }
            SocketAddr::V6(address) => {
                let mut named: libc::sockaddr_in6 = mem::zeroed();
                named.sin6_family = libc::AF_INET6 as libc::sa_family_t;
                named.sin6_port = address.port().to_be();
                named.sin6_addr.s6_addr = address.ip().octets();
                libc::bind(socket, (&raw const named).cast(), mem::size_of_val(&named) as libc::socklen_t)
            }
        };
        check(bound)?;
        check(libc::listen(socket, BACKLOG))?;
        Ok(socket)
    }
}

/// A message with room for descriptors, over buffers that its maker keeps.
fn message(part: &mut libc::iovec, descriptors: &mut [u64; ROOM_FOR_DESCRIPTORS]) -> libc::msghdr {
    // SAFETY: all zeroes is a valid, empty message.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = part;
    message.msg_iovlen = 1;
    message.msg_control = descriptors.as_mut_ptr().cast();
    message.msg_controllen = size_of::<[u64; ROOM_FOR_DESCRIPTORS]>();
    message
}

#[expect(clippy::cast_possible_truncation, reason = "some dozen descriptors have few bytes")]
fn hand_out(channel: RawFd, word: &Word, listeners: &[RawFd]) -> io::Result<()> {
    let mut descriptors = [0; ROOM_FOR_DESCRIPTORS];
    let mut part = libc::iovec { iov_base: ptr::from_ref(word).cast_mut().cast(), iov_len: size_of::<Word>() };
    let mut message = message(&mut part, &mut descriptors);
    // SAFETY: there is room for as many descriptors as are ever listened at, and all buffers live until the message is sent.
    unsafe {
        let bytes = size_of_val(listeners) as libc::c_uint;
        message.msg_controllen = libc::CMSG_SPACE(bytes) as usize;
        let head = libc::CMSG_FIRSTHDR(&raw const message);
        (*head).cmsg_level = libc::SOL_SOCKET;
        (*head).cmsg_type = libc::SCM_RIGHTS;
        (*head).cmsg_len = libc::CMSG_LEN(bytes) as usize;
        ptr::copy_nonoverlapping(listeners.as_ptr().cast::<u8>(), libc::CMSG_DATA(head), bytes as usize);
        if libc::sendmsg(channel, &raw const message, libc::MSG_NOSIGNAL) == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

/// Waits for word that all is ready outside; an error that was met there is ours.
fn answered(channel: RawFd) -> io::Result<()> {
    let mut code: c_int = 0;
    // SAFETY: `code` is valid for its size.
    match unsafe { libc::recv(channel, (&raw mut code).cast::<c_void>(), size_of::<c_int>(), 0) } {
        -1 => Err(io::Error::last_os_error()),
        read if usize::try_from(read) == Ok(size_of::<c_int>()) && code == 0 => Ok(()),
        0 => Err(io::Error::from_raw_os_error(libc::EPIPE)),
        _ => Err(io::Error::from_raw_os_error(code)),
    }
}

/// Outside: waits for somebody to enter, and takes what listens in there.
pub(super) fn await_entry(channel: BorrowedFd<'_>) -> io::Result<Entered> {
    let mut word = Word { pid: 0, count: 0, at: 0 };
    let mut descriptors = [0; ROOM_FOR_DESCRIPTORS];
    let mut part = libc::iovec { iov_base: (&raw mut word).cast(), iov_len: size_of::<Word>() };
    let mut message = message(&mut part, &mut descriptors);
    // SAFETY: all buffers are as large as is told. The descriptors that the kernel says it has put there have just been made for us.
    let taken: Vec<OwnedFd> = unsafe {
        if libc::recvmsg(channel.as_raw_fd(), &raw mut message, libc::MSG_CMSG_CLOEXEC) < size_of::<Word>().cast_signed() {
            return Err(io::Error::last_os_error());
        }
        let head = libc::CMSG_FIRSTHDR(&raw const message);
        if head.is_null() || (*head).cmsg_type != libc::SCM_RIGHTS {
            return Err(io::Error::from_raw_os_error(libc::EPROTO));
        }
        let count = ((*head).cmsg_len - libc::CMSG_LEN(0) as usize) / size_of::<RawFd>();
        let mut taken: [RawFd; MOST_LISTENERS] = [-1; MOST_LISTENERS];
        let count = count.min(MOST_LISTENERS);
        ptr::copy_nonoverlapping(libc::CMSG_DATA(head), taken.as_mut_ptr().cast::<u8>(), count * size_of::<RawFd>());
        taken[..count].iter().map(|fd| OwnedFd::from_raw_fd(*fd)).collect()
    };
    let at = (0..MOST_LISTENERS).filter(|index| word.at & 1 << index != 0);
    Ok(Entered { pid: word.pid, listeners: at.zip(taken.into_iter().map(TcpListener::from)).collect() })
}

/// Outside: tells who entered that all is ready, or what is not.
pub(super) fn answer(channel: BorrowedFd<'_>, ready: &io::Result<()>) -> io::Result<()> {
    let code = ready.as_ref().err().map_or(0, |error| error.raw_os_error().unwrap_or(libc::EIO));
    kernel::send(channel, &code.to_ne_bytes())
}

/// Outside: has the numbers of accounts and groups mean in there what they mean here: all of them where that is ours to say, else our own alone.
pub(super) fn map_accounts(pid: i32) -> io::Result<()> {
    // SAFETY: no memory is passed.
    let (user, group) = unsafe { (libc::geteuid(), libc::getegid()) };
    let write = |name: &str, text: &str| fs::write(format!("/proc/{pid}/{name}"), text);
    if user == 0 && write("uid_map", &same("/proc/self/uid_map")?).is_ok() {
        return write("gid_map", &same("/proc/self/gid_map")?);
    }
    write("uid_map", &format!("{user} {user} 1"))?;
    // Who may not drop groups may take on his own.
    write("setgroups", "deny")?;
    write("gid_map", &format!("{group} {group} 1"))
}

/// All that there is here, as the same in there.
fn same(map: &str) -> io::Result<String> {
    let text = fs::read_to_string(map)?;
    let lines = text.lines().filter_map(|line| {
        let mut numbers = line.split_ascii_whitespace();
        let (first, count) = (numbers.next()?, numbers.nth(1)?);
        Some(format!("{first} {first} {count}\n"))
    });
    Ok(lines.collect())
}

/// Whether this machine lets us make such a network: it is tried, once, by a process that ends with the try.
pub(super) fn are_permitted() -> bool {
    extern "C" fn attempt(found: *mut c_void) -> c_int {
        let tried = new_network().and_then(|()| listener(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0))));
        // SAFETY: it is the bool that was passed below, whose owner stands still until this process is gone.
        unsafe { *found.cast::<bool>() = tried.is_ok() };
        0
    }
    static PERMITTED: OnceLock<bool> = OnceLock::new();
    *PERMITTED.get_or_init(|| {
        let mut found = false;
        // Sixteen-byte units: the top has to be aligned to one.
        let mut stack = Vec::<u128>::with_capacity(STACK_BYTES / size_of::<u128>());
        // SAFETY: the stack is ours and as large as is said. Who borrows our memory makes system calls and asks for no memory; no handler of ours
        // runs in it, because every signal is held back until it is gone. It is waited for by its number; somebody else's wait does no harm.
        unsafe {
            let (mut all, mut before) = (mem::zeroed::<libc::sigset_t>(), mem::zeroed::<libc::sigset_t>());
            libc::sigfillset(&raw mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
            let top = stack.as_mut_ptr().add(stack.capacity());
            let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
            let pid = libc::clone(attempt, top.cast(), flags, (&raw mut found).cast());
            if pid != -1 {
                kernel::reap(pid);
            }
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, ptr::null_mut());
        }
        found
    })
}

fn check(returned: c_int) -> io::Result<c_int> {
    if returned == -1 { Err(io::Error::last_os_error()) } else { Ok(returned) }
}
