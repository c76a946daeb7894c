//! What an answer says about limits, read from its headers and body. Nothing in it is trusted to be well-formed.

use std::time::Duration;

use chrono::DateTime;
use reqwest::{StatusCode, header::HeaderMap};
use serde_json::Value;

/// The pause after a refusal that does not say for how long.
pub(super) const UNSAID_PAUSE: Duration = Duration::from_secs(5);
/// The pause after a refusal that does not come from Discord's API but from what stands before it: a ban of the address.
pub(super) const BAN_PAUSE: Duration = Duration::from_secs(60);
/// No pause is longer, whatever an answer says.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// What an answer says about limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pace {
    /// The name of the limit that the request counted for.
    pub(super) bucket: Option<String>,
    pub(super) window: Option<Said>,
    /// It was refused (429).
    pub(super) refusal: Option<Refusal>,
}

/// The state of the limit, where the answer has all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) limit: u32,
    pub(super) remaining: u32,
    pub(super) ends_in: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) wait: Duration,
    pub(super) scope: Scope,
}

/// Whose limit was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    User,
    /// A resource's, by somebody else too: not held against us.
    Shared,
    Global,
}

impl Pace {
    /// Reads an answer; `body` as JSON, if it was that.
    pub(super) fn read(status: StatusCode, headers: &HeaderMap, body: Option<&Value>) -> Self {
        let ends_in = seconds(text(headers, "x-ratelimit-reset-after")).or_else(|| until_reset(headers));
        let number = |name| text(headers, name).and_then(|text| text.parse().ok());
        let window = match (number("x-ratelimit-limit"), number("x-ratelimit-remaining"), ends_in) {
            (Some(limit), Some(remaining), Some(ends_in)) => Some(Said { limit, remaining, ends_in }),
            _ => None,
        };
        let refusal = (status == StatusCode::TOO_MANY_REQUESTS).then(|| refusal(headers, body, ends_in));
        // A refusal's own window is not believed: in Discord's documentation one has nine requests left.
        let window = window.filter(|_| refusal.is_none());
        Self { bucket: text(headers, "x-ratelimit-bucket").filter(|name| !name.is_empty()).map(str::to_owned), window, refusal }
    }
}

fn refusal(headers: &HeaderMap, body: Option<&Value>, ends_in: Option<Duration>) -> Refusal {
    let scope = text(headers, "x-ratelimit-scope").unwrap_or_default();
    let global = headers.contains_key("x-ratelimit-global")
        || scope.eq_ignore_ascii_case("global")
        || body.is_some_and(|body| body["global"].as_bool() == Some(true));
    let scope = match body {
        _ if global => Scope::Global,
        // Without JSON it is not Discord's API that speaks, but what stands before it, and that is closed as a whole.
        None => Scope::Global,
        Some(_) if scope.eq_ignore_ascii_case("shared") => Scope::Shared,
        Some(_) => Scope::User,
    };
    let said = [
        text(headers, "retry-after").and_then(|given| seconds(Some(given)).or_else(|| until_date(headers, given))),
        body.and_then(|body| body["retry_after"].as_f64()).and_then(duration),
        ends_in,
    ];
    let unsaid = if body.is_some() { UNSAID_PAUSE } else { BAN_PAUSE };
    Refusal { wait: said.into_iter().flatten().max().unwrap_or(unsaid), scope }
}

/// The absolute end of a window, measured by the answer's own date: our clock may be wrong.
fn until_reset(headers: &HeaderMap) -> Option<Duration> {
    let end: f64 = text(headers, "x-ratelimit-reset")?.parse().ok()?;
    let now = DateTime::parse_from_rfc2822(text(headers, "date")?).ok()?.timestamp();
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are exact in an f64 for longer than the sun shines")]
    duration(end - now as f64)
}

/// An HTTP date, measured by the answer's own date.
fn until_date(headers: &HeaderMap, given: &str) -> Option<Duration> {
    let then = DateTime::parse_from_rfc2822(given).ok()?;
    let now = DateTime::parse_from_rfc2822(text(headers, "date")?).ok()?;
    (then - now).to_std().ok().map(|wait| wait.min(LONGEST_PAUSE))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn seconds(given: Option<&str>) -> Option<Duration> {
    duration(given?.parse().ok()?)
}

fn duration(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok().map(|wait| wait.min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};
    use serde_json::json;

    use super::*;

    fn read(status: u16, headers: &[(&'static str, &str)], body: Option<&Value>) -> Pace {
        let headers = headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())).collect();
        Pace::read(StatusCode::from_u16(status).unwrap(), &headers, body)
    }

    fn wait(headers: &[(&'static str, &str)], body: Option<&Value>) -> Refusal {
        read(429, headers, body).refusal.expect("a 429 is a refusal")
    }

    #[test]
    fn the_longest_of_the_waits_that_are_named_counts() {
        let body = json!({"message": "You are being rate limited.", "retry_after": 3.5, "global": false});
        let body = || Some(&body);

        assert_eq!(wait(&[("retry-after", "1")], body()).wait, Duration::from_millis(3_500));
        assert_eq!(wait(&[("retry-after", "1337"), ("x-ratelimit-reset-after", "64.57")], body()).wait, Duration::from_secs(1_337));
    }

    #[test]
    fn a_wait_that_can_not_be_read_becomes_a_pause_and_not_a_storm() {
        for given in ["", "soon", "-3", "NaN", "inf", "1e400", "Wed, 21 Oct 2015 07:28:00 GMT"] {
            assert_eq!(wait(&[("retry-after", given)], Some(&json!({"message": "slower"}))).wait, UNSAID_PAUSE, "{given:?}");
        }
    }

    #[test]
    fn a_date_is_measured_by_the_answers_own_date() {
        let headers = [("retry-after", "Wed, 21 Oct 2015 07:28:07 GMT"), ("date", "Wed, 21 Oct 2015 07:28:00 GMT")];

        assert_eq!(wait(&headers, Some(&json!({}))).wait, Duration::from_secs(7));
    }

    #[test]
    fn a_refusal_without_json_closes_everything_for_a_while() {
        assert_eq!(wait(&[], None), Refusal { wait: BAN_PAUSE, scope: Scope::Global });
    }

    #[test]
    fn scopes_are_told_apart() {
        let body = json!({"retry_after": 1});
        let body = || Some(&body);

        assert_eq!(wait(&[("x-ratelimit-scope", "shared")], body()).scope, Scope::Shared);
        assert_eq!(wait(&[("x-ratelimit-scope", "user")], body()).scope, Scope::User);
        assert_eq!(wait(&[("x-ratelimit-global", "true")], body()).scope, Scope::Global);
        assert_eq!(wait(&[], Some(&json!({"retry_after": 1, "global": true}))).scope, Scope::Global);
    }

    #[test]
    fn a_half_told_window_is_no_window() {
        assert_eq!(read(200, &[("x-ratelimit-limit", "5"), ("x-ratelimit-remaining", "4")], None).window, None);
        let told = read(200, &[("x-ratelimit-limit", "5"), ("x-ratelimit-remaining", "4"), ("x-ratelimit-reset-after", "0.25")], None);
        assert_eq!(told.window, Some(Said { limit: 5, remaining: 4, ends_in: Duration::from_millis(250) }));
    }
}
