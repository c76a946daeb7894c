//! Values as they are written on the command line.

use std::time::Duration;

use orchestrator_core::domain::task::parse_duration;

/// Reads a duration such as `90s`, `10m` or `1h30m`.
///
/// # Errors
///
/// The rule, as clap shows it.
pub(super) fn duration(given: &str) -> Result<Duration, String> {
    parse_duration(given).map_err(|error| error.to_string())
}
