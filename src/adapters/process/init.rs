//! A container's first process: passes signals on to the program, reaps what nobody else does, and ends with the program.
//!
//! Process 1 ignores every signal that it does not handle, and inherits every orphan. So the program, started as process 1, starts itself once
//! more and does only that.

#![expect(unsafe_code, reason = "unblocks signals between fork and exec")]

use std::{
    fs, io,
    os::{
        fd::AsFd as _,
        unix::process::{CommandExt as _, ExitStatusExt as _, parent_id},
    },
    process::{Command, ExitCode, ExitStatus},
};

use super::kernel::{self, Reaped};

/// Signals that are passed on.
const PASSED_ON: [i32; 6] = [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGQUIT, libc::SIGUSR1, libc::SIGUSR2];

/// First processes of containers that do nothing but this. Source: their manuals; `docker run --init` starts `docker-init`.
const INITS: [&str; 5] = ["tini", "docker-init", "dumb-init", "catatonit", "orch-init"];

/// Does the work of a container's first process, if this is one: the exit code is the program's.
pub fn as_first_process() -> Option<ExitCode> {
    (std::process::id() == 1).then(|| match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("The program could not be started below process 1: {error}");
            ExitCode::FAILURE
        }
    })
}

/// Whether the end of this process is the end of a container with everything that runs in it.
pub fn carries_a_container() -> bool {
    let parent_name = || fs::read_to_string("/proc/1/comm").unwrap_or_default();
    std::process::id() == 1 || (parent_id() == 1 && INITS.contains(&parent_name().trim()))
}

fn run() -> io::Result<ExitCode> {
    kernel::call_this_process(c"orch-init");
    let signals: Vec<i32> = PASSED_ON.into_iter().chain([libc::SIGCHLD]).collect();
    let signals = kernel::signals_as_descriptor(&signals)?;
    #[expect(clippy::disallowed_methods, reason = "this is adapters/process")]
    let mut program = Command::new(std::env::current_exe()?);
    program.args(std::env::args_os().skip(1));
    // SAFETY: unblocking signals is allowed between fork and exec.
    unsafe { program.pre_exec(kernel::unblock_all_signals) };
    let program = i32::try_from(program.spawn()?.id()).map_err(io::Error::other)?;
    loop {
        kernel::ready([Some(signals.as_fd())], None)?;
        while let Some(signal) = kernel::next_signal(signals.as_fd()) {
            if signal != libc::SIGCHLD {
                kernel::signal_child(program, signal);
            }
        }
        while let Reaped::Ended { pid, status } = kernel::reap_one() {
            if pid == program {
                return Ok(code_of(ExitStatus::from_raw(status)));
            }
        }
    }
}

/// As shells tell it: 128 and the signal's number for one that a signal has ended.
fn code_of(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| Some(128 + status.signal()?)).and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}
