//! An instance's time-limited, fenced hold on an attempt.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::id::InstanceId;

/// A number that only grows per step: a writer with a smaller one is late and is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fence(pub u64);

/// Who holds an attempt, and until when it is believed without a sign of life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The holder.
    pub instance: InstanceId,
    /// After this time another machine may take it; on the holder's own machine the attempt's lock decides, not time.
    pub until: DateTime<Utc>,
}
