//! Names that people give in configurations and tags: of agents, checks and credentials. One alphabet for all: an agent that names no credential has
//! one of its own name.

use thiserror::Error;

/// Most characters of a name.
const LONGEST: usize = 32;
/// Most characters of a refused name that are told.
const TOLD: usize = 60;

/// The text is no such name.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{given}` is not {what}: 1 to 32 characters of a-z, 0-9, - and _")]
pub struct ParseNameError {
    given: String,
    what: &'static str,
}

/// The text, if it is a name.
pub(super) fn checked(given: &str, what: &'static str) -> Result<String, ParseNameError> {
    let plain = given.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_');
    if plain && (1..=LONGEST).contains(&given.len()) {
        Ok(given.to_owned())
    } else {
        Err(ParseNameError { given: given.chars().take(TOLD).collect(), what })
    }
}

/// Declares one kind of name; `$what` is what a refused text is told not to be.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as it is shown.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::name::ParseNameError;

            fn from_str(given: &str) -> Result<Self, Self::Err> {
                $crate::domain::name::checked(given, $what).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::domain::name::ParseNameError;

            fn try_from(given: String) -> Result<Self, Self::Error> {
                given.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

pub(super) use name;
