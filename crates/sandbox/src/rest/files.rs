//! The file server: where attachments are fetched from.

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};

use crate::hub::Hub;

/// Serves `/attachments/{channel}/{attachment}/{filename}`. A browser never runs what is in a file: active types come as a download in a sandbox.
pub(crate) fn serve(hub: &Hub, path: &str) -> Response<Body> {
    let mut segments = path.trim_start_matches('/').split('/').skip(1);
    let (channel, id, filename) = (segments.next(), segments.next(), segments.next());
    let found = hub.read(|world| {
        let (channel, id) = (channel?.parse().ok()?, id?.parse().ok()?);
        let attachment = world.attachment(channel, id)?;
        (Some(attachment.filename.as_str()) == filename).then_some(())?;
        Some((attachment.content_type.clone(), world.file(id)?))
    });
    let Some((content_type, bytes)) = found else {
        let mut response = Response::new(Body::from("This content is no longer available."));
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    let mut response = Response::new(Body::from(bytes.to_vec()));
    let headers = response.headers_mut();
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
        (header::CACHE_CONTROL, "private, max-age=3600"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(content_type) = HeaderValue::from_str(&content_type) {
        headers.insert(header::CONTENT_TYPE, content_type);
    }
    let shown = ["text/plain", "image/png", "image/jpeg", "image/gif", "image/webp", "application/json", "application/pdf"];
    if !shown.iter().any(|shown| content_type.starts_with(shown)) {
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    }
    response
}
