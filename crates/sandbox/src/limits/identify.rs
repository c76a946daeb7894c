//! Counts IDENTIFYs: one in five seconds, a thousand in a day, and after that the token is void.

use chrono::{DateTime, Utc};

use crate::options::Limits;

/// Source: Discord developer documentation, "Gateway", "Session Start Limit Object".
pub(crate) const PER_DAY: usize = 1_000;
const DAY_MS: i64 = 86_400_000;
const CONCURRENCY_MS: i64 = 5_000;

/// What an IDENTIFY leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdentifyCount {
    /// It was counted.
    Counted,
    /// It came within five seconds of another.
    TooFast,
    /// It was one too many: the bot has a new token, which the client does not know.
    TokenReset,
}

/// Counts one; `made` are the times of the earlier ones, in milliseconds since 1970.
pub(crate) fn count(limits: Limits, made: &mut Vec<i64>, now: DateTime<Utc>) -> IdentifyCount {
    let now_ms = now.timestamp_millis();
    made.retain(|at| now_ms - at < DAY_MS);
    if limits == Limits::Discord {
        if made.len() >= PER_DAY {
            made.clear();
            return IdentifyCount::TokenReset;
        }
        if made.last().is_some_and(|last| now_ms - last < CONCURRENCY_MS) {
            return IdentifyCount::TooFast;
        }
    }
    made.push(now_ms);
    IdentifyCount::Counted
}

/// How many IDENTIFYs are left, and in how many milliseconds the first of them comes back.
pub(crate) fn left(made: &[i64], now: DateTime<Utc>) -> (usize, i64) {
    let now_ms = now.timestamp_millis();
    let recent: Vec<_> = made.iter().filter(|at| now_ms - **at < DAY_MS).collect();
    (PER_DAY.saturating_sub(recent.len()), recent.first().map_or(0, |first| **first + DAY_MS - now_ms))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn the_thousand_and_first_identify_of_a_day_resets_the_token() {
        let start = DateTime::from_timestamp_millis(1_700_000_000_000).unwrap();
        let mut made = Vec::new();
        for number in 0..1_000 {
            assert_eq!(count(Limits::Discord, &mut made, start + TimeDelta::seconds(6 * number)), IdentifyCount::Counted);
        }

        assert_eq!(count(Limits::Discord, &mut made, start + TimeDelta::seconds(6_000)), IdentifyCount::TokenReset);
    }

    #[test]
    fn two_identifies_in_five_seconds_are_one_too_many() {
        let (start, mut made) = (DateTime::from_timestamp_millis(1_700_000_000_000).unwrap(), Vec::new());
        count(Limits::Discord, &mut made, start);

        assert_eq!(count(Limits::Discord, &mut made, start + TimeDelta::milliseconds(4_999)), IdentifyCount::TooFast);
        assert_eq!(count(Limits::Off, &mut made, start + TimeDelta::milliseconds(4_999)), IdentifyCount::Counted);
    }
}
