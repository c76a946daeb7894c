//! Faults at chosen system calls of a real program, for tests. Linux; dynamically linked programs; no part of the product.
//!
//! [`library`] names a shared library for `LD_PRELOAD`. It stands before libc's `open`, `write`, `fsync`, `rename`, `fork` and their kin, and
//! does at some of them what a broken disk, a full one or a power switch would. A test sets, through [`Faults`] or by hand:
//!
//! | Variable | What it holds |
//! |---|---|
//! | `INTERPOSE` | rules, parted by `;` |
//! | `INTERPOSE_COUNTS` | a file made by [`Counts::make`], in which every call is counted: how many boundaries there are |
//! | `INTERPOSE_CLOCK` | a file made by [`set_clock`], by which the wall clock is off; the monotonic one never is |
//!
//! # Rules
//!
//! ```text
//! CALL[:PATH]@RANGE[/WHO][?FILE]=EFFECT
//!
//! write:-wal@7=kill                    dies before the seventh write to a file whose name ends in -wal
//! fsync@1=EIO                          the first fsync or fdatasync fails
//! fill@*?/tmp/x/full=ENOSPC            the disk is full for as long as /tmp/x/full exists
//! write:*/attempts/@3-/attendant=short in attendants the third write to a control file is cut in half, and later ones find no room
//! any@120=kill-after                   dies right after its 120th call that matters
//! ```
//!
//! **CALL** is one of `open`, `create` (an `open` that makes a file), `write` (also `pwrite64`, `writev`, `copy_file_range`, `sendfile`: on
//! files), `sync` (`fsync`, `fdatasync`), `truncate`, `allocate`, `rename`, `unlink`, `link`, `mkdir`, `fork` (also `posix_spawn`, `clone`), `exec`,
//! `send` (whatever writes to a socket), `connect`; or several of them: `fill` (what needs room: create, write, allocate, mkdir, link),
//! `change` (what a file system mounted to be read refuses: fill, truncate, rename, unlink, sync), `any` (all but `open`). `fsync` is another
//! word for `sync`. Pipes, `/dev`, `/proc` and `/sys` are left alone.
//!
//! **PATH** is how the path ends; after a `*`, what it holds anywhere. A rename is known by its new name. **RANGE** is `3`, `3-5`, `3-` or `*`,
//! counted from 1, for each rule in each process by itself: a fork begins anew. **WHO** is `orchestrator` (every process of it that is none of
//! the following), `nursery`, `attendant` (a fork of the nursery), `child` (a fork of an attendant or of the orchestrator, until it becomes
//! another program; one that shares its parent's memory counts as its parent); not named: all of them. With `?FILE` the rule holds, and counts, only while that file exists.
//!
//! **EFFECT** is `kill` (SIGKILL before the call), `kill-after`, `torn` (half a write, then SIGKILL), `short` (the first write in the range is cut
//! in half, as a disk that fills up does; later ones find no room), `pass` (nothing), or an error: `EIO`, `ENOSPC`, `EROFS`,
//! `EDQUOT`, `EBUSY`, `EINTR`, `EMFILE`, `EAGAIN`, `ENOMEM`, `EACCES`, `EPERM`, `EPIPE`, `ECONNRESET`, `ECONNREFUSED`, `ETIMEDOUT`.
//! Of several rules that hold, the first decides, and those behind it don't count the call: `pass` excepts what comes before others. A rule that can't be read ends the program at once, with exit code 97.
//!
//! # What it reaches
//!
//! The program named in `LD_PRELOAD`'s environment, and its nursery: that one is started with an empty environment, to which the library adds its
//! own variables again. Agents never get them. Calls that go past libc (rustix's own, SQLite's shared memory map) are not seen.

#![expect(unsafe_code, reason = "stands between a program and libc")]

#[cfg_attr(not(preloaded), expect(dead_code, reason = "for the shared library; compiled here to be checked with the rest"))]
mod calls;
mod counts;
mod effect;
mod faults;
#[cfg_attr(not(preloaded), expect(dead_code, reason = "for the shared library; compiled here to be checked with the rest"))]
mod machine;
mod rule;
mod sys;

pub use self::{
    counts::{Class, Counts},
    effect::Effect,
    faults::{Faults, library, set_clock},
    rule::{Call, Who},
};
