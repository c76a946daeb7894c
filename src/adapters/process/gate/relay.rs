//! Carries bytes both ways between two connections: as fast as the slower takes them, with one buffer each way, and each end by itself.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

/// What is carried at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// A thread's stack: resolvers put their answers there.
pub(super) const STACK_BYTES: usize = 512 * 1024;

/// For how long nothing may pass, either way, and how often that is looked at. Models think for minutes before they say anything.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) idle: Duration,
    pub(super) look: Duration,
}

/// When something passed last.
struct Pulse {
    since: Instant,
    last_ms: AtomicU64,
    idle: Duration,
}

/// Carries until both ends have ended, one has failed, or nothing has passed for too long.
pub(super) fn relay(one: &TcpStream, other: &TcpStream, patience: Patience) {
    for stream in [one, other] {
        // What a socket refuses here it will refuse below too.
        drop(stream.set_nodelay(true));
        drop(stream.set_read_timeout(Some(patience.look)));
        drop(stream.set_write_timeout(Some(patience.look)));
    }
    let pulse = Pulse { since: Instant::now(), last_ms: AtomicU64::new(0), idle: patience.idle };
    thread::scope(|scope| {
        let back = thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, || carry(other, one, &pulse));
        match back {
            Ok(_) => carry(one, other, &pulse),
            Err(_) => end(one, other),
        }
    });
}

/// Carries one way. The end of one side is passed on to the other, which may still have something to say.
fn carry(from: &TcpStream, to: &TcpStream, pulse: &Pulse) {
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match (&mut &*from).read(&mut chunk) {
            Ok(0) => {
                drop(to.shutdown(Shutdown::Write));
                return;
            }
            Ok(read) => {
                pulse.beat();
                if !push(to, &chunk[..read], pulse) {
                    return end(from, to);
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if is_late(error.kind()) && !pulse.has_stopped() => {}
            Err(_) => return end(from, to),
        }
    }
}

fn push(to: &TcpStream, mut bytes: &[u8], pulse: &Pulse) -> bool {
    while !bytes.is_empty() {
        match (&mut &*to).write(bytes) {
            Ok(0) => return false,
            Ok(written) => {
                pulse.beat();
                bytes = &bytes[written..];
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if is_late(error.kind()) && !pulse.has_stopped() => {}
            Err(_) => return false,
        }
    }
    true
}

/// Ends both sides both ways: whoever waits at one of them is woken.
fn end(one: &TcpStream, other: &TcpStream) {
    drop(one.shutdown(Shutdown::Both));
    drop(other.shutdown(Shutdown::Both));
}

fn is_late(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

impl Pulse {
    fn beat(&self) {
        self.last_ms.store(self.now_ms(), Relaxed);
    }

    fn has_stopped(&self) -> bool {
        u128::from(self.now_ms().saturating_sub(self.last_ms.load(Relaxed))) >= self.idle.as_millis()
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    const PATIENT: Patience = Patience { idle: Duration::from_secs(60), look: Duration::from_secs(1) };

    /// Both ends of a connection.
    fn connection() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let one = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (one, listener.accept().unwrap().0)
    }

    /// A client and a server with a relay between them.
    fn relayed(patience: Patience) -> (TcpStream, TcpStream, thread::JoinHandle<()>) {
        let ((client, inner), (outer, server)) = (connection(), connection());
        let relaying = thread::spawn(move || relay(&inner, &outer, patience));
        (client, server, relaying)
    }

    #[test]
    fn much_passes_whole_both_ways_at_once_and_the_end_of_one_side_leaves_the_other_open() {
        let (client, server, relaying) = relayed(PATIENT);
        let sent: Vec<u8> = (0..8_000_000_u32).map(|number| number.to_le_bytes()[0] ^ number.to_le_bytes()[2]).collect();
        let echo = thread::spawn(move || {
            let (mut all, mut server) = (Vec::new(), server);
            server.read_to_end(&mut all).unwrap();
            // The client has ended its side by now.
            server.write_all(&all).unwrap();
        });

        (&client).write_all(&sent).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let mut back = Vec::new();
        (&client).read_to_end(&mut back).unwrap();

        assert!(back == sent, "{} of {} bytes", back.len(), sent.len());
        echo.join().unwrap();
        relaying.join().unwrap();
    }

    #[test]
    fn a_connection_over_which_nothing_passes_is_ended_and_one_that_is_slow_is_not() {
        let patience = Patience { idle: Duration::from_millis(600), look: Duration::from_millis(20) };
        let (client, mut server, relaying) = relayed(patience);
        for _ in 0..6 {
            (&client).write_all(b"x").unwrap();
            let mut one = [0];
            server.read_exact(&mut one).unwrap();
            thread::sleep(Duration::from_millis(150));
        }

        let mut rest = Vec::new();
        (&client).read_to_end(&mut rest).unwrap();

        assert!(rest.is_empty());
        relaying.join().unwrap();
    }

    #[test]
    fn who_goes_away_ends_the_other_side_too() {
        let (client, server, relaying) = relayed(PATIENT);

        drop(server);

        let mut rest = Vec::new();
        drop((&client).read_to_end(&mut rest));
        drop(client);
        relaying.join().unwrap();
    }
}
