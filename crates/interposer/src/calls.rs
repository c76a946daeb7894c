//! The functions that stand before libc's. Each has libc's own contract, and calls libc's after the decision.
//!
//! `open` takes its mode as a plain argument here: on 64-bit Linux a variable argument arrives in the same register.

use std::{
    ffi::{CStr, c_char, c_int, c_uint, c_void},
    mem,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use crate::{
    machine::{self, Decision, PATH_BYTES},
    rule::Call,
    sys::{self, Piece, Time},
};

/// libc's own function, found once.
struct Own {
    name: &'static CStr,
    at: AtomicUsize,
}

impl Own {
    const fn new(name: &'static CStr) -> Self {
        Self { name, at: AtomicUsize::new(0) }
    }

    /// # Safety
    ///
    /// `F` is the function's type.
    unsafe fn get<F: Copy>(&self) -> F {
        let mut at = self.at.load(Relaxed);
        if at == 0 {
            // SAFETY: the name ends with a zero byte.
            at = unsafe { sys::dlsym(sys::RTLD_NEXT, self.name.as_ptr()) }.addr();
            if at == 0 {
                machine::die();
            }
            self.at.store(at, Relaxed);
        }
        // SAFETY: a function's address is as large as a number, and the caller vouches for the type.
        unsafe { mem::transmute_copy(&at) }
    }
}

/// An answer of libc that tells failure.
trait Failure {
    const FAILED: Self;
}

impl Failure for c_int {
    const FAILED: Self = -1;
}

impl Failure for isize {
    const FAILED: Self = -1;
}

fn failed<R: Failure>(error: c_int) -> R {
    // SAFETY: every thread has its own place for it.
    unsafe { *sys::__errno_location() = error };
    R::FAILED
}

/// Does what was decided; a write in halves is the business of [`write_file`].
fn obey<R: Failure>(decision: Decision, call: impl FnOnce() -> R) -> R {
    match decision {
        Decision::Go | Decision::Half { .. } => call(),
        Decision::Fail(error) => failed(error),
        Decision::GoThenDie => {
            call();
            machine::die()
        }
    }
}

/// A call on a path.
unsafe fn at_path<R: Failure>(which: Call, path: *const c_char, call: impl FnOnce() -> R) -> R {
    if !machine::is_on() || path.is_null() {
        return call();
    }
    // SAFETY: the caller's string.
    let text = unsafe { CStr::from_ptr(path) }.to_bytes();
    if machine::matters(text) { obey(machine::decide(which, text), call) } else { call() }
}

/// A call on an open file.
fn at_file<R: Failure>(which: Call, fd: c_int, call: impl FnOnce() -> R) -> R {
    let mut buffer = [0; PATH_BYTES];
    match machine::is_on().then(|| machine::path_of(fd, &mut buffer)).flatten() {
        Some(path) if !path.is_empty() => obey(machine::decide(which, path), call),
        _ => call(),
    }
}

/// A write to a file or a socket; `call` writes as much as it is told, and `length` is all of it.
fn write_file(fd: c_int, length: usize, call: impl FnOnce(usize) -> isize) -> isize {
    let mut buffer = [0; PATH_BYTES];
    let decision = match machine::is_on().then(|| machine::path_of(fd, &mut buffer)).flatten() {
        Some([]) => machine::decide(Call::Send, &[]),
        Some(path) => machine::decide(Call::Write, path),
        None => Decision::Go,
    };
    match decision {
        Decision::Half { then_die } => {
            let done = call(length / 2);
            if then_die {
                machine::die();
            }
            done
        }
        other => obey(other, || call(length)),
    }
}

macro_rules! own {
    ($name:literal as $type:ty) => {{
        static OWN: Own = Own::new($name);
        // SAFETY: libc's function of that name has that type.
        unsafe { OWN.get::<$type>() }
    }};
}

type Open = unsafe extern "C" fn(*const c_char, c_int, c_uint) -> c_int;
type OpenAt = unsafe extern "C" fn(c_int, *const c_char, c_int, c_uint) -> c_int;

fn opening(flags: c_int, path: *const c_char) -> Call {
    if flags & sys::O_CREAT != 0 && !machine::exists(path) { Call::Create } else { Call::Open }
}

macro_rules! opens {
    ($($name:ident $text:literal),*) => {$(
        #[cfg_attr(preloaded, unsafe(no_mangle))]
        unsafe extern "C" fn $name(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
            let own = own!($text as Open);
            // SAFETY: the caller's arguments, as they came.
            unsafe { at_path(opening(flags, path), path, || own(path, flags, mode)) }
        }
    )*};
}
opens!(open c"open", open64 c"open64");

macro_rules! opens_at {
    ($($name:ident $text:literal),*) => {$(
        #[cfg_attr(preloaded, unsafe(no_mangle))]
        unsafe extern "C" fn $name(folder: c_int, path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
            let own = own!($text as OpenAt);
            // A path below an open folder: whether it is there is not looked at.
            let which = if folder == sys::AT_FDCWD { opening(flags, path) } else { Call::Open };
            // SAFETY: the caller's arguments, as they came.
            unsafe { at_path(which, path, || own(folder, path, flags, mode)) }
        }
    )*};
}
opens_at!(openat c"openat", openat64 c"openat64");

#[cfg_attr(preloaded, unsafe(no_mangle))]
unsafe extern "C" fn write(fd: c_int, data: *const c_void, length: usize) -> isize {
    let own = own!(c"write" as unsafe extern "C" fn(c_int, *const c_void, usize) -> isize);
    // SAFETY: the caller's arguments, or less of the same memory.
    write_file(fd, length, |length| unsafe { own(fd, data, length) })
}

macro_rules! writes_at {
    ($($name:ident $text:literal),*) => {$(
        #[cfg_attr(preloaded, unsafe(no_mangle))]
        unsafe extern "C" fn $name(fd: c_int, data: *const c_void, length: usize, offset: i64) -> isize {
            let own = own!($text as unsafe extern "C" fn(c_int, *const c_void, usize, i64) -> isize);
            // SAFETY: the caller's arguments, or less of the same memory.
            write_file(fd, length, |length| unsafe { own(fd, data, length, offset) })
        }
    )*};
}
writes_at!(pwrite c"pwrite", pwrite64 c"pwrite64");

#[cfg_attr(preloaded, unsafe(no_mangle))]
unsafe extern "C" fn writev(fd: c_int, pieces: *const Piece, count: c_int) -> isize {
    let own = own!(c"writev" as unsafe extern "C" fn(c_int, *const Piece, c_int) -> isize);
    // Half of a list is half of its first piece.
    write_file(fd, usize::MAX, |length| {
        if length == usize::MAX || count < 1 {
            // SAFETY: the caller's arguments, as they came.
            return unsafe { own(fd, pieces, count) };
        }
        // SAFETY: there is a first piece.
        let first = unsafe { *pieces };
        let half = Piece { length: first.length / 2, ..first };
        // SAFETY: a list of one, within the caller's memory.
        unsafe { own(fd, &raw const half, 1) }
    })
}

#[cfg_attr(preloaded, unsafe(no_mangle))]
unsafe extern "C" fn copy_file_range(from: c_int, at: *mut i64, to: c_int, to_at: *mut i64, length: usize, flags: c_uint) -> isize {
    let own = own!(c"copy_file_range" as unsafe extern "C" fn(c_int, *mut i64, c_int, *mut i64, usize, c_uint) -> isize);
    // SAFETY: the caller's arguments, or a smaller length.
    write_file(to, length, |length| unsafe { own(from, at, to, to_at, length, flags) })
}

#[cfg_attr(preloaded, unsafe(no_mangle))]
unsafe extern "C" fn sendfile64(to: c_int, from: c_int, at: *mut i64, length: usize) -> isize {
    let own = own!(c"sendfile64" as unsafe extern "C" fn(c_int, c_int, *mut i64, usize) -> isize);
    // SAFETY: the caller's arguments, or a smaller length.
    write_file(to, length, |length| unsafe { own(to, from, at, length) })
}

#[cfg_attr(preloaded, unsafe(no_mangle))]
unsafe extern "C" fn send(fd: c_int, data: *const c_void, length: usize, flags: c_int) -> isize {
    let own = own!(c"send" as unsafe extern "C" fn(c_int, *const c_void, usize, c_int) -> isize);
    // SAFETY: the caller's arguments, or less of the same memory.
    write_file(fd, length, |length| unsafe { own(fd, data, length, flags) })
}

#[cfg_attr(preloaded, unsafe(no_mangle))]
unsafe extern "C" fn sendto(fd: c_int, data: *const c_void, length: usize, flags: c_int, to: *const c_void, size: c_uint) -> isize {
    let own = own!(c"sendto" as unsafe extern "C" fn(c_int, *const c_void, usize, c_int, *const c_void, c_uint) -> isize);
    // SAFETY: the caller's arguments, or less of the same memory.
    write_file(fd, length, |length| unsafe { own(fd, data, length, flags, to, size) })
}

#[cfg_attr(preloaded, unsafe(no_mangle))]
unsafe extern "C" fn sendmsg(fd: c_int, message: *const c_void, flags: c_int) -> isize {
    let own = own!(c"sendmsg" as unsafe extern "C" fn(c_int, *const c_void, c_int) -> isize);
    // Sent as a whole also where half was decided.
    // SAFETY: the caller's arguments, as they came.
    write_file(fd, 1, |_| unsafe { own(fd, message, flags) })
}

#[cfg_attr(preloaded, unsafe(no_mangle))]
unsafe extern "C" fn connect(fd: c_int, to: *const c_void, size: c_uint) -> c_int {
    let own = own!(c"connect" as unsafe extern "C" fn(c_int, *const c_void, c_uint) -> c_int);
    let decision = if machine::is_on() { machine::decide(Call::Connect, &[]) } else { Decision::Go };
    // SAFETY: the caller's arguments, as they came.
    obey(decision, || unsafe { own(fd, to, size) })
}

macro_rules! files {
    ($($call:ident $name:ident $text:literal ($($arg:ident: $type:ty),*)),* $(,)?) => {$(
        #[cfg_attr(preloaded, unsafe(no_mangle))]
        unsafe extern "C" fn $name(fd: c_int $(, $arg: $type)*) -> c_int {
            let own = own!($text as unsafe extern "C" fn(c_int $(, $type)*) -> c_int);
            // SAFETY: the caller's arguments, as they came.
            at_file(Call::$call, fd, || unsafe { own(fd $(, $arg)*) })
        }
    )*};
}
files! {
    Sync fsync c"fsync" (),
    Sync fdatasync c"fdatasync" (),
    Truncate ftruncate c"ftruncate" (length: i64),
    Truncate ftruncate64 c"ftruncate64" (length: i64),
    Allocate fallocate c"fallocate" (mode: c_int, offset: i64, length: i64),
}

macro_rules! paths {
    ($($call:ident $name:ident $text:literal $by:ident ($($arg:ident: $type:ty),*)),* $(,)?) => {$(
        #[cfg_attr(preloaded, unsafe(no_mangle))]
        unsafe extern "C" fn $name($($arg: $type),*) -> c_int {
            let own = own!($text as unsafe extern "C" fn($($type),*) -> c_int);
            // SAFETY: the caller's arguments, as they came.
            unsafe { at_path(Call::$call, $by, || own($($arg),*)) }
        }
    )*};
}
paths! {
    Rename rename c"rename" to (from: *const c_char, to: *const c_char),
    Rename renameat c"renameat" to (folder: c_int, from: *const c_char, to_folder: c_int, to: *const c_char),
    Unlink unlink c"unlink" path (path: *const c_char),
    Unlink unlinkat c"unlinkat" path (folder: c_int, path: *const c_char, flags: c_int),
    Link link c"link" to (from: *const c_char, to: *const c_char),
    Link linkat c"linkat" to (folder: c_int, from: *const c_char, to_folder: c_int, to: *const c_char, flags: c_int),
    Mkdir mkdir c"mkdir" path (path: *const c_char, mode: c_uint),
    Exec execve c"execve" path (path: *const c_char, args: *const *const c_char, env: *const *const c_char),
    Exec execvp c"execvp" path (path: *const c_char, args: *const *const c_char),
}

#[cfg_attr(preloaded, unsafe(no_mangle))]
unsafe extern "C" fn fork() -> c_int {
    let own = own!(c"fork" as unsafe extern "C" fn() -> c_int);
    let decision = if machine::is_on() { machine::decide(Call::Fork, &[]) } else { Decision::Go };
    if let Decision::Fail(error) = decision {
        return failed(error);
    }
    // SAFETY: the caller forks.
    let child = unsafe { own() };
    if child == 0 {
        machine::forked();
    } else if decision == Decision::GoThenDie {
        machine::die();
    }
    child
}

/// glibc's wrapper takes three more arguments after the fourth where the flags ask for them; passed on as they are found, they are looked at
/// only then. A child that shares its parent's memory is told as its parent.
#[cfg_attr(preloaded, unsafe(no_mangle))]
unsafe extern "C" fn clone(
    run: *const c_void,
    stack: *mut c_void,
    flags: c_int,
    arg: *mut c_void,
    parent: *mut c_void,
    tls: *mut c_void,
    child: *mut c_void,
) -> c_int {
    type Clone = unsafe extern "C" fn(*const c_void, *mut c_void, c_int, *mut c_void, *mut c_void, *mut c_void, *mut c_void) -> c_int;
    let own = own!(c"clone" as Clone);
    let decision = if machine::is_on() { machine::decide(Call::Fork, &[]) } else { Decision::Go };
    // SAFETY: the caller's arguments, as they came.
    obey(decision, || unsafe { own(run, stack, flags, arg, parent, tls, child) })
}

type Spawn =
    unsafe extern "C" fn(*mut c_int, *const c_char, *const c_void, *const c_void, *const *const c_char, *const *const c_char) -> c_int;

macro_rules! spawns {
    ($($name:ident $text:literal),*) => {$(
        #[cfg_attr(preloaded, unsafe(no_mangle))]
        unsafe extern "C" fn $name(
            child: *mut c_int,
            path: *const c_char,
            actions: *const c_void,
            attributes: *const c_void,
            args: *const *const c_char,
            env: *const *const c_char,
        ) -> c_int {
            let own = own!($text as Spawn);
            // SAFETY: the caller's arguments; a longer environment for a nursery.
            unsafe { spawn(own, child, path, actions, attributes, args, env) }
        }
    )*};
}
spawns!(posix_spawn c"posix_spawn", posix_spawnp c"posix_spawnp");

/// Tells failure by its answer, not by `errno`.
unsafe fn spawn(
    own: Spawn,
    child: *mut c_int,
    path: *const c_char,
    actions: *const c_void,
    attributes: *const c_void,
    args: *const *const c_char,
    env: *const *const c_char,
) -> c_int {
    let decision = if machine::is_on() { machine::decide(Call::Fork, &[]) } else { Decision::Go };
    if let Decision::Fail(error) = decision {
        return error;
    }
    // SAFETY: a list of arguments ends with a null pointer, and a program has a name.
    let first = if args.is_null() || unsafe { *args }.is_null() { std::ptr::null() } else { unsafe { *args.add(1) } };
    // SAFETY: an argument is a string.
    let is_nursery = !first.is_null() && unsafe { CStr::from_ptr(first) } == c"__nursery";
    let mut longer = [std::ptr::null(); 64];
    let env = if is_nursery { machine::environment_of_nursery(env, &mut longer).map_or(env, |env| env.as_ptr()) } else { env };
    // SAFETY: the caller's arguments.
    let told = unsafe { own(child, path, actions, attributes, args, env) };
    if decision == Decision::GoThenDie {
        machine::die();
    }
    told
}

/// Puts a wall clock off that libc has just told.
unsafe fn shift(told: c_int, time: *mut Time) -> c_int {
    if told == 0 && !time.is_null() {
        // SAFETY: libc has filled it.
        unsafe { (*time).seconds += machine::clock_offset() };
    }
    told
}

#[cfg_attr(preloaded, unsafe(no_mangle))]
unsafe extern "C" fn clock_gettime(clock: c_int, time: *mut Time) -> c_int {
    let own = own!(c"clock_gettime" as unsafe extern "C" fn(c_int, *mut Time) -> c_int);
    // SAFETY: the caller's arguments, as they came.
    let told = unsafe { own(clock, time) };
    // SAFETY: as above.
    if matches!(clock, sys::CLOCK_REALTIME | sys::CLOCK_REALTIME_COARSE) { unsafe { shift(told, time) } } else { told }
}

#[cfg_attr(preloaded, unsafe(no_mangle))]
unsafe extern "C" fn gettimeofday(time: *mut Time, zone: *mut c_void) -> c_int {
    let own = own!(c"gettimeofday" as unsafe extern "C" fn(*mut Time, *mut c_void) -> c_int);
    // SAFETY: the caller's arguments, as they came.
    unsafe { shift(own(time, zone), time) }
}
