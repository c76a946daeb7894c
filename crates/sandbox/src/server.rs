//! The HTTP server: accepts connections, leads each request to its door, and can hang up in the middle of one.

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Request, Response, StatusCode, header},
};
use futures_util::{StreamExt, stream};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    control, gateway,
    hub::Hub,
    page,
    rest::{self, Ask, Outcome, Reply, ReplyBody, Spoiling},
    wire_tap::Wire,
};

/// Within this time what was written of an answer has left.
const FLUSHED: Duration = Duration::from_millis(20);

/// Accepts connections until `stop`; each is a task of `tasks`.
pub(crate) async fn accept(listener: TcpListener, hub: Arc<Hub>, tasks: TaskTracker, stop: CancellationToken) {
    loop {
        // Accepting is cancel safe.
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                tasks.spawn(serve(stream, peer, hub.clone(), tasks.clone(), stop.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                // Out of file descriptors, most likely: wait for some to come back.
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

/// Serves one connection. When a request is to be hung up on, the whole connection is dropped, as when a server dies.
async fn serve(stream: TcpStream, peer: SocketAddr, hub: Arc<Hub>, tasks: TaskTracker, stop: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps its small packets back");
    }
    let hang_up = CancellationToken::new();
    let reset = Arc::new(AtomicBool::new(false));
    let stream = Wire { stream, reset: Arc::clone(&reset) };
    let service = service_fn(|request: Request<Incoming>| {
        let (hub, tasks, stop, hang_up, reset) = (hub.clone(), tasks.clone(), stop.clone(), hang_up.clone(), Arc::clone(&reset));
        async move {
            match answer(hub, request.map(Body::new), peer, &tasks, stop).await {
                Ok(response) => Ok::<_, Infallible>(response),
                Err(end) => {
                    reset.store(end == End::Reset, Ordering::Relaxed);
                    hang_up.cancel();
                    std::future::pending().await
                }
            }
        }
    });
    let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades();
    tokio::pin!(connection);
    // Dropping the connection is what hanging up means.
    tokio::select! {
        () = hang_up.cancelled() => {}
        () = stop.cancelled() => {}
        served = &mut connection => if let Err(error) = served {
            tracing::debug!(%error, "a connection ended early");
        },
    }
}

/// How a connection ends in the middle of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    HangUp,
    Reset,
}

/// Leads a request to its door; an [`End`] asks for the connection to be dropped.
async fn answer(
    hub: Arc<Hub>,
    request: Request<Body>,
    peer: SocketAddr,
    tasks: &TaskTracker,
    stop: CancellationToken,
) -> Result<Response<Body>, End> {
    let path = request.uri().path().to_owned();
    if path == "/gateway" || path == "/gateway/" {
        if let Some(outcome) = rest::meet_at_gateway(&hub).await {
            return outcome.map(response).ok_or(End::HangUp);
        }
        return Ok(gateway::upgrade(hub, request, tasks, stop));
    }
    if path.starts_with("/attachments/") {
        return Ok(rest::serve_file(&hub, &path));
    }
    let below_api = path.strip_prefix("/api").map(|rest| rest.strip_prefix("/v10").unwrap_or(rest));
    if below_api.is_none() && !is_own_name(&request) {
        return Ok(response(Reply::text(
            421,
            "The local Discord shows itself under an IP address or as localhost only, so that no web page can pretend to be it.",
        )));
    }
    let own = path.starts_with("/sandbox/").then_some(path.as_str());
    if control::is_here(&path) {
        return Ok(control::answer(&hub, &request));
    }
    let Some(rest_path) = below_api.or(own) else {
        return Ok(page::answer(hub, &request, stop));
    };
    let trusted = peer.ip().is_loopback() && !request.headers().contains_key(header::ORIGIN) && is_own_name(&request);
    let ask = Ask { trusted, ..ask(rest_path.to_owned(), request).await };
    match rest::handle(&hub, ask).await {
        Outcome::Reply(reply) => Ok(response(reached(reply))),
        Outcome::Spoilt(reply, spoiling) => Ok(spoilt(reached(reply), spoiling)),
        Outcome::HangUp => Err(End::HangUp),
        Outcome::Reset => Err(End::Reset),
    }
}

/// An answer that got as far as Discord itself says so; one of the proxy in front of it, which speaks no JSON, does not. Some clients take a
/// 429 without this header for a ban.
fn reached(mut reply: Reply) -> Reply {
    if !matches!(reply.body, ReplyBody::Text { .. }) {
        reply.header("via", "1.1 google");
    }
    reply
}

/// Whether the request names this server by an address or as localhost. A name that somebody else controls could be made to point here.
fn is_own_name(request: &Request<Body>) -> bool {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit())).map_or(host, |(name, _)| name);
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<IpAddr>().is_ok() || bare == "localhost" || bare.ends_with(".localhost")
}

async fn ask(path: String, request: Request<Body>) -> Ask {
    let ask = without_body(path, &request);
    Ask { body: rest::read_body(request).await, ..ask }
}

fn without_body(path: String, request: &Request<Body>) -> Ask {
    let header = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let interesting = [header::USER_AGENT, header::CONTENT_TYPE, HeaderName::from_static("x-audit-log-reason")];
    Ask {
        method: request.method().to_string(),
        path,
        query: request.uri().query().unwrap_or_default().to_owned(),
        authorization: header(header::AUTHORIZATION),
        headers: interesting.into_iter().filter_map(|name| Some((name.to_string(), header(name)?))).collect(),
        ..Ask::default()
    }
}

/// The answer with its body as trouble wants it: cut short, or slow.
fn spoilt(reply: Reply, spoiling: Spoiling) -> Response<Body> {
    let bytes = match &reply.body {
        ReplyBody::Empty => Vec::new(),
        ReplyBody::Json(body) => body.to_string().into_bytes(),
        ReplyBody::Text { text, .. } => text.clone().into_bytes(),
    };
    let mut response = response(reply);
    response.headers_mut().insert(header::CONTENT_LENGTH, bytes.len().into());
    *response.body_mut() = match spoiling {
        Spoiling::Cut(kept) => {
            let kept = bytes[..kept.min(bytes.len().saturating_sub(1))].to_vec();
            let broken = async {
                // What was kept is on its way before the connection breaks.
                tokio::time::sleep(FLUSHED).await;
                Err(io::Error::from(io::ErrorKind::ConnectionAborted))
            };
            Body::from_stream(stream::once(async { Ok(kept) }).chain(stream::once(broken)))
        }
        Spoiling::Slow(each) => Body::from_stream(stream::iter(bytes).then(move |byte| async move {
            tokio::time::sleep(each).await;
            Ok::<_, Infallible>(vec![byte])
        })),
    };
    response
}

fn response(reply: Reply) -> Response<Body> {
    let (content_type, body) = match reply.body {
        ReplyBody::Empty => (None, Body::empty()),
        ReplyBody::Json(body) => (Some("application/json"), Body::from(body.to_string())),
        ReplyBody::Text { content_type, text } => (Some(content_type), Body::from(text)),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(content_type) = content_type {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    for (name, value) in reply.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
