//! The control page: who is in the world, with which tokens, what was asked last, and the commonest troubles, to be turned on and off.
//!
//! Comes in: requests for the page and its parts. Goes out: HTML. What is done on it goes through the routes under `/sandbox/`, like a script's requests.

mod people;
mod requests;
mod servers;
mod troubles;

use axum::{
    body::Body,
    http::{Method, Request, Response, StatusCode},
};

use crate::{hub::Hub, page};

const HTML: &str = "text/html; charset=utf-8";

/// Whether the path is the control page's.
pub(crate) fn is_here(path: &str) -> bool {
    path == "/control" || path.starts_with("/control/")
}

/// Answers a request for the page or a part of it.
pub(crate) fn answer(hub: &Hub, request: &Request<Body>) -> Response<Body> {
    if request.method() != Method::GET {
        return page::secured(StatusCode::METHOD_NOT_ALLOWED, HTML, "This can only be read.".to_owned());
    }
    match request.uri().path() {
        "/control" | "/control/" => page::secured(StatusCode::OK, HTML, whole(hub)),
        "/control/requests" => page::secured(StatusCode::OK, HTML, requests::rows(hub)),
        "/control/control.css" => page::secured(StatusCode::OK, "text/css; charset=utf-8", include_str!("control.css").to_owned()),
        "/control/control.js" => page::secured(StatusCode::OK, "text/javascript; charset=utf-8", include_str!("control.js").to_owned()),
        _ => page::secured(
            StatusCode::NOT_FOUND,
            HTML,
            "<!doctype html><title>Not found</title><p>There is nothing here. <a href=\"/control\">Control is one step up</a>.".to_owned(),
        ),
    }
}

/// The whole page. It acts as the first guild's owner, who may do everything.
fn whole(hub: &Hub) -> String {
    let shown = hub.read(|world| {
        let online = |id| hub.sessions().is_online(id);
        let token = world.user(world.guild().owner).map(|owner| page::escape(&owner.token)).unwrap_or_default();
        (token, servers::section(world), people::people(world), people::bots(world, online))
    });
    let (token, servers, people, bots) = shown;
    format!(
        include_str!("control.html"),
        base = page::escape(&hub.base_url),
        token = token,
        servers = servers,
        people = people,
        bots = bots,
        troubles = troubles::section(&hub.trouble().going_on()),
        requests = requests::rows(hub),
    )
}
