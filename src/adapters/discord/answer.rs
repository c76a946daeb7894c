//! What an answer, or its absence, means: the classification of [`ChatError`], in one place.

use std::time::Duration;

use orchestrator_core::ports::chat::ChatError;
use reqwest::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::pace::Pace;

/// Discord's words are cut after so many characters.
const WORDS_KEPT: usize = 300;

/// A read answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// What a success says.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, ChatError> {
        serde_json::from_slice(&self.body)
            .map_err(|error| ChatError::Unknown { reason: format!("HTTP {}, but {}", self.status.as_u16(), unreadable(&error)) })
    }
}

/// Says what is wrong with an answer's shape without repeating what stands in it.
fn unreadable(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Eof => "the answer ends too early".to_owned(),
        serde_json::error::Category::Data => format!("the answer lacks something at column {}", error.column()),
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "the answer is no JSON".to_owned(),
    }
}

/// An answer that is no success.
pub(super) fn refused(status: StatusCode, body: Option<&Value>, pace: &Pace) -> ChatError {
    let (code, message) = words(status, body);
    match status.as_u16() {
        401 => ChatError::Unauthorized,
        403 => ChatError::Forbidden { code, message },
        404 => ChatError::NotFound { code, message },
        429 => ChatError::RateLimited { retry_after: pace.refusal.map_or(Duration::ZERO, |refusal| refusal.wait) },
        status @ 500..=599 => ChatError::Unavailable { status },
        // Discord's own refusals of a request name a code. Without one it was something on the way there, which says nothing of the request.
        400 if !body.is_some_and(|body| body["code"].is_u64()) => ChatError::Unavailable { status: 400 },
        status @ 300..=399 => ChatError::Invalid {
            status,
            code,
            message: "it answers with a redirect, which is not followed; is DISCORD_API_BASE right?".to_owned(),
        },
        status => ChatError::Invalid { status, code, message },
    }
}

/// No answer was read. What the URL held is not repeated: it may hold a token.
pub(super) fn lost(error: reqwest::Error) -> ChatError {
    let not_sent = error.is_connect() || error.is_builder() || error.is_request() && error.is_timeout() && error.is_connect();
    let timed_out = error.is_timeout();
    let reason = deepest(&error.without_url());
    match (not_sent, timed_out) {
        (true, true) => ChatError::NotSent { reason: "no connection within the time for it".to_owned() },
        (true, false) => ChatError::NotSent { reason },
        (false, true) => ChatError::Unknown { reason: "no answer within the time for it".to_owned() },
        (false, false) => ChatError::Unknown { reason },
    }
}

/// The innermost reason: `connection refused` says more than `error sending request`.
fn deepest(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    cut(&deepest.to_string())
}

fn words(status: StatusCode, body: Option<&Value>) -> (u32, String) {
    let code = body.and_then(|body| body["code"].as_u64()).and_then(|code| u32::try_from(code).ok()).unwrap_or(0);
    let said = body.and_then(|body| body["message"].as_str()).map(str::trim).filter(|said| !said.is_empty());
    let mut message = said.map_or_else(|| status.canonical_reason().unwrap_or("no words").to_owned(), str::to_owned);
    // Which field is meant, where Discord says so.
    if let Some(errors) = body.and_then(|body| body.get("errors")).filter(|errors| !errors.is_null()) {
        message = format!("{message}: {errors}");
    }
    (code, cut(&message))
}

fn cut(text: &str) -> String {
    let mut chars = text.chars();
    let mut kept: String = chars.by_ref().take(WORDS_KEPT).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if chars.next().is_some() {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(status: u16, body: Option<&Value>) -> ChatError {
        refused(StatusCode::from_u16(status).unwrap(), body, &Pace::default())
    }

    #[test]
    fn a_refusal_keeps_discords_code_and_words_and_the_field_that_is_meant() {
        let body =
            json!({"code": 50035, "message": "Invalid Form Body", "errors": {"content": {"_errors": [{"code": "BASE_TYPE_MAX_LENGTH"}]}}});

        let ChatError::Invalid { status: 400, code: 50035, message } = refusal(400, Some(&body)) else { panic!("it is Invalid") };

        assert_eq!(message, r#"Invalid Form Body: {"content":{"_errors":[{"code":"BASE_TYPE_MAX_LENGTH"}]}}"#);
    }

    #[test]
    fn an_answer_without_json_still_has_its_meaning() {
        assert_eq!(refusal(502, None), ChatError::Unavailable { status: 502 });
        assert_eq!(refusal(400, None), ChatError::Unavailable { status: 400 });
        assert_eq!(refusal(401, None), ChatError::Unauthorized);
        assert_eq!(refusal(403, None), ChatError::Forbidden { code: 0, message: "Forbidden".to_owned() });
        assert!(matches!(refusal(302, None), ChatError::Invalid { status: 302, .. }));
    }

    #[test]
    fn words_are_cut_and_hold_no_control_characters() {
        let body = json!({"message": format!("a\u{1b}[31m{}", "x".repeat(900))});

        let ChatError::NotFound { message, .. } = refusal(404, Some(&body)) else { panic!("it is NotFound") };

        assert_eq!(message.chars().count(), WORDS_KEPT + 1);
        assert!(message.starts_with("a [31mx"));
    }
}
