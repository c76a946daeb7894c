//! What the gate does for each connection: hears what is asked for, judges it, looks names up, connects, carries.

use std::{
    collections::BTreeSet,
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs, UdpSocket},
    os::fd::BorrowedFd,
    sync::{Condvar, Mutex, PoisonError},
    thread,
    time::Duration,
};

use orchestrator_core::domain::hosts::{Hosts, Verdict, Wanted};

use super::{
    super::kernel,
    head::{self, Asked},
    relay::{self, Patience, STACK_BYTES},
};

/// Connections that are served at once; more wait to be taken.
const MOST_CONNECTIONS: usize = 64;

/// How long what is asked for may take to be said.
const HEAD_PATIENCE: Duration = Duration::from_secs(15);

/// How long an address may take to answer, and how many of a name's addresses are tried.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
const MOST_ADDRESSES: usize = 4;

/// The most that is told of what was refused.
const MOST_NOTES: usize = 8;

/// How long a pause is after the machine had no room for another connection.
const NO_ROOM_PAUSE: Duration = Duration::from_millis(50);

/// What is read away of a request that was refused, so that its sender hears why.
const READ_AWAY: (usize, Duration) = (256 * 1024, Duration::from_millis(500));

/// A port at which nobody listens. Source: RFC 863.
const DISCARD: u16 = 9;

const PATIENCE: Patience = Patience { idle: Duration::from_secs(15 * 60), look: Duration::from_secs(15) };

/// What every connection needs.
struct Service<'a> {
    hosts: &'a Hosts,
    channel: BorrowedFd<'a>,
    noted: Mutex<BTreeSet<String>>,
    busy: Mutex<usize>,
    freed: Condvar,
}

/// Why something is not reached: for HTTP, and in words.
struct Refusal {
    status: &'static str,
    why: String,
}

/// Serves for ever: one process for one agent, which ends with it.
pub(super) fn serve(gate: &TcpListener, doors: Vec<(SocketAddr, TcpListener)>, hosts: &Hosts, channel: BorrowedFd<'_>) {
    let service = Service { hosts, channel, noted: Mutex::default(), busy: Mutex::default(), freed: Condvar::new() };
    let service = &service;
    thread::scope(|scope| {
        for (to, door) in doors {
            let opened = thread::Builder::new()
                .stack_size(STACK_BYTES)
                .spawn_scoped(scope, move || service.take(&door, |client| carry_to(to, client)));
            // Without its door a port is not reached, and its clients are told so by the kernel.
            drop(opened);
        }
        service.take(gate, |client| service.pass(client));
    });
}

/// What comes through a door goes to where the door stands.
fn carry_to(to: SocketAddr, client: &TcpStream) {
    if let Ok(server) = TcpStream::connect_timeout(&to, CONNECT_PATIENCE) {
        relay::relay(client, &server, PATIENCE);
    }
}

impl Service<'_> {
    /// Takes connections, each for a thread of its own, and never more than so many at once.
    fn take(&self, listener: &TcpListener, serve: impl Fn(&TcpStream) + Sync) {
        let serve = &serve;
        thread::scope(|scope| {
            loop {
                let taken = listener.accept().and_then(|(client, _)| {
                    self.wait_for_room();
                    let started = thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, move || {
                        serve(&client);
                        self.leave();
                    });
                    started.inspect_err(|_| self.leave())
                });
                if taken.is_err() {
                    thread::sleep(NO_ROOM_PAUSE);
                }
            }
        });
    }

    fn wait_for_room(&self) {
        let busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        let mut busy = self.freed.wait_while(busy, |busy| *busy >= MOST_CONNECTIONS).unwrap_or_else(PoisonError::into_inner);
        *busy += 1;
    }

    fn leave(&self) {
        *self.busy.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.freed.notify_one();
    }

    /// Serves one connection to the gate.
    fn pass(&self, client: &TcpStream) {
        let Ok((head, after)) = head::read(client, HEAD_PATIENCE) else { return };
        let reached = match head::parse(&head) {
            Some(Asked::Tunnel(wanted)) => self.connect(&wanted).map(|server| {
                let told = (&mut &*client).write_all(b"HTTP/1.1 200 Connection established\r\n\r\n");
                (server, told.map(|()| Vec::new()))
            }),
            Some(Asked::Plain(wanted, head)) => self.connect(&wanted).map(|server| (server, Ok(head))),
            Some(Asked::NoHost(given)) => {
                Err(self.refused(&format!("`{given}`, which is no host's name or address as it is written here")))
            }
            None => Err(Refusal { status: "400 Bad Request", why: "this gate takes `CONNECT host:port` and `http://host/…`".to_owned() }),
        };
        match reached {
            Ok((server, Ok(mut first))) => {
                first.extend_from_slice(&after);
                if (&mut &server).write_all(&first).is_ok() {
                    relay::relay(client, &server, PATIENCE);
                }
            }
            Ok((_, Err(_))) => {}
            Err(refusal) => refuse(client, &refusal),
        }
    }

    /// Connects to what is asked for, if that may be.
    fn connect(&self, wanted: &Wanted) -> Result<TcpStream, Refusal> {
        let port = wanted.port();
        let addresses = match self.hosts.judge(wanted) {
            Verdict::Reach(addresses) => addresses,
            Verdict::Refused => return Err(self.refused(&format!("{wanted}, which is not among its hosts"))),
            Verdict::LookUp(name) => {
                let found: Vec<SocketAddr> = (name.as_str(), port)
                    .to_socket_addrs()
                    .map_err(|error| Refusal { status: "502 Bad Gateway", why: format!("{wanted} could not be found: {error}") })?
                    .collect();
                let (may, may_not): (Vec<SocketAddr>, Vec<SocketAddr>) = found.into_iter().partition(|address| self.may_lead_to(*address));
                if let (true, Some(closed)) = (may.is_empty(), may_not.first()) {
                    let what = if self.hosts.may_lead_to(closed.ip(), port) { "this machine's own" } else { "the private" };
                    return Err(self.refused(&format!("{wanted}, which leads to {what} address {}", closed.ip())));
                }
                may
            }
        };
        let mut why = "it has no address".to_owned();
        for address in addresses.iter().take(MOST_ADDRESSES) {
            match TcpStream::connect_timeout(address, CONNECT_PATIENCE) {
                Ok(server) => return Ok(server),
                Err(error) => why = error.to_string(),
            }
        }
        Err(Refusal { status: "502 Bad Gateway", why: format!("{wanted} could not be reached: {why}") })
    }

    /// Whether a name may lead there: to what everybody reaches in the same way, so not to this machine, whose own programs are let in where others are not.
    fn may_lead_to(&self, address: SocketAddr) -> bool {
        let (ip, port) = (address.ip(), address.port());
        self.hosts.names_address(ip, port) || self.hosts.may_lead_to(ip, port) && !is_this_machine_s(ip)
    }

    /// Notes what was refused, once, and as long as there is little of it.
    fn refused(&self, what: &str) -> Refusal {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() <= MOST_NOTES && noted.insert(what.to_owned()) {
            let note = if noted.len() > MOST_NOTES { "others" } else { what };
            // An attendant that is gone reads no notes; the kernel ends this process then.
            drop(kernel::send(self.channel, note.as_bytes()));
        }
        Refusal { status: "403 Forbidden", why: format!("this agent asked for {what} (`network`)") }
    }
}

/// Whether an address is one of this machine's: what goes to such a one comes from it too. Nothing is sent.
fn is_this_machine_s(address: IpAddr) -> bool {
    let any: IpAddr = if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let from = UdpSocket::bind((any, 0)).and_then(|socket| socket.connect((address, DISCARD)).and_then(|()| socket.local_addr()));
    from.is_ok_and(|from| from.ip() == address)
}

/// Says why not.
fn refuse(client: &TcpStream, refusal: &Refusal) {
    let body = format!("orchestrator: {}\n", refusal.why);
    let head = format!(
        "HTTP/1.1 {}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        refusal.status,
        body.len()
    );
    if (&mut &*client).write_all((head + &body).as_bytes()).is_ok() && client.shutdown(Shutdown::Write).is_ok() {
        // A connection that is closed with something unread in it is reset, and what was written is lost.
        drop(client.set_read_timeout(Some(READ_AWAY.1)));
        let (mut chunk, mut read_away) = ([0; 8 * 1024], 0);
        while let Ok(read @ 1..) = (&mut &*client).read(&mut chunk)
            && read_away < READ_AWAY.0
        {
            read_away += read;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_s_addresses_are_told_from_those_of_others() {
        // Where a way leads out of this machine, it has an address there too.
        let out = UdpSocket::bind("0.0.0.0:0").and_then(|socket| socket.connect("198.51.100.1:9").and_then(|()| socket.local_addr()));
        let own = out.ok().map(|at| at.ip()).filter(|at| !at.is_unspecified());

        for address in ["127.0.0.1".parse().ok(), "::1".parse().ok(), own].into_iter().flatten() {
            assert!(is_this_machine_s(address), "{address}");
        }
        for other in ["198.51.100.1", "2001:db8::1"] {
            assert!(!is_this_machine_s(other.parse().unwrap()), "{other}");
        }
    }
}
