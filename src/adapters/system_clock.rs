//! The machine's clock.

use chrono::{DateTime, Local, NaiveDateTime, TimeZone as _, Utc};
use orchestrator_core::ports::clock::Clock;

/// Tells the machine's time.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the Clock that everybody else asks")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// What a time of this machine's own clock is; the earlier one, where summer time shows it twice. `None`: it is never shown.
pub fn local(at: NaiveDateTime) -> Option<DateTime<Utc>> {
    Local.from_local_datetime(&at).earliest().map(|at| at.to_utc())
}
