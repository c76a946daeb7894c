//! The delays of everything that is tried again: outbound requests, launches, steps. The only module that knows the crate `backoff`.

use std::time::Duration;

use backoff::{ExponentialBackoff, ExponentialBackoffBuilder, backoff::Backoff};
use chrono::{DateTime, Utc};

/// How many times a post is tried again before the operator is told. Source: contract 003 §5.
pub const POST_RETRIES: u32 = 5;

/// The longest wait that a server's `Retry-After` is believed to ask for across a restart or a change of the clock.
const LONGEST_ASKED: Duration = Duration::from_secs(3_600);

/// A rule of delays: the first, doubled each time, never above the cap. No jitter, no end: count and due time are stored by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delays {
    first: Duration,
    cap: Duration,
}

impl Delays {
    /// 2, 4, 8, 16, 32 s, as contract 003 §5 fixes for posts; then 64 s … up to 10 minutes, for letters that wait for Discord's return.
    pub const POSTS: Self = Self { first: Duration::from_secs(2), cap: Duration::from_secs(600) };

    /// A rule of one's own.
    pub const fn new(first: Duration, cap: Duration) -> Self {
        Self { first, cap }
    }

    /// The longest delay.
    pub const fn cap(self) -> Duration {
        self.cap
    }

    /// Whether something that was put off until `due` may be tried. Nothing is put off for much longer than the longest delay: a time that is
    /// further away was set before somebody put the clock back, and would be waited for that much too long.
    pub fn is_due(self, due: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        let longest = self.cap.max(LONGEST_ASKED);
        due <= now || (due - now).to_std().is_ok_and(|wait| wait > longest)
    }

    /// The delay before retry number `retry`, counted from 1.
    ///
    /// # Panics
    ///
    /// If `retry` is 0: retries are counted from 1.
    pub fn before(self, retry: u32) -> Duration {
        assert!(retry > 0, "retries are counted from 1");
        let mut rule: ExponentialBackoff = ExponentialBackoffBuilder::new()
            .with_initial_interval(self.first)
            .with_max_interval(self.cap)
            .with_multiplier(2.0)
            .with_randomization_factor(0.0)
            .with_max_elapsed_time(None)
            .build();
        // Beyond 64 doublings every rule has reached its cap.
        (0..retry.min(64)).filter_map(|_| rule.next_backoff()).last().unwrap_or(self.cap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posts_wait_2_4_8_16_32_seconds() {
        let delays: Vec<u64> = (1..=POST_RETRIES).map(|retry| Delays::POSTS.before(retry).as_secs()).collect();

        assert_eq!(delays, [2, 4, 8, 16, 32]);
    }

    #[test]
    fn what_was_put_off_before_the_clock_was_put_back_is_due() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let due_in = |seconds| Delays::POSTS.is_due(now + chrono::Duration::seconds(seconds), now);

        assert!(due_in(-1) && due_in(0));
        assert!(!due_in(1) && !due_in(600) && !due_in(3_600));
        assert!(due_in(3_601) && due_in(86_400));
    }

    #[test]
    fn no_delay_exceeds_the_cap() {
        assert_eq!(Delays::POSTS.before(1_000), Duration::from_secs(600));
    }
}
