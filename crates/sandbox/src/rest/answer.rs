//! An answer, on its way back.

use serde_json::Value;

use crate::{
    limits::{Verdict, bucket::Standing},
    refusal::Refusal,
};

/// An answer to a request.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: ReplyBody,
}

/// The body of an answer.
#[derive(Clone, Debug)]
pub(crate) enum ReplyBody {
    Empty,
    Json(Value),
    Text { content_type: &'static str, text: String },
}

impl Reply {
    pub(crate) fn json(body: Value) -> Self {
        Self::with_status(200, body)
    }

    pub(crate) fn with_status(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: ReplyBody::Json(body) }
    }

    /// 204.
    pub(crate) fn nothing() -> Self {
        Self { status: 204, headers: Vec::new(), body: ReplyBody::Empty }
    }

    pub(crate) fn text(status: u16, text: &str) -> Self {
        Self { status, headers: Vec::new(), body: ReplyBody::Text { content_type: "text/plain; charset=utf-8", text: text.to_owned() } }
    }

    pub(crate) fn refused(refusal: &Refusal) -> Self {
        Self::with_status(refusal.status, refusal.body())
    }

    pub(crate) fn header(&mut self, name: &str, value: impl std::fmt::Display) {
        self.headers.push((name.to_owned(), value.to_string()));
    }

    /// The body for the log: JSON, or null.
    pub(crate) fn json_body(&self) -> Value {
        match &self.body {
            ReplyBody::Json(body) => body.clone(),
            ReplyBody::Empty | ReplyBody::Text { .. } => Value::Null,
        }
    }

    /// The answer that the limits give instead of the route, if they refuse.
    pub(crate) fn limited(verdict: &Verdict) -> Option<Self> {
        match verdict {
            Verdict::Pass(_) => None,
            Verdict::Wait { standing, global } => {
                let retry_after = seconds(standing.reset_after_ms);
                let mut reply = Self::with_status(
                    429,
                    serde_json::json!({"message": "You are being rate limited.", "retry_after": retry_after, "global": global}),
                );
                reply.header("retry-after", whole_seconds(standing.reset_after_ms));
                reply.header("x-ratelimit-scope", if *global { "global" } else { "user" });
                if *global {
                    reply.header("x-ratelimit-global", true);
                } else {
                    reply.show_standing(standing);
                }
                Some(reply)
            }
            // The proxy in front of Discord speaks no JSON.
            Verdict::Banned { retry_after_ms } => {
                let text = "<!doctype html><html><head><title>Access denied</title></head><body><h1>Error 1015</h1><p>You are being rate limited.</p></body></html>".to_owned();
                let mut reply =
                    Self { status: 429, headers: Vec::new(), body: ReplyBody::Text { content_type: "text/html; charset=UTF-8", text } };
                reply.header("retry-after", whole_seconds(*retry_after_ms));
                reply.header("server", "cloudflare");
                Some(reply)
            }
        }
    }

    /// The answer to a request too many for a resource that all share, of which no header warned before.
    pub(crate) fn shared_limit(retry_after_ms: i64) -> Self {
        let body =
            serde_json::json!({"message": "The resource is being rate limited.", "retry_after": seconds(retry_after_ms), "global": false});
        let mut reply = Self::with_status(429, body);
        reply.header("retry-after", whole_seconds(retry_after_ms));
        reply.header("x-ratelimit-scope", "shared");
        reply
    }

    /// Whether it refuses because of a limit that all share: such refusals lead to no ban.
    pub(crate) fn is_shared_limit(&self) -> bool {
        self.status == 429 && self.headers.iter().any(|(name, value)| name == "x-ratelimit-scope" && value == "shared")
    }

    /// The headers that tell how the bucket stands.
    pub(crate) fn show_standing(&mut self, standing: &Standing) {
        self.header("x-ratelimit-limit", standing.bucket.limit);
        self.header("x-ratelimit-remaining", standing.remaining);
        self.header("x-ratelimit-reset", format!("{:.3}", seconds(standing.reset_ms)));
        self.header("x-ratelimit-reset-after", format!("{:.3}", seconds(standing.reset_after_ms)));
        self.header("x-ratelimit-bucket", standing.bucket.hash());
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit into the 52 bits of a double for a long time yet")]
fn seconds(ms: i64) -> f64 {
    ms as f64 / 1_000.0
}

/// `Retry-After` is in whole seconds, rounded up.
fn whole_seconds(ms: i64) -> i64 {
    (ms + 999) / 1_000
}
