//! Turns the HTTP request for the gateway into a WebSocket.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{Request, Response, StatusCode, header},
};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{handshake::derive_accept_key, protocol::Role},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    connection::{self, Wire},
    packing::Packing,
};
use crate::hub::Hub;

/// Answers the request and serves the connection in a task of its own.
pub(crate) fn upgrade(hub: Arc<Hub>, mut request: Request<Body>, tasks: &TaskTracker, stop: CancellationToken) -> Response<Body> {
    let header =
        |name| request.headers().get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok()).unwrap_or_default().to_owned();
    let wants_socket = header(header::UPGRADE).eq_ignore_ascii_case("websocket");
    let key = header(header::SEC_WEBSOCKET_KEY);
    if !wants_socket || key.is_empty() || header(header::SEC_WEBSOCKET_VERSION) != "13" {
        return plain(StatusCode::BAD_REQUEST, "This is the gateway: it speaks WebSocket version 13.");
    }
    let query = request.uri().query().unwrap_or_default().to_owned();
    let asked = |name: &str| {
        query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
    };
    if asked("encoding").is_some_and(|encoding| encoding != "json") {
        tracing::warn!(query, "the local Discord speaks JSON only");
        return plain(StatusCode::BAD_REQUEST, "The local Discord speaks encoding=json only.");
    }
    let Some(packing) = Packing::asked(asked("compress").as_deref()) else {
        return plain(StatusCode::BAD_REQUEST, "The gateway compresses as compress=zlib-stream or compress=zstd-stream.");
    };
    let version = asked("v").unwrap_or_else(|| "10".to_owned());
    let upgraded = hyper::upgrade::on(&mut request);
    tasks.spawn(async move {
        match upgraded.await {
            Ok(stream) => {
                let socket = WebSocketStream::from_raw_socket(TokioIo::new(stream), Role::Server, None).await;
                connection::serve(hub, Wire { socket, packing }, &version, stop).await;
            }
            Err(error) => tracing::debug!(%error, "a gateway connection broke before it began"),
        }
    });
    let mut response = plain(StatusCode::SWITCHING_PROTOCOLS, "");
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, axum::http::HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, axum::http::HeaderValue::from_static("websocket"));
    if let Ok(accept) = derive_accept_key(key.as_bytes()).parse() {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}
