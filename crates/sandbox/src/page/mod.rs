//! The chat page: a window into the world for a person with a browser.
//!
//! Comes in: requests for the page and its parts. Goes out: HTML, events, and the files that make it look and move. What a person does goes through the REST interface like
//! everybody else's requests; nothing is changed here.

mod attachment;
mod channels;
mod component;
mod embed;
mod files;
mod forum;
mod gist;
mod guide;
mod html;
mod live;
mod log;
mod markdown;
mod members;
mod menu;
mod message;
mod panel;
mod shell;
mod system;
mod viewer;

use std::{collections::BTreeMap, str::FromStr, sync::Arc};

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header},
};
use tokio_util::sync::CancellationToken;

pub(crate) use self::html::{escape, push};
use self::{log::Part, shell::Taste, viewer::Viewer};
use crate::{guide::Guide, hub::Hub, rest::parse_query};

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
/// Nothing from elsewhere, nothing inline, no frames: what somebody writes can't become code.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// Answers a request for the page or a part of it.
pub(crate) fn answer(hub: Arc<Hub>, request: &Request<Body>, stop: CancellationToken) -> Response<Body> {
    let (mut path, mut query) = (request.uri().path(), parse_query(request.uri().query().unwrap_or_default()));
    if let Some((channel, message)) = html::place(path) {
        // A link as Discord makes it.
        path = "/";
        query.insert("channel".to_owned(), channel.to_string());
        query.extend(message.map(|message| ("message".to_owned(), message.to_string())));
    }
    if let Some(person) = shell::last_person(request.headers()).filter(|_| path == "/") {
        query.entry("as".to_owned()).or_insert_with(|| person.to_owned());
    }
    if request.method() != Method::GET {
        return secured(StatusCode::METHOD_NOT_ALLOWED, HTML, "This can only be read.".to_owned());
    }
    if let Some((content_type, text)) = files::find(path) {
        return secured(StatusCode::OK, content_type, text.to_owned());
    }
    if path == "/page/events" {
        return live::answer(hub, query, stop);
    }
    let taste = Taste::of(request.headers());
    let Some((content_type, render)) = part(path) else {
        let text = "<!doctype html><title>Not found</title><p>There is nothing here. The chat is at <a href=\"/\">the front page</a>.";
        return secured(StatusCode::NOT_FOUND, HTML, text.to_owned());
    };
    let asked = Asked { query: &query, taste, guide: hub.options.guide.as_ref() };
    let rendered = hub.read(|world| {
        let online = hub.sessions().online();
        Viewer::new(world, &online, &query).map(|viewer| render(viewer, &asked))
    });
    match rendered {
        Some(text) => secured(StatusCode::OK, content_type, text),
        None => secured(StatusCode::NOT_FOUND, HTML, "There is no person in this world.".to_owned()),
    }
}

/// What is asked for besides the person and the place.
struct Asked<'a> {
    query: &'a BTreeMap<String, String>,
    taste: Taste,
    guide: Option<&'a Guide>,
}

impl Asked<'_> {
    fn number<T: FromStr>(&self, key: &str) -> Option<T> {
        self.query.get(key).and_then(|number| number.parse().ok())
    }

    /// How far the browser has come in the guide.
    fn reached(&self) -> guide::Reached {
        guide::Reached { step: self.number("step").unwrap_or(0), began: self.number("began"), since: self.number("since") }
    }
}

/// Renders the page or a part of it.
type Render = fn(Viewer<'_>, &Asked<'_>) -> String;

/// What a path shows, and of which type that is.
fn part(path: &str) -> Option<(&'static str, Render)> {
    let known: (&str, Render) = match path {
        "/" => (HTML, |viewer, asked| shell::page(viewer, asked.taste, Part::of(asked.query))),
        "/page/messages" => (HTML, |viewer, asked| log::messages(viewer, Part::of(asked.query))),
        "/page/channels" => (HTML, |viewer, _| channels::list(viewer)),
        "/page/members" => (HTML, |viewer, _| members::list(viewer)),
        "/page/member" => (HTML, |viewer, asked| members::card(viewer, asked.number("user"))),
        "/page/threads" => (HTML, |viewer, _| panel::threads(viewer)),
        "/page/pins" => (HTML, |viewer, _| panel::pins(viewer)),
        "/page/menu" => (JSON, |viewer, _| menu::choices(viewer).to_string()),
        "/page/guide" => (JSON, |viewer, asked| guide::step(viewer, asked.guide, asked.reached()).to_string()),
        _ => return None,
    };
    Some(known)
}

/// A response that no browser takes for anything else, and that can load nothing from elsewhere.
pub(crate) fn secured(status: StatusCode, content_type: &'static str, text: String) -> Response<Body> {
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
