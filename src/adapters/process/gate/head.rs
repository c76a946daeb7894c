//! What an agent's program asks the gate for: the head of an HTTP request, read within bounds, and what is passed on of it. Parsing is pure.

use std::{
    io::{self, ErrorKind, Read},
    net::TcpStream,
    time::{Duration, Instant},
};

use orchestrator_core::domain::hosts::Wanted;

/// The longest head. What browsers and clients send has a tenth of it.
const MOST_BYTES: usize = 64 * 1024;

/// The port of plain HTTP.
const HTTP: u16 = 80;

/// The most that is shown of what is no host, in characters.
const MOST_SHOWN: usize = 80;

/// Headers that are between a client and its proxy, or are set anew. Source: RFC 9110, §7.6.1.
const NOT_PASSED_ON: [&str; 6] = ["host", "connection", "keep-alive", "proxy-connection", "proxy-authorization", "upgrade"];

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// A way to there, over which anything may be said (`CONNECT`).
    Tunnel(Wanted),
    /// This head is to be sent there, and what follows it.
    Plain(Wanted, Vec<u8>),
    /// Something that is neither a host's name nor an address, as far as it can be shown.
    NoHost(String),
}

/// Reads a head that may take so long to come, all in all. Returns it, and what has come after it already.
pub(super) fn read(client: &TcpStream, patience: Duration) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let until = Instant::now() + patience;
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || bytes.len() > MOST_BYTES {
            return Err(ErrorKind::InvalidData.into());
        }
        client.set_read_timeout(Some(left))?;
        let read = match (&mut &*client).read(&mut chunk) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        // The end may be half in what came before.
        let from = bytes.len().saturating_sub(3);
        bytes.extend_from_slice(&chunk[..read]);
        if let Some(end) = bytes[from..].windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = bytes.split_off(from + end + 4);
            return Ok((bytes, rest));
        }
    }
}

/// Understands a head. None: it is none that a proxy is asked with.
pub(super) fn parse(head: &[u8]) -> Option<Asked> {
    let mut lines = head.strip_suffix(b"\r\n\r\n")?.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut request = str::from_utf8(lines.next()?).ok()?.split(' ');
    let (method, target, version) = (request.next()?, request.next()?, request.next()?);
    if request.next().is_some() || method.is_empty() || !version.starts_with("HTTP/1.") {
        return None;
    }
    if method == "CONNECT" {
        return Some(Wanted::parse(target, None).map_or_else(|| no_host(target), Asked::Tunnel));
    }
    let (scheme, rest) = target.split_at_checked("http://".len())?;
    if !scheme.eq_ignore_ascii_case("http://") {
        return None;
    }
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let Some(wanted) = Wanted::parse(authority, Some(HTTP)) else { return Some(no_host(authority)) };
    let (slash, path) = (if path.starts_with('/') { "" } else { "/" }, path.split('#').next().unwrap_or_default());
    // A client of the older version does not understand all that the newer one's server says.
    let version = if version == "HTTP/1.0" { version } else { "HTTP/1.1" };
    // One request for one connection: the next may be for another host.
    let mut passed = format!("{method} {slash}{path} {version}\r\nHost: {authority}\r\nConnection: close\r\n").into_bytes();
    for line in lines {
        let name = line.split(|byte| *byte == b':').next().and_then(|name| str::from_utf8(name).ok())?;
        // A line that goes on with the one before, or has no name, is no header.
        if name.len() == line.len() || name.is_empty() || name.contains([' ', '\t']) {
            return None;
        }
        if !NOT_PASSED_ON.iter().any(|own| name.eq_ignore_ascii_case(own)) {
            passed.extend_from_slice(line);
            passed.extend_from_slice(b"\r\n");
        }
    }
    passed.extend_from_slice(b"\r\n");
    Some(Asked::Plain(wanted, passed))
}

/// What was asked for, without what would be something else where it is shown.
fn no_host(given: &str) -> Asked {
    let shown = given.chars().map(|letter| if letter.is_ascii_graphic() && letter != '`' { letter } else { '?' });
    Asked::NoHost(shown.take(MOST_SHOWN).collect())
}

#[cfg(test)]
mod tests {
    use std::{io::Write, net::TcpListener, thread};

    use super::*;

    /// What is read of a client that sends these pieces, one after the other.
    fn read_of(pieces: Vec<Vec<u8>>, pause: Duration, patience: Duration) -> io::Result<(Vec<u8>, Vec<u8>)> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let sends = thread::spawn(move || {
            let mut client = TcpStream::connect(address).unwrap();
            // Who is not listened to any more can't send.
            while pieces.iter().all(|piece| client.write_all(piece).map(|()| thread::sleep(pause)).is_ok()) && !pause.is_zero() {}
        });
        let read = read(&listener.accept().unwrap().0, patience);
        drop(listener);
        sends.join().unwrap();
        read
    }

    #[test]
    fn a_head_is_read_in_whatever_pieces_it_comes_with_what_follows_it() {
        let head = b"CONNECT a.example:443 HTTP/1.1\r\n\r\n";
        let long = Duration::from_secs(30);

        for cut in 0..head.len() {
            let pieces = vec![head[..cut].to_vec(), head[cut..].to_vec(), b"more".to_vec()];
            let (read, mut after) = read_of(pieces, Duration::ZERO, long).unwrap();
            assert_eq!(read, head);
            after.truncate(4);
            assert!(b"more".starts_with(&after), "{after:?}");
        }
    }

    #[test]
    fn a_head_that_has_no_end_or_takes_too_long_is_given_up() {
        let long = Duration::from_secs(30);

        assert!(read_of(vec![vec![b'x'; 4 * MOST_BYTES]], Duration::ZERO, long).is_err());
        let asked_at = Instant::now();
        assert!(read_of(vec![b"x".to_vec()], Duration::from_millis(5), Duration::from_millis(100)).is_err());
        assert!(asked_at.elapsed() < long);
    }

    fn wanted(given: &str) -> Wanted {
        Wanted::parse(given, None).unwrap()
    }

    #[test]
    fn a_tunnel_is_asked_for_with_a_host_and_its_port() {
        let asked = |target: &str| parse(format!("CONNECT {target} HTTP/1.1\r\nHost: other.example\r\n\r\n").as_bytes());

        assert_eq!(asked("a.example:443"), Some(Asked::Tunnel(wanted("a.example:443"))));
        assert_eq!(asked("[::1]:8080"), Some(Asked::Tunnel(wanted("[::1]:8080"))));
        for none in ["a.example", "http://a.example:443", "a.example:443/path", "user@a.example:443", "127.1:80", "2130706433:80", ""] {
            assert_eq!(asked(none), Some(Asked::NoHost(none.to_owned())), "{none}");
        }
        assert_eq!(asked("`a`\u{1b}ü:443"), Some(Asked::NoHost("?a???:443".to_owned())), "what is shown is harmless");
        assert_eq!(asked("a.example:443 HTTP/1.1"), None);
    }

    #[test]
    fn a_plain_request_is_passed_on_as_its_server_expects_it_and_for_that_server_alone() {
        let head = b"POST http://a.example:8080/x?y=1 HTTP/1.1\r\nHost: evil.example\r\nProxy-Authorization: Basic x\r\n\
            Connection: keep-alive, Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\nX-Name: \xe9\r\n\r\n";

        let passed = b"POST /x?y=1 HTTP/1.1\r\nHost: a.example:8080\r\nConnection: close\r\nContent-Length: 2\r\nX-Name: \xe9\r\n\r\n";
        assert_eq!(parse(head), Some(Asked::Plain(wanted("a.example:8080"), passed.to_vec())));
        let Some(Asked::Plain(to, passed)) = parse(b"GET HTTP://a.example?q#part HTTP/1.0\r\n\r\n") else { panic!("it is one") };
        assert_eq!((to, passed.starts_with(b"GET /?q HTTP/1.0\r\nHost: a.example\r\n")), (wanted("a.example:80"), true));
    }

    #[test]
    fn what_no_proxy_is_asked_with_is_not_understood() {
        for head in [
            "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
            "GET https://a.example/ HTTP/1.1\r\n\r\n",
            "GET http://a.example/ HTTP/2\r\n\r\n",
            "GET http://a.example/ x HTTP/1.1\r\n\r\n",
            "GET http://a.example/ HTTP/1.1\r\n folded: x\r\n\r\n",
            "GET http://a.example/ HTTP/1.1\r\nno colon\r\n\r\n",
            "\x16\x03\x01\r\n\r\n",
            "\r\n\r\n",
        ] {
            assert_eq!(parse(head.as_bytes()), None, "{head:?}");
        }
        for (none, head) in
            [("a.example@b.example", "GET http://a.example@b.example/ HTTP/1.1\r\n\r\n"), ("", "GET http:// HTTP/1.1\r\n\r\n")]
        {
            assert_eq!(parse(head.as_bytes()), Some(Asked::NoHost(none.to_owned())), "{head:?}");
        }
    }
}
