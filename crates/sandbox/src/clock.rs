//! The one place where the local Discord reads the time: it plays a server, so its clock is the wall clock.

use chrono::{DateTime, SubsecRound, Utc};

/// Now, cut to the milliseconds that a snowflake can carry.
#[expect(
    clippy::disallowed_methods,
    reason = "a stand-in for a server on the network has a wall clock of its own; everything else gets the time as an argument"
)]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}
