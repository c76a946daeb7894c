//! A server of a few lines on a raw socket, for what no decent HTTP server would do: half answers, resets, lies in headers.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::Instant,
};

/// A request as it came over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
    pub(crate) at: Instant,
}

impl Request {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && self.path == format!("/api/v10{path}")
    }
}

/// What comes back.
pub(crate) enum Reply {
    /// A whole answer.
    Full(u16, Vec<(&'static str, String)>, String),
    /// The head of an answer and a part of its body.
    Half(u16, String),
    /// The request is read, then the connection ends.
    Nothing,
    /// The request is read, then the connection is reset.
    Reset,
    /// The request is read, and nothing happens.
    Silence,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::Full(status, vec![("content-type", "application/json".to_owned())], body.to_string())
    }

    pub(crate) fn empty() -> Self {
        Self::Full(204, vec![], String::new())
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Self::Full(_, headers, _) = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }
}

/// The server; it ends when it is dropped.
pub(crate) struct Stub {
    pub(crate) base: String,
    seen: Arc<Mutex<Vec<Request>>>,
    _accepting: JoinSet<()>,
}

type Answering = Arc<Mutex<dyn FnMut(&Request) -> Reply + Send>>;

impl Stub {
    pub(crate) async fn start(answer: impl FnMut(&Request) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let base = format!("http://{}", listener.local_addr().expect("it is bound"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let answer: Answering = Arc::new(Mutex::new(answer));
        let mut accepting = JoinSet::new();
        let noted = Arc::clone(&seen);
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&noted), Arc::clone(&answer)));
            }
        });
        Self { base, seen, _accepting: accepting }
    }

    /// All requests so far.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().expect("no test panicked in it").clone()
    }
}

async fn serve(mut stream: TcpStream, seen: Arc<Mutex<Vec<Request>>>, answer: Answering) {
    stream.set_nodelay(true).ok();
    let mut held = Vec::new();
    while let Some(request) = read(&mut stream, &mut held).await {
        seen.lock().expect("no test panicked in it").push(request.clone());
        let reply = (answer.lock().expect("no test panicked in it"))(&request);
        match reply {
            Reply::Full(status, headers, body) => {
                let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
                let length = if status == 204 { String::new() } else { format!("content-length: {}\r\n", body.len()) };
                let answer = format!("HTTP/1.1 {status} So\r\n{headers}{length}\r\n{body}");
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
            Reply::Half(status, body) => {
                let answer = format!("HTTP/1.1 {status} So\r\ncontent-length: {}\r\n\r\n{body}", body.len() + 100);
                stream.write_all(answer.as_bytes()).await.ok();
                return;
            }
            Reply::Nothing => return,
            Reply::Reset => {
                stream.set_zero_linger().ok();
                return;
            }
            Reply::Silence => tokio::time::sleep(Duration::from_secs(600)).await,
        }
    }
}

async fn read(stream: &mut TcpStream, held: &mut Vec<u8>) -> Option<Request> {
    let top = loop {
        if let Some(end) = held.windows(4).position(|four| four == b"\r\n\r\n") {
            break String::from_utf8(held.drain(..end + 4).collect()).ok()?;
        }
        more(stream, held).await?;
    };
    let mut lines = top.lines();
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: HashMap<String, String> =
        lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    let body = if headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked") {
        chunks(stream, held).await?
    } else {
        let length = headers.get("content-length").map_or(0, |length| length.parse().expect("a length is a number"));
        while held.len() < length {
            more(stream, held).await?;
        }
        held.drain(..length).collect()
    };
    Some(Request { method, path, headers, body, at: Instant::now() })
}

async fn chunks(stream: &mut TcpStream, held: &mut Vec<u8>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = held.windows(2).position(|two| two == b"\r\n") {
                break end;
            }
            more(stream, held).await?;
        };
        let length = usize::from_str_radix(std::str::from_utf8(&held[..end]).ok()?.trim(), 16).ok()?;
        while held.len() < end + 2 + length + 2 {
            more(stream, held).await?;
        }
        body.extend_from_slice(&held[end + 2..end + 2 + length]);
        held.drain(..end + 2 + length + 2);
        if length == 0 {
            return Some(body);
        }
    }
}

async fn more(stream: &mut TcpStream, held: &mut Vec<u8>) -> Option<()> {
    let mut part = vec![0; 16 * 1024];
    let read = stream.read(&mut part).await.ok().filter(|read| *read > 0)?;
    held.extend_from_slice(&part[..read]);
    Some(())
}
