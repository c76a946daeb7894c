//! Reads the body of an HTTP request: JSON, or a form of several parts with files.

use axum::{
    body::{Body as HttpBody, Bytes},
    extract::{DefaultBodyLimit, FromRequest, Multipart},
    http::{Request, header},
};
use futures_util::StreamExt;
use serde_json::Value;

use super::ask::Body;
use crate::{refusal::Refusal, world::draft::Upload};

/// Most bytes in one request. Source: Discord developer documentation, "Create Message".
pub(crate) const MAX_REQUEST_BYTES: usize = 25 * 1024 * 1024;
/// A request that is larger than this is not even read to its end.
const PATIENCE_BYTES: usize = 8 * MAX_REQUEST_BYTES;

/// Reads a body; what is wrong with it is told in it.
pub(crate) async fn read(request: Request<HttpBody>) -> Body {
    match parse(request).await {
        Ok(body) => body,
        Err(problem) => Body { problem: Some(problem), ..Body::default() },
    }
}

async fn parse(request: Request<HttpBody>) -> Result<Body, Refusal> {
    let (parts, body) = request.into_parts();
    let bytes = collect(body).await?;
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content_type.starts_with("multipart/form-data") {
        return Ok(Body { json: json(&bytes)?, ..Body::default() });
    }
    let mut request = Request::from_parts(parts, HttpBody::from(bytes));
    DefaultBodyLimit::disable().apply(&mut request);
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| Refusal::invalid_json())?;
    let mut read = Body::default();
    while let Some(part) = form.next_field().await.map_err(|_| Refusal::invalid_json())? {
        let name = part.name().unwrap_or_default().to_owned();
        let (filename, content_type) = (part.file_name().map(str::to_owned), part.content_type().map(str::to_owned));
        let bytes = part.bytes().await.map_err(|_| Refusal::invalid_json())?;
        if name == "payload_json" {
            read.json = json(&bytes)?;
        } else if let Some(filename) = filename {
            let next = u64::try_from(read.files.len()).unwrap_or(u64::MAX);
            read.files
                .push((file_number(&name).unwrap_or(next), Upload { filename, description: None, content_type, bytes: bytes.to_vec() }));
        } else if let Value::Object(object) = ensure_object(&mut read.json) {
            // The older form: plain fields beside the files.
            object.insert(name, String::from_utf8_lossy(&bytes).into_owned().into());
        }
    }
    ensure_object(&mut read.json);
    Ok(read)
}

async fn collect(body: HttpBody) -> Result<Bytes, Refusal> {
    let (mut stream, mut collected, mut seen) = (body.into_data_stream(), Vec::new(), 0);
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| Refusal::invalid_json())?;
        seen += chunk.len();
        if seen > PATIENCE_BYTES {
            break;
        }
        if seen <= MAX_REQUEST_BYTES {
            collected.extend_from_slice(&chunk);
        }
    }
    if seen > MAX_REQUEST_BYTES { Err(Refusal::request_too_large()) } else { Ok(collected.into()) }
}

fn json(bytes: &[u8]) -> Result<Value, Refusal> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Null);
    }
    serde_json::from_slice(bytes).map_err(|_| Refusal::invalid_json())
}

fn ensure_object(value: &mut Value) -> &mut Value {
    if value.is_null() {
        *value = serde_json::json!({});
    }
    value
}

/// The `3` of `files[3]`, of the older `file3`.
fn file_number(name: &str) -> Option<u64> {
    name.strip_prefix("files[")?.strip_suffix(']')?.parse().ok().or_else(|| name.strip_prefix("file")?.parse().ok())
}
