//! Why there is no whole answer, in words for people and in what decides whether the same may be asked again.

use std::{error::Error, time::Duration};

use chrono::DateTime;
use reqwest::{
    Response, StatusCode,
    header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, RETRY_AFTER},
};

use super::{Endpoint, stream};

/// The longest wait that is kept when an endpoint asks for it; the task's time limit goes on meanwhile.
pub(super) const MAX_WAIT: Duration = Duration::from_secs(30);

const TOO_LONG: &str = "the conversation has grown too long for the model";

/// Why there is no whole answer.
#[derive(Debug)]
pub(in crate::agents) struct Failure {
    /// A sentence, without the key.
    pub(in crate::agents) why: String,
    /// As HTTP has it, where the endpoint refused.
    pub(in crate::agents) status: Option<u16>,
    /// The same request may succeed later.
    pub(super) again: bool,
    /// The wait that the endpoint asks for.
    pub(in crate::agents) wait: Option<Duration>,
}

impl Failure {
    pub(in crate::agents) fn of(why: impl Into<String>) -> Self {
        Self { why: why.into(), status: None, again: false, wait: None }
    }

    pub(super) fn once_more(why: String) -> Self {
        Self { again: true, ..Self::of(why) }
    }

    /// Something of the answer is missing, and nobody knows what: it may be the word "not".
    pub(super) fn not_whole(unreadable: u32) -> Self {
        Self::once_more(format!("the answer is not whole: {unreadable} of its events could not be read"))
    }

    /// The endpoint is another one than was thought: asked again, it would say the same.
    pub(super) fn no_stream(endpoint: &Endpoint, what: &str) -> Self {
        Self::of(format!("the endpoint at {} answered with {what} instead of a stream of events (LLM_BASE_URL)", endpoint.host()))
    }

    pub(super) fn transport(endpoint: &Endpoint, error: reqwest::Error) -> Self {
        if error.is_timeout() && !error.is_connect() {
            return Self::of(format!("nothing came from the model for {} s", endpoint.idle.as_secs()));
        }
        // An address that is none stays none.
        let again = !error.is_builder();
        let why = format!("{} can't be reached: {}", endpoint.shown(), spelled_out(&error.without_url()));
        Self { again, ..Self::of(why) }
    }

    /// What a number and a body say; `has_tools`: some were offered, `is_first`: none has been used yet.
    pub(super) async fn refused(response: Response, has_tools: bool, is_first: bool) -> Self {
        let status = response.status();
        let wait = wait(response.headers());
        let body = response.bytes().await.unwrap_or_default();
        let said = stream::error_text(&body);
        let colon = if said.is_empty() { "" } else { ": " };
        let body = String::from_utf8_lossy(&body).to_lowercase();
        let meaning = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "the model key was refused",
            StatusCode::PAYMENT_REQUIRED => "the account of the model key has no money left",
            StatusCode::TOO_MANY_REQUESTS => "the model's provider asks to wait",
            status if status.is_server_error() => "the model's provider failed",
            StatusCode::PAYLOAD_TOO_LARGE => TOO_LONG,
            _ if tells(&body, &["context_length", "context length", "context window", "maximum context", "too long"]) => TOO_LONG,
            _ if has_tools && is_first && tells(&body, &["tool", "function"]) => {
                "the endpoint does not let this model use tools: take another model, or LLM_TOOLS=none"
            }
            StatusCode::NOT_FOUND => "the endpoint knows no such model or address",
            _ => "the request was refused",
        };
        let again = is_passing(status.as_u16());
        // In words too: who reads nothing else knows from them when there is a quota again.
        let when = wait.filter(|wait| again && *wait > MAX_WAIT).map(|wait| format!("; try again in {} seconds", wait.as_secs()));
        let why = format!("{meaning} (HTTP {}){colon}{said}{}", status.as_u16(), when.unwrap_or_default());
        Self { why, status: Some(status.as_u16()), again, wait }
    }
}

/// What the body of an answer is said to be, where it is said to be no stream of events.
pub(super) fn other_kind(response: &Response) -> Option<String> {
    let kind = header(response.headers(), &CONTENT_TYPE).map(|kind| kind.split(';').next().unwrap_or_default().trim().to_lowercase());
    match kind {
        Some(kind) if kind == "text/event-stream" => None,
        Some(kind) if !kind.is_empty() => Some(kind.chars().take(80).collect()),
        _ => Some("something unnamed".to_owned()),
    }
}

/// The wait that is asked for: seconds, or a time of the endpoint's own clock, which need not be ours.
fn wait(headers: &HeaderMap) -> Option<Duration> {
    let asked = header(headers, &RETRY_AFTER)?;
    let time = |text: &str| DateTime::parse_from_rfc2822(text).ok();
    let until = || (time(asked)? - time(header(headers, &DATE)?)?).to_std().ok();
    asked.parse().map(Duration::from_secs).ok().or_else(until)
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn tells(body: &str, words: &[&str]) -> bool {
    words.iter().any(|word| body.contains(word))
}

/// Whether what was refused with this number may be granted later.
pub(super) fn is_passing(status: u16) -> bool {
    status == 429 || (500..600).contains(&status)
}

/// An error with its causes: the outermost sentence alone says nothing.
pub(super) fn spelled_out(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.last().map_or_else(|| error.to_string(), ToString::to_string)
}
