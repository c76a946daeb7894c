//! Filters of system calls (seccomp) that leave an agent no network, or keep it in the one that it was given, and keep it from sockets of the machine's
//! own services, from the keys of its account and from the bounds of its processes.
//!
//! The filter is made before the agent's process is; putting it on is one system call.

#![expect(unsafe_code, reason = "one system call that std does not offer")]

use std::ptr;

use libc::{c_long, c_uint, sock_filter, sock_fprog};
use orchestrator_core::ports::agent_runner::Walls;

/// `AUDIT_ARCH_*`. Source: Linux, include/uapi/linux/audit.h.
#[cfg(target_arch = "x86_64")]
const OWN_ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const OWN_ARCHITECTURE: u32 = 0xc000_00b7;

/// From this number on calls are of the x32 kind. Source: Linux, arch/x86/include/uapi/asm/unistd.h.
const X32: u32 = 0x4000_0000;

/// Places in `struct seccomp_data`. Source: Linux, include/uapi/linux/seccomp.h. The lower half of an argument stands first: both architectures
/// are little-endian.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const FIRST_ARGUMENT: u32 = 16;
const SECOND_ARGUMENT: u32 = 24;

/// The process that calls. Source: `prlimit(2)`.
const ITSELF: u32 = 0;

/// `SOCK_TYPE_MASK`. Source: Linux, include/linux/net.h.
const SOCKET_KINDS: u32 = 0xf;

/// Whether the kernel takes filters.
pub(super) fn is_offered() -> bool {
    let action: u32 = libc::SECCOMP_RET_ERRNO;
    // SAFETY: `action` is valid for the length of the call, which changes nothing.
    unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_ACTION_AVAIL, 0 as c_uint, &raw const action) == 0 }
}

/// What keeps an agent in its walls, as far as they are calls; none: there are no such walls.
pub(super) fn of(walls: &Walls) -> Option<Vec<sock_filter>> {
    let own_network = walls.hosts.is_some() && !walls.no_network;
    let of_sockets = walls.no_network || own_network || walls.no_unix_sockets;
    if !(of_sockets || walls.no_account) {
        return None;
    }
    let mut filter = beginning();
    if of_sockets {
        // It makes sockets past every filter.
        filter.extend(no_call(libc::SYS_io_uring_setup));
    }
    if walls.no_account {
        filter.extend([libc::SYS_add_key, libc::SYS_request_key, libc::SYS_keyctl].into_iter().flat_map(no_call));
        filter.extend(no_bounds_of_others());
    }
    if own_network {
        filter.extend(no_namespaces());
    }
    if walls.no_unix_sockets {
        filter.extend(no_pairs_that_reach_others());
    }
    filter.extend([jump(IS, number(libc::SYS_socket), 1, 0), step(RETURN, libc::SECCOMP_RET_ALLOW), step(LOAD, FIRST_ARGUMENT)]);
    let answer = |family: i32, answer| [jump(IS, family.cast_unsigned(), 0, 1), answer];
    if walls.no_unix_sockets {
        filter.extend(answer(libc::AF_UNIX, refuse(libc::EACCES)));
    }
    if walls.no_network || own_network {
        // Sockets of the internet's kinds end at the borders of its own network; other kinds know no such borders.
        let inner = if own_network { &[libc::AF_UNIX, libc::AF_INET, libc::AF_INET6][..] } else { &[libc::AF_UNIX][..] };
        filter.extend(inner.iter().flat_map(|family| answer(*family, step(RETURN, libc::SECCOMP_RET_ALLOW))));
        filter.push(refuse(libc::EACCES));
    } else {
        filter.push(step(RETURN, libc::SECCOMP_RET_ALLOW));
    }
    Some(filter)
}

/// It gets no further namespace, in which it would be given rights anew, and enters none.
fn no_namespaces() -> Vec<sock_filter> {
    let mut filter = Vec::new();
    for call in [libc::SYS_setns, libc::SYS_mount, libc::SYS_umount2, libc::SYS_pivot_root, libc::SYS_move_mount, libc::SYS_fsopen] {
        filter.extend(no_call(call));
    }
    filter.extend([
        // Its flags are in memory, where no filter looks. Libraries take the older call instead.
        jump(IS, number(libc::SYS_clone3), 0, 1),
        refuse(libc::ENOSYS),
        jump(IS, number(libc::SYS_unshare), 1, 0),
        jump(IS, number(libc::SYS_clone), 0, 4),
        step(LOAD, FIRST_ARGUMENT),
        jump(HAS, NEW_NAMESPACES, 0, 1),
        refuse(libc::EPERM),
        step(RETURN, libc::SECCOMP_RET_ALLOW),
    ]);
    filter
}

/// It sets bounds to itself alone: whoever may write a number of bytes or seconds to another process ends it by that.
fn no_bounds_of_others() -> [sock_filter; 5] {
    [
        jump(IS, number(libc::SYS_prlimit64), 0, 4),
        step(LOAD, FIRST_ARGUMENT),
        jump(IS, ITSELF, 0, 1),
        step(RETURN, libc::SECCOMP_RET_ALLOW),
        refuse(libc::EPERM),
    ]
}

/// Two ends that are connected stay connected to each other, but for those of datagrams: these can be led to somebody else's socket.
fn no_pairs_that_reach_others() -> [sock_filter; 7] {
    [
        jump(IS, number(libc::SYS_socketpair), 0, 6),
        step(LOAD, SECOND_ARGUMENT),
        step(AND, SOCKET_KINDS),
        jump(IS, libc::SOCK_STREAM.cast_unsigned(), 1, 0),
        jump(IS, libc::SOCK_SEQPACKET.cast_unsigned(), 0, 1),
        step(RETURN, libc::SECCOMP_RET_ALLOW),
        refuse(libc::EACCES),
    ]
}

/// What each begins with; the call's number is loaded after it. Calls of other architectures than ours are refused whole: their numbers mean something
/// else.
fn beginning() -> Vec<sock_filter> {
    vec![
        step(LOAD, ARCHITECTURE),
        jump(IS, OWN_ARCHITECTURE, 1, 0),
        refuse(libc::ENOSYS),
        step(LOAD, NUMBER),
        jump(AT_LEAST, X32, 0, 1),
        refuse(libc::ENOSYS),
    ]
}

fn no_call(call: c_long) -> [sock_filter; 2] {
    [jump(IS, number(call), 0, 1), refuse(libc::EPERM)]
}

fn refuse(code: i32) -> sock_filter {
    step(RETURN, libc::SECCOMP_RET_ERRNO | code.cast_unsigned())
}

/// `CLONE_NEW*`. Source: Linux, include/uapi/linux/sched.h. That of times is no flag of `clone`.
const NEW_NAMESPACES: u32 = 0x7e02_0000;

/// Puts a filter on this process, for ever and for all that it starts. One system call, and nothing else. -1: `errno` says why not.
pub(super) fn put_on(filter: &[sock_filter]) -> c_long {
    // A filter of ours has some dozen steps.
    let program = sock_fprog { len: u16::try_from(filter.len()).unwrap_or(0), filter: filter.as_ptr().cast_mut() };
    // SAFETY: `program` and its steps are valid for the length of the call, and only read.
    unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0 as c_uint, ptr::from_ref(&program)) }
}

/// Source: Linux, `include/uapi/linux/bpf_common.h`: `BPF_LD | BPF_W | BPF_ABS`, `BPF_RET | BPF_K`, `BPF_JMP | BPF_JEQ | BPF_K`,
/// `BPF_JMP | BPF_JGE | BPF_K`, `BPF_JMP | BPF_JSET | BPF_K`,
/// `BPF_ALU | BPF_AND | BPF_K`.
const LOAD: u16 = 0x20;
const RETURN: u16 = 0x06;
const IS: u16 = 0x15;
const AT_LEAST: u16 = 0x35;
const HAS: u16 = 0x45;
const AND: u16 = 0x54;

fn step(code: u16, k: u32) -> sock_filter {
    sock_filter { code, jt: 0, jf: 0, k }
}

/// Passes over so many steps where it is so, and over so many where not.
fn jump(code: u16, k: u32, so: u8, not: u8) -> sock_filter {
    sock_filter { code, jt: so, jf: not, k }
}

fn number(call: c_long) -> u32 {
    u32::try_from(call).unwrap_or(u32::MAX)
}
