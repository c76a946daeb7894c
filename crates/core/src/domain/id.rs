//! Names of things, each a type of its own, each showing what it names.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

/// Names one task for ever: the id of its source (a message's or interaction's snowflake, the API caller's `task_id`, else generated).
/// At most 64 characters of `A-Z a-z 0-9 . _ : -`; shown in every post, log line, folder and answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaskId(String);

/// The text is no task id.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{given}` is not a task id: expected 1 to 64 characters of A-Z, a-z, 0-9 and . _ : -")]
pub struct ParseTaskIdError {
    given: String,
}

impl TaskId {
    /// The longest task id, in characters.
    pub const MAX_CHARS: usize = 64;

    /// The id as it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// An id for a task whose source has none: `t-` and 26 characters that sort by time.
    pub fn generated(unix_ms: u64, random: [u8; 10]) -> Self {
        Self(format!("t-{}", base32(&uuid::Builder::from_unix_timestamp_millis(unix_ms, &random).into_uuid().into_bytes())))
    }
}

impl FromStr for TaskId {
    type Err = ParseTaskIdError;

    fn from_str(given: &str) -> Result<Self, ParseTaskIdError> {
        let fits = (1..=Self::MAX_CHARS).contains(&given.len());
        // A name of dots alone would leave its folder: ids are used as folder names.
        let named = given.chars().any(|c| c.is_ascii_alphanumeric());
        if fits && named && given.chars().all(|c| c.is_ascii_alphanumeric() || "._:-".contains(c)) {
            Ok(Self(given.to_owned()))
        } else {
            Err(ParseTaskIdError { given: given.chars().take(80).collect() })
        }
    }
}

impl TryFrom<String> for TaskId {
    type Error = ParseTaskIdError;

    fn try_from(given: String) -> Result<Self, ParseTaskIdError> {
        given.parse()
    }
}

impl From<TaskId> for String {
    fn from(id: TaskId) -> Self {
        id.0
    }
}

impl From<MessageId> for TaskId {
    fn from(id: MessageId) -> Self {
        Self(id.to_string())
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names one attempt for ever, inside the program. Shown as `att_` and 32 hexadecimal digits: the prefix tells a reader of a log what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AttemptId(Uuid);

/// The text is no attempt id.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{given}` is not an attempt id: expected `att_` and 32 hexadecimal digits")]
pub struct ParseAttemptIdError {
    given: String,
}

impl AttemptId {
    const PREFIX: &str = "att_";

    /// Time and randomness come in from outside, so that tests decide both.
    pub fn from_parts(unix_ms: u64, random: [u8; 10]) -> Self {
        Self(uuid::Builder::from_unix_timestamp_millis(unix_ms, &random).into_uuid())
    }
}

impl FromStr for AttemptId {
    type Err = ParseAttemptIdError;

    fn from_str(given: &str) -> Result<Self, ParseAttemptIdError> {
        given
            .strip_prefix(Self::PREFIX)
            .filter(|digits| digits.len() == 32)
            .and_then(|digits| Uuid::try_parse(digits).ok())
            .map(Self)
            .ok_or_else(|| ParseAttemptIdError { given: given.chars().take(80).collect() })
    }
}

impl TryFrom<String> for AttemptId {
    type Error = ParseAttemptIdError;

    fn try_from(given: String) -> Result<Self, ParseAttemptIdError> {
        given.parse()
    }
}

impl From<AttemptId> for String {
    fn from(id: AttemptId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", Self::PREFIX, self.0.simple())
    }
}

/// Names one parcel: 24 characters that are also its nonce on the wire, where Discord takes at most 25.
/// Source: Discord developer documentation, "Create Message", field `nonce`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ParcelId(pub String);

impl ParcelId {
    /// 15 bytes (the time's six, then chance) make exactly 24 characters of base 32.
    pub fn from_parts(unix_ms: u64, random: [u8; 10]) -> Self {
        let mut bytes = [0; 15];
        bytes[..6].copy_from_slice(&unix_ms.to_be_bytes()[2..]);
        bytes[6..].copy_from_slice(&random[..9]);
        Self(base32(&bytes))
    }
}

impl fmt::Display for ParcelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names one running orchestrator process's place in the store (`A`, or any name of up to 64 characters).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InstanceId(pub String);

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A step's row, inside the store only: never shown to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StepId(pub i64);

/// A letter's row, inside the store only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LetterId(pub i64);

/// A mark's row (a reaction that is to be put), inside the store only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MarkId(pub i64);

/// The text is no snowflake.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{given}` is not a Discord id: expected 1 to 20 digits, above 0")]
pub struct ParseSnowflakeError {
    given: String,
}

macro_rules! snowflake {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(u64);

        impl $name {
            /// The id that Discord gave, never 0.
            ///
            /// # Panics
            ///
            /// If `id` is 0: Discord has no such id.
            pub fn new(id: u64) -> Self {
                assert!(id != 0, "Discord ids start above 0");
                Self(id)
            }

            /// The number as Discord counts.
            pub fn get(self) -> u64 {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = ParseSnowflakeError;

            fn from_str(given: &str) -> Result<Self, ParseSnowflakeError> {
                match given.parse::<u64>() {
                    Ok(id) if id > 0 && given.bytes().all(|b| b.is_ascii_digit()) => Ok(Self(id)),
                    _ => Err(ParseSnowflakeError { given: given.chars().take(40).collect() }),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseSnowflakeError;

            fn try_from(given: String) -> Result<Self, ParseSnowflakeError> {
                given.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

snowflake! {
    /// A Discord message.
    MessageId
}
snowflake! {
    /// A Discord channel or thread.
    ChannelId
}
snowflake! {
    /// A Discord user or bot.
    UserId
}
snowflake! {
    /// A Discord role.
    RoleId
}
snowflake! {
    /// A Discord server.
    GuildId
}

/// Crockford's alphabet without padding, in small letters: no letter is taken for a digit.
fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let (mut text, mut held, mut bits) = (String::with_capacity(bytes.len() * 8 / 5 + 1), 0_u32, 0);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(ALPHABET[((held >> bits) & 31) as usize]));
        }
    }
    if bits > 0 {
        text.push(char::from(ALPHABET[((held << (5 - bits)) & 31) as usize]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_id_that_would_leave_its_folder_is_refused() {
        for bad in ["", "..", ".", "a/b", "a b", "../x", "a\u{0}", "ä", &"x".repeat(65)] {
            assert!(bad.parse::<TaskId>().is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn generated_ids_are_valid_and_sort_by_time() {
        let (early, late) = (TaskId::generated(1_000, [255; 10]), TaskId::generated(2_000, [0; 10]));

        assert_eq!(early.as_str().parse(), Ok(early.clone()));
        assert!(early < late);
    }

    #[test]
    fn a_parcel_id_fits_into_a_nonce() {
        assert_eq!(ParcelId::from_parts(u64::MAX, [255; 10]).0.len(), 24);
    }

    #[test]
    fn an_attempt_id_reads_back_what_it_shows() {
        let id = AttemptId::from_parts(1_763_700_000_000, [7; 10]);

        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("att_123".parse::<AttemptId>().is_err());
    }
}
