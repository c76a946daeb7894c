//! Discord's rate limits, as far as they are documented or observed.
//!
//! Comes in: who asks for what, and when. Goes out: the state of the bucket, or how long to wait. It knows nothing of HTTP.

pub(crate) mod bucket;
pub(crate) mod identify;
pub(crate) mod invalid;

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use self::{
    bucket::{Bucket, Standing, Window},
    invalid::InvalidRequests,
};
use crate::{options::Limits, world::snowflake::Snowflake};

pub(crate) use self::identify::IdentifyCount;

/// Most requests of one bot in a second. Source: Discord developer documentation, "Rate Limits", "Global Rate Limit".
const GLOBAL: Bucket = Bucket { name: "global", limit: 50, window_ms: 1_000 };
/// Most frames of one connection in a minute. Source: the same, "Gateway", "Rate Limiting".
const GATEWAY_SENDS: Bucket = Bucket { name: "gateway", limit: 120, window_ms: 60_000 };
/// Most new names of one channel or thread, for all together. Not documented; measured, and no header tells of it.
const RENAMES: Bucket = Bucket { name: "rename", limit: 2, window_ms: 600_000 };
/// More buckets than this, and those that have run out of time are swept away.
const SWEEP_AT: usize = 10_000;

/// What the limits say to a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It may pass; its bucket stands thus.
    Pass(Option<Standing>),
    /// It is refused.
    Wait { standing: Standing, global: bool },
    /// The address is banned for now, in the words of the proxy in front of Discord.
    Banned { retry_after_ms: i64 },
}

/// All buckets.
#[derive(Debug)]
pub(crate) struct Limiter {
    limits: Limits,
    routes: HashMap<(Option<Snowflake>, &'static str, String), Window>,
    globals: HashMap<Snowflake, Window>,
    sends: HashMap<u64, Window>,
    renames: HashMap<Snowflake, Window>,
    invalid: InvalidRequests,
}

impl Limiter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            routes: HashMap::new(),
            globals: HashMap::new(),
            sends: HashMap::new(),
            renames: HashMap::new(),
            invalid: InvalidRequests::default(),
        }
    }

    /// Asks for one request of a bot to a route with this bucket and major id. `counts_globally` is false for interactions.
    pub(crate) fn ask(
        &mut self,
        user: Option<Snowflake>,
        bucket: Option<Bucket>,
        major: &str,
        counts_globally: bool,
        now: DateTime<Utc>,
    ) -> Verdict {
        if self.limits == Limits::Off {
            return Verdict::Pass(None);
        }
        let (now_ms, factor) = (now.timestamp_millis(), self.factor());
        if let Some(retry_after_ms) = self.invalid.ban(now_ms) {
            return Verdict::Banned { retry_after_ms };
        }
        if let Some(user) = user.filter(|_| counts_globally) {
            let standing = self.globals.entry(user).or_default().take(GLOBAL.compressed(factor), now_ms);
            if !standing.granted {
                return Verdict::Wait { standing, global: true };
            }
        }
        let Some(bucket) = bucket else { return Verdict::Pass(None) };
        if self.routes.len() > SWEEP_AT {
            self.routes.retain(|_, window| !window.is_over(now_ms));
        }
        let standing = self.routes.entry((user, bucket.name, major.to_owned())).or_default().take(bucket.compressed(factor), now_ms);
        if standing.granted { Verdict::Pass(Some(standing)) } else { Verdict::Wait { standing, global: false } }
    }

    /// Notes the status of an answer: too many 401, 403 and 429 lead to a ban.
    pub(crate) fn note_answer(&mut self, status: u16, now: DateTime<Utc>) {
        if self.limits != Limits::Off && matches!(status, 401 | 403 | 429) {
            self.invalid.note(now.timestamp_millis());
        }
    }

    /// How many times shorter the windows of requests are than Discord's.
    fn factor(&self) -> u32 {
        if let Limits::Compressed(factor) = self.limits { factor.max(1) } else { 1 }
    }

    /// In how many milliseconds the channel may have a new name again; `None`: now.
    pub(crate) fn next_rename(&self, channel: Snowflake, now: DateTime<Utc>) -> Option<i64> {
        let window = self.renames.get(&channel).filter(|_| self.limits != Limits::Off)?;
        window.wait(RENAMES.compressed(self.factor()), now.timestamp_millis())
    }

    /// Counts a new name of a channel.
    pub(crate) fn count_rename(&mut self, channel: Snowflake, now: DateTime<Utc>) {
        let bucket = RENAMES.compressed(self.factor());
        self.renames.entry(channel).or_default().take(bucket, now.timestamp_millis());
    }

    /// Whether a gateway connection may send one more frame.
    pub(crate) fn may_send_on_gateway(&mut self, connection: u64, now: DateTime<Utc>) -> bool {
        self.limits == Limits::Off || self.sends.entry(connection).or_default().take(GATEWAY_SENDS, now.timestamp_millis()).granted
    }

    /// Forgets a connection that is gone.
    pub(crate) fn forget_connection(&mut self, connection: u64) {
        self.sends.remove(&connection);
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn at(ms: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_700_000_000_000).unwrap() + TimeDelta::milliseconds(ms)
    }

    #[test]
    fn the_51st_request_in_a_second_waits_for_all_routes_but_not_for_interactions() {
        let mut limiter = Limiter::new(Limits::Discord);
        let bot = "1".parse().ok();
        for _ in 0..50 {
            assert_eq!(limiter.ask(bot, None, "", true, at(0)), Verdict::Pass(None));
        }

        assert!(matches!(limiter.ask(bot, None, "", true, at(999)), Verdict::Wait { global: true, .. }));
        assert_eq!(limiter.ask(bot, None, "", false, at(999)), Verdict::Pass(None));
        assert_eq!(limiter.ask(bot, None, "", true, at(1_000)), Verdict::Pass(None));
    }

    #[test]
    fn ten_thousand_invalid_requests_in_ten_minutes_are_answered_with_a_ban() {
        let mut limiter = Limiter::new(Limits::Discord);
        for _ in 0..10_000 {
            limiter.note_answer(401, at(0));
        }

        assert!(matches!(limiter.ask(None, None, "", true, at(1)), Verdict::Banned { .. }));
        assert_eq!(limiter.ask(None, None, "", true, at(3_700_000)), Verdict::Pass(None));
    }

    #[test]
    fn compressed_windows_are_shorter_and_hold_as_much() {
        let mut limiter = Limiter::new(Limits::Compressed(10));
        let create = Bucket { name: "create-message", limit: 5, window_ms: 5_000 };
        for _ in 0..5 {
            assert!(matches!(limiter.ask("1".parse().ok(), Some(create), "10", true, at(0)), Verdict::Pass(Some(_))));
        }

        assert!(matches!(limiter.ask("1".parse().ok(), Some(create), "10", true, at(499)), Verdict::Wait { .. }));
        assert!(matches!(limiter.ask("1".parse().ok(), Some(create), "10", true, at(500)), Verdict::Pass(Some(_))));
    }

    #[test]
    fn one_channel_does_not_wait_for_another() {
        let mut limiter = Limiter::new(Limits::Discord);
        let create = Bucket { name: "create-message", limit: 5, window_ms: 5_000 };
        for _ in 0..5 {
            limiter.ask("1".parse().ok(), Some(create), "10", true, at(0));
        }

        assert!(matches!(limiter.ask("1".parse().ok(), Some(create), "10", true, at(4_999)), Verdict::Wait { global: false, .. }));
        assert!(matches!(limiter.ask("1".parse().ok(), Some(create), "11", true, at(4_999)), Verdict::Pass(Some(_))));
    }
}
