//! The state of a program that the library is loaded into: its rules, its place in the family, and the decision at each call.
//!
//! Everything is read once, before `main`. What runs at a call allocates nothing and takes no lock: it may run in a fork of many threads.

use std::{
    env,
    ffi::{CString, OsStr, c_char},
    fs::{self, File},
    os::{fd::AsRawFd as _, unix::ffi::OsStrExt as _},
    ptr,
    sync::{
        OnceLock,
        atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
};

use crate::{
    counts::{CELLS, Class, cell},
    effect::Effect,
    faults::{CLOCK, CLOCK_BYTES, COUNTS, RULES, offset},
    rule::{Call, Rule, Who},
    sys,
};

/// The exit code of a program whose rules can't be read.
const UNREADABLE: i32 = 97;
/// The most rules.
const RULES_MAX: usize = 64;
/// The longest path that is looked at.
pub(crate) const PATH_BYTES: usize = 1_024;

/// What to do at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Go,
    GoThenDie,
    Fail(i32),
    /// Half of a write; then death, or nothing more.
    Half {
        then_die: bool,
    },
}

struct Machine {
    rules: Vec<Rule>,
    /// Passed on to the nursery: ended by a null pointer.
    handed_on: Vec<CString>,
}

static MACHINE: OnceLock<Machine> = OnceLock::new();
/// How often each rule was met by this process.
static MET: [AtomicU32; RULES_MAX] = [const { AtomicU32::new(0) }; RULES_MAX];
/// 0: the program; 1: its nursery.
static IS_NURSERY: AtomicU8 = AtomicU8::new(0);
/// How many forks lie between the process that was started and this one.
static DEPTH: AtomicU8 = AtomicU8::new(0);
static CELLS_AT: AtomicPtr<AtomicU64> = AtomicPtr::new(ptr::null_mut());
static CLOCK_AT: AtomicPtr<u8> = AtomicPtr::new(ptr::null_mut());

#[cfg(preloaded)]
#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = begin;

extern "C" fn begin() {
    #[expect(clippy::disallowed_methods, reason = "how a program is told of its faults")]
    let told = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    let text = told(RULES).unwrap_or_default();
    let rules = match text.to_str().map(Rule::read_all) {
        Some(Ok(rules)) if rules.len() <= RULES_MAX => rules,
        Some(Err(bad)) => refuse(&format!("the rule `{bad}` can't be read")),
        _ => refuse("too many rules, or no text"),
    };
    if fs::read("/proc/self/cmdline").unwrap_or_default().split(|byte| *byte == 0).nth(1) == Some(b"__nursery") {
        IS_NURSERY.store(1, Relaxed);
    }
    if let Some(file) = told(COUNTS) {
        CELLS_AT.store(mapped(&file, CELLS * size_of::<u64>(), true).cast(), Relaxed);
    }
    if let Some(file) = told(CLOCK) {
        CLOCK_AT.store(mapped(&file, CLOCK_BYTES, false), Relaxed);
    }
    let handed_on = ["LD_PRELOAD", RULES, COUNTS, CLOCK].into_iter().filter_map(|name| {
        let mut entry = format!("{name}=").into_bytes();
        entry.extend(told(name)?.as_bytes());
        CString::new(entry).ok()
    });
    let _first = MACHINE.set(Machine { rules, handed_on: handed_on.collect() });
}

fn refuse(why: &str) -> ! {
    eprintln!("interposer: {why}");
    #[expect(clippy::disallowed_methods, reason = "there is no main yet to return to")]
    std::process::exit(UNREADABLE)
}

fn mapped(file: &OsStr, bytes: usize, writes: bool) -> *mut u8 {
    let Ok(open) = File::options().read(true).write(writes).open(file) else { refuse(&format!("{} can't be opened", file.display())) };
    if open.metadata().is_ok_and(|found| found.len() < bytes as u64) {
        refuse(&format!("{} is too short", file.display()));
    }
    let rights = if writes { sys::PROT_READ | sys::PROT_WRITE } else { sys::PROT_READ };
    // SAFETY: a new mapping of a file that is long enough; nothing else lies there.
    let at = unsafe { sys::mmap(ptr::null_mut(), bytes, rights, sys::MAP_SHARED, open.as_raw_fd(), 0) };
    if at.addr() == usize::MAX {
        refuse(&format!("{} can't be mapped", file.display()));
    }
    at.cast()
}

/// Which process of the program this is.
fn who() -> Who {
    match (IS_NURSERY.load(Relaxed), DEPTH.load(Relaxed)) {
        (0, 0) => Who::Orchestrator,
        (_, 0) => Who::Nursery,
        (1, 1) => Who::Attendant,
        _ => Who::Child,
    }
}

/// Whether any call has to be looked at.
pub(crate) fn is_on() -> bool {
    MACHINE.get().is_some_and(|machine| !machine.rules.is_empty()) || !CELLS_AT.load(Relaxed).is_null()
}

/// In a fork: it counts by itself.
pub(crate) fn forked() {
    DEPTH.fetch_add(1, Relaxed);
    for met in &MET {
        met.store(0, Relaxed);
    }
}

/// Counts a call, and decides about it. Returns only if the process is to live until the call.
pub(crate) fn decide(call: Call, path: &[u8]) -> Decision {
    let who = who();
    let cells = CELLS_AT.load(Relaxed);
    if !cells.is_null() {
        // SAFETY: the mapping holds that many numbers, is as long as the program lives, and is only ever used atomically.
        unsafe { &*cells.add(cell(who, call, Class::of(path))) }.fetch_add(1, Relaxed);
    }
    let Some(machine) = MACHINE.get() else { return Decision::Go };
    let decided = machine.rules.iter().zip(&MET).find_map(|(rule, met)| {
        let counts = rule.is_about(call, path, who) && rule.during.as_ref().is_none_or(|file| exists(file.as_ptr()));
        let is_first = counts.then(|| rule.holds_at(met.fetch_add(1, Relaxed) + 1)).flatten()?;
        Some((rule.effect, is_first))
    });
    match decided {
        None | Some((Effect::Pass, _)) => Decision::Go,
        Some((Effect::KillAfter, _)) => Decision::GoThenDie,
        Some((Effect::Fail(error), _)) => Decision::Fail(error),
        Some((Effect::Torn, _)) if call == Call::Write || call == Call::Send => Decision::Half { then_die: true },
        Some((Effect::Torn | Effect::Kill, _)) => die(),
        Some((Effect::Short, true)) if call == Call::Write => Decision::Half { then_die: false },
        Some((Effect::Short, _)) => Decision::Fail(crate::effect::NO_ROOM),
    }
}

/// Whether there is a file; `path` ends with a zero byte.
pub(crate) fn exists(path: *const c_char) -> bool {
    // SAFETY: the callers' strings live on and end with a zero byte.
    unsafe {
        let error = sys::__errno_location();
        let kept = *error;
        let found = sys::faccessat(sys::AT_FDCWD, path, 0, 0) == 0;
        *error = kept;
        found
    }
}

/// Ends this process as a power switch would.
pub(crate) fn die() -> ! {
    // SAFETY: no memory is passed; a process can always kill itself.
    unsafe {
        sys::kill(sys::getpid(), sys::SIGKILL);
        loop {
            sys::pause();
        }
    }
}

/// The path of an open file, put into `buffer`; empty for what is no file, none for what is left alone.
pub(crate) fn path_of(fd: i32, buffer: &mut [u8; PATH_BYTES]) -> Option<&[u8]> {
    let mut name = *b"/proc/self/fd/\0\0\0\0\0\0\0\0\0\0\0";
    let (mut rest, mut digits) = (u32::try_from(fd).ok()?, [0_u8; 10]);
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    let digits = &digits[first..];
    name[14..14 + digits.len()].copy_from_slice(digits);
    // SAFETY: the name ends with a zero byte; the buffer is as long as is told.
    let length = unsafe {
        let error = sys::__errno_location();
        let kept = *error;
        let length = sys::readlink(name.as_ptr().cast(), buffer.as_mut_ptr().cast(), buffer.len());
        *error = kept;
        length
    };
    let path = &buffer[..usize::try_from(length).ok()?];
    let path = path.strip_suffix(b" (deleted)").unwrap_or(path);
    if path.starts_with(b"socket:") {
        return Some(&[]);
    }
    matters(path).then_some(path)
}

/// Whether a path is one of a file on a disk.
pub(crate) fn matters(path: &[u8]) -> bool {
    let absolute = path.first() == Some(&b'/');
    let kernel = [&b"/dev/"[..], b"/proc/", b"/sys/"].iter().any(|folder| path.starts_with(folder));
    // Pipes and their like are told as `pipe:[7]`; relative paths come from callers, and are files.
    !path.is_empty() && !kernel && (absolute || !path.contains(&b':'))
}

/// How far the wall clock is off, in seconds.
pub(crate) fn clock_offset() -> i64 {
    let at = CLOCK_AT.load(Relaxed);
    if at.is_null() {
        return 0;
    }
    let mut text = [0; CLOCK_BYTES];
    for (n, byte) in text.iter_mut().enumerate() {
        // SAFETY: the mapping is that long and stays; another process may write to it meanwhile.
        *byte = unsafe { at.add(n).read_volatile() };
    }
    offset(&text)
}

/// The environment for a nursery: what it was to get, and what keeps this library loaded. None: there is no room for it.
pub(crate) fn environment_of_nursery(given: *const *const c_char, buffer: &mut [*const c_char; 64]) -> Option<&[*const c_char; 64]> {
    let ours = &MACHINE.get()?.handed_on;
    let mut taken = 0;
    // SAFETY: an environment is a list of strings that ends with a null pointer.
    while let entry = unsafe { given.add(taken).read() }
        && !entry.is_null()
    {
        *buffer.get_mut(taken)? = entry;
        taken += 1;
    }
    for (n, entry) in ours.iter().map(|entry| entry.as_ptr()).chain([ptr::null()]).enumerate() {
        *buffer.get_mut(taken + n)? = entry;
    }
    Some(buffer)
}
