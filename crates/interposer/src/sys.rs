//! What is needed of libc, declared here: the shared library is built by `rustc` alone. Right for Linux on 64-bit machines.

use std::ffi::{c_char, c_int, c_void};

/// Source: glibc, dlfcn.h.
pub(crate) const RTLD_NEXT: *mut c_void = usize::MAX as *mut c_void;
/// Source: Linux, asm-generic/fcntl.h. The same on x86 and ARM.
pub(crate) const O_CREAT: c_int = 0o100;
pub(crate) const AT_FDCWD: c_int = -100;
pub(crate) const SIGKILL: c_int = 9;
/// Source: Linux, linux/time.h.
pub(crate) const CLOCK_REALTIME: c_int = 0;
pub(crate) const CLOCK_REALTIME_COARSE: c_int = 5;
pub(crate) const PROT_READ: c_int = 1;
pub(crate) const PROT_WRITE: c_int = 2;
pub(crate) const MAP_SHARED: c_int = 1;

/// A piece of memory, as `writev` takes it.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Piece {
    pub(crate) base: *const c_void,
    pub(crate) length: usize,
}

/// `timespec`, and as far as seconds go also `timeval`.
#[repr(C)]
pub(crate) struct Time {
    pub(crate) seconds: i64,
    pub(crate) fraction: i64,
}

unsafe extern "C" {
    pub(crate) fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
    pub(crate) fn __errno_location() -> *mut c_int;
    pub(crate) fn readlink(path: *const c_char, buffer: *mut c_char, length: usize) -> isize;
    pub(crate) fn faccessat(folder: c_int, path: *const c_char, mode: c_int, flags: c_int) -> c_int;
    pub(crate) fn getpid() -> c_int;
    pub(crate) fn kill(process: c_int, signal: c_int) -> c_int;
    pub(crate) fn pause() -> c_int;
    pub(crate) fn mmap(at: *mut c_void, length: usize, rights: c_int, flags: c_int, fd: c_int, offset: i64) -> *mut c_void;
}
