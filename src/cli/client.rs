//! A client of the HTTP interface: of the running service, or, where none runs, of this process's own desk over the same store.

use std::{os::unix::net::UnixStream, path::Path, time::Duration};

use futures_util::StreamExt as _;
use orchestrator_core::wording::views::ErrorBody;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::{Serialize, de::DeserializeOwned};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{
    exit::{Exit, Failure},
    house,
};
use crate::{config::Config, surfaces::http::socket};

/// How long an answer may take that is no stream. The service's store may be busy.
const PATIENCE: Duration = Duration::from_secs(60);
/// The host in the requests' addresses: a socket has none.
const BASE: &str = "http://orchestrator/v1";

/// Asks the HTTP interface.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    /// Whether a running service answers.
    pub(super) service: bool,
    own: Option<Own>,
}

/// The interface served by this very process, for itself alone.
#[derive(Debug)]
struct Own {
    _folder: tempfile::TempDir,
    server: JoinSet<()>,
    soft: CancellationToken,
}

impl Client {
    /// The running service; `None`: there is none.
    ///
    /// # Errors
    ///
    /// It runs, and this account may not ask it.
    pub(super) fn of_service(config: &Config) -> Result<Option<Self>, Failure> {
        let path = socket::path_in(&config.runtime_dir);
        match UnixStream::connect(&path) {
            Ok(_) => Self::over(&path, true, None).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                let message = format!("The service at {} belongs to another account: {error}. Run this as that account.", path.display());
                Err(Failure::new(Exit::Unreachable, message))
            }
            Err(_) => Ok(None),
        }
    }

    /// The running service, else this process's own desk over the store.
    ///
    /// # Errors
    ///
    /// There is no service, and the store can't be opened.
    pub(super) fn find(config: &Config) -> Result<Self, Failure> {
        match Self::of_service(config)? {
            Some(client) => Ok(client),
            None => Self::own(config),
        }
    }

    /// The same, where nothing is to be made: no service and no store is an answer of its own.
    ///
    /// # Errors
    ///
    /// As [`find`](Self::find); [`Exit::Unreachable`] if there is no store.
    pub(super) fn find_to_look(config: &Config) -> Result<Self, Failure> {
        if let Some(client) = Self::of_service(config)? {
            return Ok(client);
        }
        if !house::database(config).exists() {
            let message =
                format!("No service runs in {}, and none has run there yet. `orchestrator run` starts one.", config.root.display());
            return Err(Failure::new(Exit::Unreachable, message));
        }
        Self::own(config)
    }

    /// Serves the interface for this process, on a socket in a private folder.
    fn own(config: &Config) -> Result<Self, Failure> {
        let door = house::offline(config)?;
        let broken = |error: &(dyn std::error::Error + 'static)| Failure::of(Exit::Broken, error);
        let folder = tempfile::Builder::new().prefix("orch").tempdir().map_err(|error| broken(&error))?;
        let bound = socket::bind(folder.path()).map_err(|error| broken(&error))?;
        let path = bound.path().to_owned();
        let (soft, mut server) = (CancellationToken::new(), JoinSet::new());
        let stop = soft.clone();
        server.spawn(async move {
            if let Err(error) = bound.serve(door, stop).await {
                tracing::error!(%error, "the own desk broke: {error}");
            }
        });
        Self::over(&path, false, Some(Own { _folder: folder, server, soft }))
    }

    fn over(path: &Path, service: bool, own: Option<Own>) -> Result<Self, Failure> {
        let http = reqwest::Client::builder()
            .unix_socket(path)
            .no_proxy()
            .connect_timeout(Duration::from_secs(5))
            .build()
            .map_err(|error| Failure::of(Exit::Broken, &error))?;
        Ok(Self { http, service, own })
    }

    /// Asks for something.
    ///
    /// # Errors
    ///
    /// What the interface says, with the exit code that it means.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.answer(self.request(Method::GET, path).timeout(PATIENCE)).await
    }

    /// Asks that something be done.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str, body: &(impl Serialize + Sync)) -> Result<T, Failure> {
        self.answer(self.request(Method::POST, path).timeout(PATIENCE).json(body)).await
    }

    /// Asks for an answer that comes in parts.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub(super) async fn stream(&self, path: &str) -> Result<Response, Failure> {
        checked(self.request(Method::GET, path).send().await).await
    }

    /// Ends what this process serves for itself; what was asked is done by then.
    pub(super) async fn close(self) {
        if let Some(mut own) = self.own {
            drop(self.http);
            own.soft.cancel();
            // A kept connection must not keep the command.
            let _in_time = tokio::time::timeout(Duration::from_millis(500), own.server.join_next()).await;
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{BASE}{path}"))
    }

    async fn answer<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Failure> {
        let response = checked(request.send().await).await?;
        response.json().await.map_err(|error| {
            Failure::new(Exit::Broken, format!("The service's answer could not be read: {error}. Is it of another version?"))
        })
    }
}

async fn checked(sent: reqwest::Result<Response>) -> Result<Response, Failure> {
    let response = sent.map_err(|error| {
        let failed = Failure::of(Exit::Unreachable, &error);
        Failure::new(Exit::Unreachable, format!("The service did not answer: {}", failed.message))
    })?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let exit = exit_of(status);
    match response.json::<ErrorBody>().await {
        Ok(body) => {
            let fields = body.fields.into_iter().map(|field| (field.field, field.issue)).collect();
            Err(Failure { exit, message: body.error.message, fields })
        }
        Err(_) => Err(Failure::new(exit, format!("The service answered with HTTP {status}."))),
    }
}

fn exit_of(status: StatusCode) -> Exit {
    match status {
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE => Exit::Usage,
        StatusCode::NOT_FOUND => Exit::NotFound,
        StatusCode::BAD_GATEWAY => Exit::Unreachable,
        StatusCode::FORBIDDEN | StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Exit::Refused,
        _ => Exit::Broken,
    }
}

/// One event of a stream of server-sent events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ServerEvent {
    /// Its name.
    pub(super) name: String,
    /// Its data.
    pub(super) data: String,
}

/// Reads server-sent events from a response.
#[derive(Debug)]
pub(super) struct ServerEvents<S> {
    parts: S,
    held: Vec<u8>,
}

impl ServerEvents<()> {
    /// The events of a response.
    pub(super) fn of(response: Response) -> ServerEvents<impl futures_util::Stream<Item = reqwest::Result<Vec<u8>>> + Unpin> {
        ServerEvents { parts: Box::pin(response.bytes_stream().map(|part| part.map(|part| part.to_vec()))), held: Vec::new() }
    }
}

impl<S: futures_util::Stream<Item = reqwest::Result<Vec<u8>>> + Unpin> ServerEvents<S> {
    /// The next event; `None` when the stream has ended.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what was read is held.
    pub(super) async fn next(&mut self) -> Option<ServerEvent> {
        loop {
            if let Some(end) = self.held.windows(2).position(|two| two == b"\n\n") {
                let block: Vec<u8> = self.held.drain(..end + 2).collect();
                let event = parse(&String::from_utf8_lossy(&block));
                if !event.data.is_empty() {
                    return Some(event);
                }
                continue;
            }
            self.held.extend(self.parts.next().await?.ok()?);
        }
    }
}

fn parse(block: &str) -> ServerEvent {
    let mut event = ServerEvent::default();
    for line in block.lines() {
        if let Some(name) = line.strip_prefix("event:") {
            name.trim().clone_into(&mut event.name);
        } else if let Some(data) = line.strip_prefix("data:") {
            if !event.data.is_empty() {
                event.data.push('\n');
            }
            event.data.push_str(data.strip_prefix(' ').unwrap_or(data));
        }
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn events_are_read_across_the_borders_of_parts() {
        let parts = ["event: st", "ate\ndata: {\"a\":1}\n", "\n: alive\n\nevent: ended\ndata: x\ndata: y\n\n"];
        let parts = futures_util::stream::iter(parts.map(|part| Ok(part.as_bytes().to_vec())));
        let mut events = ServerEvents { parts, held: Vec::new() };

        assert_eq!(events.next().await, Some(ServerEvent { name: "state".into(), data: "{\"a\":1}".into() }));
        assert_eq!(events.next().await, Some(ServerEvent { name: "ended".into(), data: "x\ny".into() }));
        assert_eq!(events.next().await, None);
    }
}
