//! Counts invalid requests, and bans an address that makes too many.

use std::collections::VecDeque;

/// Source: Discord developer documentation, "Rate Limits", "Invalid Request Limit": 10,000 in 10 minutes.
const MOST: usize = 10_000;
const WINDOW_MS: i64 = 600_000;
/// How long the ban lasts. Not documented; an hour is what people report.
const BAN_MS: i64 = 3_600_000;

/// The invalid requests of the last ten minutes, all from one address: this machine.
#[derive(Debug, Default)]
pub(crate) struct InvalidRequests {
    at_ms: VecDeque<i64>,
    banned_until_ms: i64,
}

impl InvalidRequests {
    /// Counts one.
    pub(crate) fn note(&mut self, now_ms: i64) {
        while self.at_ms.front().is_some_and(|first| now_ms - first >= WINDOW_MS) {
            self.at_ms.pop_front();
        }
        self.at_ms.push_back(now_ms);
        if self.at_ms.len() >= MOST {
            self.at_ms.clear();
            self.banned_until_ms = now_ms + BAN_MS;
        }
    }

    /// How long the address is still banned.
    pub(crate) fn ban(&self, now_ms: i64) -> Option<i64> {
        (now_ms < self.banned_until_ms).then_some(self.banned_until_ms - now_ms)
    }
}
