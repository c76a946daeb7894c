//! Trouble for REST requests: which ones meet it, when, and what happens to them.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;
use serde_json::Value;

use super::effect::{Alteration, Boundary, Effect, Planned};

/// Trouble for requests of bots to one route.
///
/// ```
/// use orchestrator_sandbox::Rule;
///
/// // After one post to #results has passed, the next three are answered with 503.
/// let rule = Rule::on("POST", "/channels/#results/messages").after(1).times(3).answers(503, serde_json::json!({}));
/// # let _ = rule;
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    method: String,
    path: String,
    #[serde(default)]
    body_contains: Option<String>,
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    after: u32,
    #[serde(default = "once")]
    times: Option<u32>,
    #[serde(default)]
    delay_ms: u64,
    #[serde(default)]
    then: Effect,
    #[serde(skip)]
    calls: Option<Boundary>,
}

#[expect(clippy::unnecessary_wraps, reason = "serde asks for the type of the field")]
fn once() -> Option<u32> {
    Some(1)
}

/// A request, as far as rules look at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// The path with channel ids written as `#name`.
    pub(crate) named_path: &'a str,
    /// The route's template, or the path where there is none.
    pub(crate) route: &'a str,
    pub(crate) body: &'a str,
    pub(crate) username: Option<&'a str>,
}

impl Rule {
    /// Trouble for requests with this method (`*` for all) and path, once.
    ///
    /// The method `CONNECT` with the path `/gateway` is for connections to the gateway itself.
    /// The path stands without `/api/v10`. A `*` stands for one segment, `**` at the end for any number, `#results` for the id of that channel.
    #[must_use]
    pub fn on(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            body_contains: None,
            user: None,
            after: 0,
            times: once(),
            delay_ms: 0,
            then: Effect::Pass,
            calls: None,
        }
    }

    /// Only for requests whose body contains this text.
    #[must_use]
    pub fn body_contains(mut self, text: &str) -> Self {
        self.body_contains = Some(text.to_owned());
        self
    }

    /// Only for requests of the bot with this name.
    #[must_use]
    pub fn by(mut self, username: &str) -> Self {
        self.user = Some(username.to_owned());
        self
    }

    /// Lets so many requests pass first.
    #[must_use]
    pub fn after(mut self, requests: u32) -> Self {
        self.after = requests;
        self
    }

    /// For so many requests.
    #[must_use]
    pub fn times(mut self, requests: u32) -> Self {
        self.times = Some(requests);
        self
    }

    /// For all requests from then on.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    /// Waits before anything else happens.
    #[must_use]
    pub fn delays(mut self, delay: Duration) -> Self {
        self.delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self
    }

    /// Answers thus instead of carrying the request out.
    #[must_use]
    pub fn answers(mut self, status: u16, body: Value) -> Self {
        self.then = Effect::Answer { status, body, headers: BTreeMap::new() };
        self
    }

    /// Answers with an error of Discord's own form.
    #[must_use]
    pub fn answers_error(self, status: u16, code: u32, message: &str) -> Self {
        self.answers(status, serde_json::json!({"message": message, "code": code}))
    }

    /// Carries the request out, but answers thus: the effect is there, and the answer says otherwise.
    #[must_use]
    pub fn is_carried_out_but_answers(mut self, status: u16, body: Value) -> Self {
        self.then = Effect::Alter(Alteration { status: Some(status), body: Some(body), ..Alteration::default() });
        self
    }

    /// Carries the request out, and leaves a header of the answer away.
    #[must_use]
    pub fn without_header(self, name: &str) -> Self {
        self.header(name, None)
    }

    /// Adds or replaces a header: of the answer that was given with [`Rule::answers`], or else of the true one.
    #[must_use]
    pub fn with_header(self, name: &str, value: &str) -> Self {
        self.header(name, Some(value))
    }

    fn header(mut self, name: &str, value: Option<&str>) -> Self {
        match (&mut self.then, value) {
            (Effect::Answer { headers, .. }, Some(value)) => drop(headers.insert(name.to_owned(), value.to_owned())),
            (Effect::Answer { headers, .. }, None) => drop(headers.remove(name)),
            (Effect::Alter(alteration), value) => drop(alteration.headers.insert(name.to_owned(), value.map(str::to_owned))),
            (then, value) => {
                *then = Effect::Alter(Alteration {
                    headers: BTreeMap::from([(name.to_owned(), value.map(str::to_owned))]),
                    ..Alteration::default()
                });
            }
        }
        self
    }

    /// Closes the connection without carrying the request out.
    #[must_use]
    pub fn hangs_up(mut self) -> Self {
        self.then = Effect::HangUp;
        self
    }

    /// Carries the request out and closes the connection without an answer.
    #[must_use]
    pub fn loses_answer(mut self) -> Self {
        self.then = Effect::LoseAnswer;
        self
    }

    /// Resets the connection without carrying the request out.
    #[must_use]
    pub fn resets(self) -> Self {
        self.then(Effect::Reset)
    }

    /// Carries the request out and closes the connection after the head and so many bytes of the body.
    #[must_use]
    pub fn truncates(self, bytes: usize) -> Self {
        self.then(Effect::Truncate(bytes))
    }

    /// Carries the request out and lets the body of the answer come byte by byte.
    #[must_use]
    pub fn trickles(self, each: Duration) -> Self {
        self.then(Effect::Trickle(u64::try_from(each.as_millis()).unwrap_or(u64::MAX)))
    }

    /// Never answers, and keeps the connection open; the request is carried out, or not.
    #[must_use]
    pub fn stays_silent(self, carried_out: bool) -> Self {
        self.then(Effect::Silence { carried_out })
    }

    fn then(mut self, effect: Effect) -> Self {
        self.then = effect;
        self
    }

    /// Calls this when such a request is at its boundary: right before it is carried out, answered or hung up on; where its answer is lost, after
    /// it was carried out and before the connection is closed. The request waits meanwhile, so it has to be quick. So a test can strike the one
    /// who asks exactly there.
    #[must_use]
    pub fn calls(mut self, call: impl Fn() + Send + Sync + 'static) -> Self {
        self.calls = Some(Boundary::calling(call));
        self
    }

    pub(super) fn meet(&mut self, asked: &Asked<'_>) -> Option<Planned> {
        if !self.matches(asked) {
            return None;
        }
        if self.after > 0 {
            self.after -= 1;
            return None;
        }
        if let Some(times) = &mut self.times {
            *times = times.checked_sub(1)?;
        }
        Some(Planned { delay: Duration::from_millis(self.delay_ms), effect: self.then.clone(), calls: self.calls.clone(), of_storm: false })
    }

    pub(super) fn is_spent(&self) -> bool {
        self.times == Some(0)
    }

    fn matches(&self, asked: &Asked<'_>) -> bool {
        let method = self.method == "*" || self.method.eq_ignore_ascii_case(asked.method);
        let user = self.user.as_deref().is_none_or(|user| asked.username == Some(user));
        let body = self.body_contains.as_deref().is_none_or(|text| asked.body.contains(text));
        method && user && body && (path_matches(&self.path, asked.path) || path_matches(&self.path, asked.named_path))
    }
}

fn path_matches(pattern: &str, path: &str) -> bool {
    let pattern = pattern.strip_prefix("/api/v10").unwrap_or(pattern);
    let mut given = path.split('/');
    for wanted in pattern.split('/') {
        match (wanted, given.next()) {
            ("**", _) => return true,
            ("*", Some(segment)) if !segment.is_empty() => {}
            (wanted, Some(segment)) if wanted == segment => {}
            _ => return false,
        }
    }
    given.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_match_by_segment_name_and_rest() {
        for (pattern, path, matches) in [
            ("/channels/*/messages", "/channels/12/messages", true),
            ("/channels/*/messages", "/channels/12/messages/13", false),
            ("/channels/**", "/channels/12/messages/13", true),
            ("/channels/#results/messages", "/channels/#results/messages", true),
            ("/api/v10/gateway", "/gateway", true),
            ("/gateway", "/gateway/bot", false),
        ] {
            assert_eq!(path_matches(pattern, path), matches, "{pattern} {path}");
        }
    }

    #[test]
    fn a_rule_waits_for_its_turn_and_is_spent() {
        let mut rule = Rule::on("POST", "/x").after(1).times(2).hangs_up();
        let asked = Asked { method: "POST", path: "/x", named_path: "/x", route: "/x", body: "", username: None };

        let met: Vec<_> = (0..4).map(|_| rule.meet(&asked).is_some()).collect();

        assert_eq!(met, [false, true, true, false]);
        assert!(rule.is_spent());
    }
}
