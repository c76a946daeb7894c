//! The chat page: a window into the world for a person with a browser.
//!
//! Comes in: requests for the page and its parts. Goes out: HTML, events, and the files that make it look and move. What a person does goes through the REST interface like
//! everybody else's requests; nothing is changed here.

mod attachment;
mod component;
mod embed;
mod html;
mod live;
mod markdown;
mod menu;
mod message;
mod shell;
mod viewer;

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header},
};
use tokio_util::sync::CancellationToken;

use self::viewer::Viewer;
use crate::{hub::Hub, rest::parse_query};

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The files that never change.
const FILES: [(&str, &str, &str); 8] = [
    ("/page/icon.svg", "image/svg+xml", include_str!("icon.svg")),
    ("/page/style.css", "text/css; charset=utf-8", include_str!("style.css")),
    ("/page/app.js", SCRIPT, include_str!("app.js")),
    ("/page/api.js", SCRIPT, include_str!("api.js")),
    ("/page/messages.js", SCRIPT, include_str!("messages.js")),
    ("/page/composer.js", SCRIPT, include_str!("composer.js")),
    ("/page/slash.js", SCRIPT, include_str!("slash.js")),
    ("/page/modal.js", SCRIPT, include_str!("modal.js")),
];

/// Nothing from elsewhere, nothing inline, no frames: what somebody writes can't become code.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// Answers a request for the page or a part of it.
pub(crate) fn answer(hub: Arc<Hub>, request: &Request<Body>, stop: CancellationToken) -> Response<Body> {
    let (path, query) = (request.uri().path(), parse_query(request.uri().query().unwrap_or_default()));
    if request.method() != Method::GET {
        return secured(StatusCode::METHOD_NOT_ALLOWED, HTML, "This can only be read.".to_owned());
    }
    if let Some((_, content_type, text)) = FILES.iter().find(|(known, _, _)| *known == path) {
        return secured(StatusCode::OK, content_type, (*text).to_owned());
    }
    if path == "/page/events" {
        return live::answer(hub, query, stop);
    }
    let render: fn(Viewer<'_>, &std::collections::BTreeMap<String, String>) -> String = match path {
        "/" => |viewer, _| shell::page(viewer),
        "/page/messages" => |viewer, query| shell::messages(viewer, query.get("before").and_then(|id| id.parse().ok())),
        "/page/channels" => |viewer, _| shell::channels(viewer),
        "/page/menu" => |viewer, _| menu::choices(viewer).to_string(),
        _ => {
            return secured(
                StatusCode::NOT_FOUND,
                HTML,
                "<!doctype html><title>Not found</title><p>There is nothing here. The chat is at <a href=\"/\">the front page</a>."
                    .to_owned(),
            );
        }
    };
    let content_type = if path == "/page/menu" { "application/json" } else { HTML };
    match hub.read(|world| Viewer::new(world, &query).map(|viewer| render(viewer, &query))) {
        Some(text) => secured(StatusCode::OK, content_type, text),
        None => secured(StatusCode::NOT_FOUND, HTML, "There is no person in this world.".to_owned()),
    }
}

fn secured(status: StatusCode, content_type: &'static str, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let fixed = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
