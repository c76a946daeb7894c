//! Discord's ids: 42 bits of milliseconds since 2015, 22 bits that tell apart what happened in the same millisecond.

use std::{fmt, num::NonZeroU64, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The first millisecond of 2015, from which snowflakes count.
/// Source: Discord developer documentation, "Snowflakes".
pub const DISCORD_EPOCH_MS: u64 = 1_420_070_400_000;

/// Names a user, guild, channel, message, role, command or interaction.
///
/// One type for all of them, as on the wire: Discord lets ids coincide on purpose (a guild and its @everyone role, an application and its bot).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Snowflake(NonZeroU64);

/// A text that is no snowflake.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a snowflake: expected a number of up to 20 digits, not 0")]
pub struct ParseSnowflakeError {
    given: String,
}

impl Snowflake {
    /// The id with this number; 0 names nothing.
    pub fn new(number: u64) -> Option<Self> {
        NonZeroU64::new(number).map(Self)
    }

    /// The number behind the id.
    pub fn get(self) -> u64 {
        self.0.get()
    }

    /// Milliseconds since 1970 at which the id was made.
    pub fn unix_ms(self) -> u64 {
        (self.get() >> 22) + DISCORD_EPOCH_MS
    }

    /// When the named thing was made.
    pub fn made_at(self) -> DateTime<Utc> {
        i64::try_from(self.unix_ms()).ok().and_then(DateTime::from_timestamp_millis).unwrap_or_default()
    }
}

impl fmt::Display for Snowflake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Snowflake {
    type Err = ParseSnowflakeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits_only = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| digits_only).map(Self).ok_or_else(|| ParseSnowflakeError { given: text.to_owned() })
    }
}

impl Serialize for Snowflake {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Snowflake {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Makes ids that are unique and only ever grow, even when many are asked for in one millisecond or the clock steps back.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Mint {
    last: u64,
}

impl Mint {
    pub(crate) fn next(&mut self, at: DateTime<Utc>) -> Snowflake {
        let unix_ms = u64::try_from(at.timestamp_millis()).unwrap_or(0);
        let earliest = unix_ms.saturating_sub(DISCORD_EPOCH_MS) << 22;
        self.last = earliest.max(self.last + 1);
        Snowflake(NonZeroU64::new(self.last).unwrap_or(NonZeroU64::MIN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_made_in_one_millisecond_or_before_a_clock_step_still_grow() {
        let (now, mut mint) = (DateTime::from_timestamp_millis(1_700_000_000_123).unwrap(), Mint::default());

        let first = mint.next(now);
        let second = mint.next(now);
        let third = mint.next(now - chrono::TimeDelta::seconds(5));

        assert!(first < second && second < third);
        assert_eq!(first.made_at(), now);
    }

    #[test]
    fn zero_signs_and_letters_are_no_snowflakes() {
        for text in ["0", "", "+1", "-1", "12a", "99999999999999999999999"] {
            assert!(text.parse::<Snowflake>().is_err(), "{text}");
        }
    }
}
