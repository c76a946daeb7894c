//! Landlock: the files that an agent reaches, and whom it may signal. Rules are made before the agent's process is; putting them on is one system
//! call of its own, because between clone and exec there is no memory to be asked for.
//!
//! Source of all numbers: Linux, include/uapi/linux/landlock.h.

#![expect(unsafe_code, reason = "three system calls that std does not offer")]

use std::{
    fs::{File, OpenOptions},
    io,
    os::{
        fd::{AsRawFd, FromRawFd, OwnedFd, RawFd},
        unix::fs::OpenOptionsExt,
    },
    path::Path,
    ptr,
};

use libc::{c_int, c_long, c_uint};
use orchestrator_core::ports::agent_runner::Reach;

/// `LANDLOCK_CREATE_RULESET_VERSION`.
const ASK_VERSION: c_uint = 1;
/// `LANDLOCK_RULE_PATH_BENEATH`.
const PATH_BENEATH: c_uint = 1;

const EXECUTE: u64 = 1;
const WRITE_FILE: u64 = 1 << 1;
const READ_FILE: u64 = 1 << 2;
const READ_DIR: u64 = 1 << 3;
const MAKE_CHAR: u64 = 1 << 6;
const MAKE_BLOCK: u64 = 1 << 11;
/// All that the first version knows.
const FIRST: u64 = (1 << 13) - 1;
/// Moving and linking from folder to folder: since version 2.
const REFER: u64 = 1 << 13;
/// Since version 3.
const TRUNCATE: u64 = 1 << 14;
/// Since version 5.
const IOCTL_DEV: u64 = 1 << 15;

/// What is a right over a file that is no folder.
const OF_A_FILE: u64 = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV;
const TO_READ: u64 = EXECUTE | READ_FILE | READ_DIR;

/// `LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET` and `LANDLOCK_SCOPE_SIGNAL`: since version 6.
const SCOPES: u64 = 3;

/// `struct landlock_ruleset_attr`. An older kernel takes it as long as what it does not know is zero.
#[repr(C)]
#[derive(Default)]
struct RulesetAttr {
    files: u64,
    network: u64,
    scoped: u64,
}

/// `struct landlock_path_beneath_attr`.
#[repr(C, packed)]
struct PathBeneath {
    allowed: u64,
    parent: c_int,
}

/// The version of the kernel's interface; 0: there is none, or it is switched off.
pub(super) fn version() -> u32 {
    // SAFETY: with this flag no attributes are passed.
    let version = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, ptr::null::<RulesetAttr>(), 0_usize, ASK_VERSION) };
    u32::try_from(version).unwrap_or(0)
}

/// Rules under which nothing but `reach` is reached, and no process outside is signalled.
///
/// # Errors
///
/// The kernel offers no Landlock, or something to be written to is not there.
pub(super) fn rules(reach: &Reach) -> io::Result<OwnedFd> {
    let version = version();
    let known =
        FIRST | if version >= 2 { REFER } else { 0 } | if version >= 3 { TRUNCATE } else { 0 } | if version >= 5 { IOCTL_DEV } else { 0 };
    let asked = RulesetAttr { files: known, network: 0, scoped: if version >= 6 { SCOPES } else { 0 } };
    // SAFETY: `asked` is valid for its size.
    let made = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, &raw const asked, size_of::<RulesetAttr>(), 0 as c_uint) };
    let rules = owned(made)?;
    for path in &reach.read {
        if let Some(file) = open(path)? {
            allow(&rules, &file, TO_READ & known)?;
        }
    }
    for path in &reach.write {
        let file = open(path)?.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("`{}` is not there", path.display())))?;
        allow(&rules, &file, known & !(MAKE_CHAR | MAKE_BLOCK))?;
    }
    Ok(rules)
}

/// Puts the rules on this process, for ever and for all that it starts. One system call, and nothing else. -1: `errno` says why not.
pub(super) fn put_on(rules: RawFd) -> c_long {
    // SAFETY: no memory is passed.
    unsafe { libc::syscall(libc::SYS_landlock_restrict_self, rules, 0 as c_uint) }
}

/// None: it is not there, or this account may not reach it; then nobody is given it.
fn open(path: &Path) -> io::Result<Option<File>> {
    match OpenOptions::new().read(true).custom_flags(libc::O_PATH).open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::EACCES | libc::ENOTDIR | libc::ELOOP)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn allow(rules: &OwnedFd, to: &File, rights: u64) -> io::Result<()> {
    let rights = if to.metadata()?.is_dir() { rights } else { rights & OF_A_FILE };
    let rule = PathBeneath { allowed: rights, parent: to.as_raw_fd() };
    // SAFETY: `rule` is of the kind that is named, and valid for the length of the call.
    let added = unsafe { libc::syscall(libc::SYS_landlock_add_rule, rules.as_raw_fd(), PATH_BENEATH, &raw const rule, 0 as c_uint) };
    if added == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn owned(returned: c_long) -> io::Result<OwnedFd> {
    if returned == -1 {
        return Err(io::Error::last_os_error());
    }
    let fd = RawFd::try_from(returned).map_err(io::Error::other)?;
    // SAFETY: the kernel has just made this descriptor for us (close-on-exec, as all of Landlock's are), and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
