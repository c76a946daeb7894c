//! Wall time, from one place.

use chrono::{DateTime, Utc};

/// Tells the time. Nothing else in the program asks for wall time; durations within a process are measured by tokio's monotonic clock.
pub trait Clock: Send + Sync {
    /// The time now, UTC.
    fn now(&self) -> DateTime<Utc>;
}
