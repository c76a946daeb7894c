//! How often we have identified in the last day: at 1,000 Discord resets the bot's token, so that nobody else stays logged in either.
//!
//! Source: Discord developer documentation, "Gateway", "Identifying". A RESUME is not counted.

use std::{collections::VecDeque, convert::Infallible, fmt, str::FromStr};

use chrono::{DateTime, TimeDelta, Utc};

/// Seconds that are counted together.
const BIN: i64 = 600;
/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// A count of the last day, in steps of ten minutes. Written as `<ten minutes since 1970>:<count>,…`, for storing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identifies {
    bins: VecDeque<(i64, u32)>,
}

impl Identifies {
    /// Where we stop by ourselves. Discord stops us at 1,000.
    pub const MOST_A_DAY: u32 = 900;

    /// Counts one now.
    pub fn note(&mut self, now: DateTime<Utc>) {
        let bin = now.timestamp().div_euclid(BIN);
        self.forget(now);
        match self.bins.iter_mut().find(|(known, _)| *known == bin) {
            Some((_, count)) => *count += 1,
            None => self.bins.push_back((bin, 1)),
        }
    }

    /// How many there were in the last day, the ten minutes at its edge included.
    pub fn in_last_day(&mut self, now: DateTime<Utc>) -> u32 {
        self.forget(now);
        self.bins.iter().map(|(_, count)| count).sum()
    }

    /// When one more may be made: `None` is now.
    pub fn next_at(&mut self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut left = self.in_last_day(now);
        if left < Self::MOST_A_DAY {
            return None;
        }
        let mut bins: Vec<_> = self.bins.iter().copied().collect();
        bins.sort_unstable();
        for (bin, count) in bins {
            left = left.saturating_sub(count);
            if left < Self::MOST_A_DAY {
                return DateTime::from_timestamp((bin + 1) * BIN + DAY, 0).map(|at| at.max(now + TimeDelta::seconds(1)));
            }
        }
        Some(now + TimeDelta::seconds(DAY))
    }

    /// Forgets what is older than a day. What a wrong clock has put into the future counts until that has come and gone.
    fn forget(&mut self, now: DateTime<Utc>) {
        let oldest = (now.timestamp() - DAY).div_euclid(BIN);
        self.bins.retain(|(bin, _)| *bin >= oldest);
    }
}

impl fmt::Display for Identifies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bins: Vec<String> = self.bins.iter().map(|(bin, count)| format!("{bin}:{count}")).collect();
        f.write_str(&bins.join(","))
    }
}

impl FromStr for Identifies {
    type Err = Infallible;

    /// Reads what was stored; what can't be read is left out.
    fn from_str(stored: &str) -> Result<Self, Infallible> {
        let read = |part: &str| part.split_once(':').and_then(|(bin, count)| Some((bin.parse().ok()?, count.parse().ok()?)));
        Ok(Self { bins: stored.split(',').filter_map(read).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_763_700_000 + seconds, 0).unwrap()
    }

    #[test]
    fn nine_hundred_a_day_are_the_end_until_the_oldest_are_a_day_old() {
        let mut identifies = Identifies::default();
        for minute in 0..450 {
            identifies.note(at(minute * 60));
            identifies.note(at(minute * 60));
        }

        assert_eq!(identifies.in_last_day(at(27_000)), 900);
        let next = identifies.next_at(at(27_000)).expect("it is the end");
        assert!(next > at(86_400) && next <= at(86_400 + 1_200), "{next}");
        assert_eq!(identifies.next_at(next), None);
    }

    #[test]
    fn what_is_stored_is_read_back_and_nonsense_left_out() {
        let mut identifies = Identifies::default();
        identifies.note(at(0));
        identifies.note(at(4_000));

        assert_eq!(identifies.to_string().parse(), Ok(identifies.clone()));
        assert_eq!(format!("x,{identifies},7:,:").parse(), Ok(identifies));
    }
}
