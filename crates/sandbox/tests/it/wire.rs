//! What a test needs to be a client: REST with a token, and a gateway connection that waits for what it wants to see.

use std::time::Duration;

use flate2::{Decompress, FlushDecompress};
use futures_util::{SinkExt, StreamExt};
use orchestrator_sandbox::{Limits, Options, Sandbox};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

/// Longer than anything here takes, shorter than patience.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// `GUILDS`, `GUILD_MESSAGES`, `GUILD_MESSAGE_REACTIONS` and `MESSAGE_CONTENT`.
pub(crate) const INTENTS: u64 = 1 | 1 << 9 | 1 << 10 | 1 << 15;

/// A local Discord without limits.
pub(crate) async fn discord() -> Sandbox {
    start(Options { limits: Limits::Off, ..Options::default() }).await
}

/// A local Discord with Discord's limits.
pub(crate) async fn limited_discord() -> Sandbox {
    start(Options::default()).await
}

/// A local Discord with these options.
pub(crate) async fn start(options: Options) -> Sandbox {
    Sandbox::start(options).await.expect("a free port and no state file")
}

/// A client with a token.
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    authorization: String,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl Answer {
    /// The body, if the request was carried out.
    pub(crate) fn ok(self) -> Value {
        assert!(self.status < 400, "refused: {self:?}");
        self.body
    }

    /// The status and Discord's code, of a refusal.
    pub(crate) fn refusal(&self) -> (u16, u64) {
        (self.status, self.body["code"].as_u64().unwrap_or(u64::MAX))
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Client {
    /// The bot `orchestrator`.
    pub(crate) fn bot(discord: &Sandbox) -> Self {
        Self::with_authorization(discord, &format!("Bot {}", token(discord)))
    }

    /// A person by name.
    pub(crate) fn person(discord: &Sandbox, name: &str) -> Self {
        Self::with_authorization(discord, &discord.person(name).token())
    }

    pub(crate) fn with_authorization(discord: &Sandbox, authorization: &str) -> Self {
        let http = reqwest::Client::builder().timeout(SOON).build().expect("a client");
        Self { http, base: discord.base_url().to_owned(), authorization: authorization.to_owned() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, None).await
    }

    /// Asks and expects an answer.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.try_ask(method, path, body).await.expect("an answer")
    }

    /// Asks; the connection may break.
    pub(crate) async fn try_ask(&self, method: Method, path: &str, body: Option<Value>) -> reqwest::Result<Answer> {
        let request = self.request(method, path);
        read(if let Some(body) = body { request.json(&body) } else { request }.send().await?).await
    }

    /// Posts a message with files.
    pub(crate) async fn post_files(&self, path: &str, payload: Value, files: Vec<(&str, Vec<u8>)>) -> Answer {
        let mut form = reqwest::multipart::Form::new().text("payload_json", payload.to_string());
        for (index, (name, bytes)) in files.into_iter().enumerate() {
            form = form.part(format!("files[{index}]"), reqwest::multipart::Part::bytes(bytes).file_name(name.to_owned()));
        }
        read(self.request(Method::POST, path).multipart(form).send().await.expect("an answer")).await.expect("a body")
    }

    /// Fetches a file by its address.
    pub(crate) async fn fetch(&self, url: &str) -> reqwest::Response {
        self.http.get(url).send().await.expect("an answer")
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let prefix = if path.starts_with("/sandbox/") { "" } else { "/api/v10" };
        self.http.request(method, format!("{}{prefix}{path}", self.base)).header("authorization", &self.authorization)
    }
}

async fn read(response: reqwest::Response) -> reqwest::Result<Answer> {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await?;
    Ok(Answer { status, headers, body: serde_json::from_str(&text).unwrap_or_default(), text })
}

/// The token of the bot `orchestrator`.
pub(crate) fn token(discord: &Sandbox) -> String {
    discord.user("orchestrator").expect("the bot").token
}

/// The path of a channel's messages.
pub(crate) fn messages(discord: &Sandbox, channel: &str) -> String {
    format!("/channels/{}/messages", discord.channel(channel).expect("the channel"))
}

/// A text in a JSON object.
pub(crate) fn text_of<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().expect("a text")
}

/// A gateway connection.
pub(crate) struct Gateway {
    socket: WebSocketStream<TcpStream>,
    /// Set if all frames are one stream.
    stream: Option<Decompress>,
    pub(crate) hello: Value,
    pub(crate) last_seq: u64,
}

/// How a connection ended.
#[derive(Debug, PartialEq)]
pub(crate) struct Ended(pub(crate) Option<u16>);

impl Gateway {
    /// Connects and hears HELLO.
    pub(crate) async fn connect(discord: &Sandbox) -> Self {
        Self::connect_with(discord, "").await
    }

    /// Connects with more in the query, like `&compress=zlib-stream`.
    pub(crate) async fn connect_with(discord: &Sandbox, query: &str) -> Self {
        let address = discord.base_url().strip_prefix("http://").expect("plain http");
        let stream = TcpStream::connect(address).await.expect("the port is open");
        let url = format!("{}?v=10&encoding=json{query}", discord.gateway_url());
        let (socket, _) = client_async(url, stream).await.expect("a handshake");
        let stream = query.contains("zlib-stream").then(|| Decompress::new(true));
        let mut gateway = Self { socket, stream, hello: Value::Null, last_seq: 0 };
        gateway.hello = gateway.next().await.expect("HELLO");
        gateway
    }

    /// Connects and identifies; gives READY too.
    pub(crate) async fn ready(discord: &Sandbox, intents: u64) -> (Self, Value) {
        let mut gateway = Self::connect(discord).await;
        gateway.identify(&token(discord), intents).await;
        let ready = gateway.event("READY").await;
        (gateway, ready)
    }

    pub(crate) async fn identify(&mut self, token: &str, intents: u64) {
        self.send(json!({"op": 2, "d": {"token": token, "intents": intents, "compress": true, "properties": {"os": "linux", "browser": "test", "device": "test"}}})).await;
    }

    pub(crate) async fn resume(&mut self, token: &str, session: &str, seq: u64) {
        self.send(json!({"op": 6, "d": {"token": format!("Bot {token}"), "session_id": session, "seq": seq}})).await;
    }

    pub(crate) async fn send(&mut self, frame: Value) {
        // A server that has closed already is seen by the next read.
        let _ = self.socket.send(Message::Text(frame.to_string())).await;
    }

    /// The next frame, or how the connection ended.
    pub(crate) async fn next(&mut self) -> Result<Value, Ended> {
        loop {
            let frame = tokio::time::timeout(SOON, self.socket.next()).await.expect("a frame in time");
            match frame {
                Some(Ok(frame @ (Message::Text(_) | Message::Binary(_)))) => {
                    let frame: Value = serde_json::from_slice(&self.unpacked(frame)).expect("JSON");
                    self.last_seq = frame["s"].as_u64().unwrap_or(self.last_seq);
                    return Ok(frame);
                }
                Some(Ok(Message::Close(frame))) => return Err(Ended(frame.map(|frame| frame.code.into()))),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(Ended(None)),
            }
        }
    }

    /// The bytes of a frame as they were before they were compressed.
    fn unpacked(&mut self, frame: Message) -> Vec<u8> {
        if frame.is_text() {
            return frame.into_data();
        }
        let (packed, mut bytes) = (frame.into_data(), Vec::with_capacity(1 << 20));
        let mut alone = Decompress::new(true);
        let reader = self.stream.as_mut().unwrap_or(&mut alone);
        reader.decompress_vec(&packed, &mut bytes, FlushDecompress::Sync).expect("zlib");
        bytes
    }

    /// The data of the next event of this name; others are passed over.
    pub(crate) async fn event(&mut self, name: &str) -> Value {
        loop {
            let frame = self.next().await.expect("the connection to last");
            if frame["t"] == name {
                return frame["d"].clone();
            }
        }
    }

    /// How the connection ends; frames before that are passed over.
    pub(crate) async fn ended(&mut self) -> Ended {
        loop {
            if let Err(ended) = self.next().await {
                return ended;
            }
        }
    }

    /// Goes away without a close frame.
    pub(crate) fn vanish(self) {
        drop(self.socket);
    }
}
