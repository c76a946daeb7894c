//! The chat page.

use axum::{
    body::Body,
    http::{Request, Response},
};
use tokio_util::sync::CancellationToken;

use crate::hub::Hub;

/// Answers a request for the page.
pub(crate) fn answer(_hub: &Hub, _request: &Request<Body>, _stop: CancellationToken) -> Response<Body> {
    Response::new(Body::from("local Discord"))
}
