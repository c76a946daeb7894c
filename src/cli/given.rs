//! Values as they are written on the command line.

use std::time::Duration;

use orchestrator_core::domain::{
    money::{ParseUsdError, Usd},
    task::parse_duration,
};

/// Reads a duration such as `90s`, `10m` or `1h30m`.
///
/// # Errors
///
/// The rule, as clap shows it.
pub(super) fn duration(given: &str) -> Result<Duration, String> {
    parse_duration(given).map_err(|error| error.to_string())
}

/// Reads an amount of dollars above 0.
///
/// # Errors
///
/// The rule, as clap shows it.
pub(super) fn dollars(given: &str) -> Result<Usd, String> {
    let more: Usd = given.parse().map_err(|error: ParseUsdError| error.to_string())?;
    if more > Usd::ZERO { Ok(more) } else { Err("it must be more than 0".to_owned()) }
}
