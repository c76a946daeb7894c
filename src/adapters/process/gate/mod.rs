//! The gate of an agent that reaches named hosts alone: a process outside the agent's network, beside it in the attendant's tree. It listens inside
//! that network, and carries what comes there to the hosts that are named, and nowhere else.
//!
//! Its attendant forks it before the agent is, and ends it when the agent has ended; it ends when its attendant does. The agent can't look into
//! it: a process of another network's accounts may not, whatever its number.

#![expect(unsafe_code, reason = "forks the gate")]

mod head;
mod relay;
mod serve;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    os::fd::{AsFd, AsRawFd, OwnedFd},
    panic::{self, AssertUnwindSafe},
    process,
    time::Duration,
};

use orchestrator_core::domain::hosts::Hosts;

use super::{
    kernel,
    namespace::{self, Entry, MOST_LISTENERS},
};

/// Where the gate listens in the agent's network, or the next port that is not a named one of the machine: what proxies are looked for at.
const USUAL_PORT: u16 = 3128;

/// The longest note of what was refused, in bytes.
const NOTE_BYTES: usize = 512;

/// What tells programs of the gate. Source: curl's manual, section "Environment"; Node.js' documentation of `NODE_USE_ENV_PROXY`.
const FOR_PROXIES: [&str; 6] = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
const FOR_NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];
const FOR_NODE: &str = "NODE_USE_ENV_PROXY";

/// What an agent reaches at its own loopback without the gate: what it starts there itself, and the named ports of the machine, which have doors.
const ITSELF: &str = "localhost,127.0.0.1,::1";

/// A gate that runs. Dropped, it has ended.
#[derive(Debug)]
pub(super) struct Gate {
    pid: i32,
    process: OwnedFd,
    channel: OwnedFd,
    listen: Vec<SocketAddr>,
}

impl Gate {
    /// Starts the gate to these hosts. It waits for an agent to enter its network.
    pub(super) fn start(hosts: &Hosts) -> io::Result<Self> {
        let listen = listen(hosts);
        let (channel, outer) = kernel::socket_pair()?;
        let attendant = process::id();
        // SAFETY: an attendant has one thread, so the child may do anything.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            0 => {
                // A panic must not unwind into a second attendant, and nothing of the attendant whose copy this is may be run.
                drop(panic::catch_unwind(AssertUnwindSafe(|| be_gate(&outer, hosts, &listen, attendant))));
                // SAFETY: ends this process and nothing else.
                unsafe { libc::_exit(1) }
            }
            pid => match kernel::pidfd(pid) {
                Ok(process) => Ok(Self { pid, process, channel, listen }),
                Err(error) => {
                    kernel::signal_child(pid, libc::SIGKILL);
                    kernel::reap(pid);
                    Err(error)
                }
            },
        }
    }

    /// What an agent enters its network with.
    pub(super) fn entry(&self) -> Entry {
        Entry { channel: self.channel.as_raw_fd(), listen: self.listen.clone() }
    }

    /// Its process, which is not the agent's.
    pub(super) fn pid(&self) -> i32 {
        self.pid
    }

    /// Ends it. Returns what it has refused.
    pub(super) fn close(self) -> Vec<String> {
        let ended_early = kernel::ready([Some(self.process.as_fd())], Some(Duration::ZERO)).is_ok_and(|[ended]| ended);
        kernel::end_child(self.process.as_fd());
        let mut refused = Vec::new();
        let mut buffer = [0; NOTE_BYTES];
        while let Ok(note) = kernel::receive(self.channel.as_fd(), &mut buffer)
            && !note.is_empty()
        {
            refused.push(String::from_utf8_lossy(note).into_owned());
        }
        if ended_early {
            refused.push("what it could not reach any more, because its gate had ended early".to_owned());
        }
        refused
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        kernel::end_child(self.process.as_fd());
    }
}

/// Whether a variable of the environment is the gate's to set.
pub(super) fn sets(name: &str) -> bool {
    FOR_PROXIES.contains(&name) || FOR_NO_PROXY.contains(&name) || name == FOR_NODE
}

/// What tells an agent of its gate.
pub(super) fn environment(hosts: &Hosts) -> Vec<(&'static str, String)> {
    let gate = format!("http://{}", gate_address(&hosts.of_this_machine()));
    let proxies = FOR_PROXIES.iter().map(|name| (*name, gate.clone()));
    let itself = FOR_NO_PROXY.iter().map(|name| (*name, ITSELF.to_owned()));
    proxies.chain(itself).chain([(FOR_NODE, "1".to_owned())]).collect()
}

/// The gate's own address, and the doors: the machine's named ports, at the same addresses.
fn listen(hosts: &Hosts) -> Vec<SocketAddr> {
    let doors = hosts.of_this_machine();
    [gate_address(&doors)].into_iter().chain(doors).take(MOST_LISTENERS).collect()
}

fn gate_address(doors: &[SocketAddr]) -> SocketAddr {
    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    (USUAL_PORT..=u16::MAX).map(at).find(|address| !doors.contains(address)).unwrap_or_else(|| at(USUAL_PORT))
}

/// In the gate's process: waits for the agent, and serves it for ever.
fn be_gate(channel: &OwnedFd, hosts: &Hosts, listen: &[SocketAddr], attendant: u32) {
    if kernel::end_with_parent(attendant).is_err() {
        return;
    }
    kernel::call_this_process(c"orch-gate");
    kernel::ignore_broken_pipes();
    kernel::close_all_but(channel.as_fd());
    let Ok(entered) = namespace::await_entry(channel.as_fd()) else { return };
    let ready = namespace::map_accounts(entered.pid);
    if namespace::answer(channel.as_fd(), &ready).is_err() || ready.is_err() {
        return;
    }
    let mut listeners = entered.listeners.into_iter().map(|(index, listener)| (listen[index], listener));
    let Some((_, gate)) = listeners.next() else { return };
    serve::serve(&gate, listeners.collect(), hosts, channel.as_fd());
}
