//! Whether anything may start at present: a person's pause, a ✅ that is refused, a full disk, the day's ceiling, the instance's slots.

use chrono::{DateTime, Utc};

use super::{Queue, QueueError, Rules, spent_fact};
use crate::{
    domain::id::InstanceId,
    ports::rows::{Look, RowsError},
};

/// The fact that says that nothing is started, and why: a person's `panic`.
pub(super) const PAUSED: &str = "dispatch.paused";
/// The fact that says that nothing is started because our ✅ is refused.
pub(super) const UNMARKABLE: &str = "dispatch.unmarkable";
/// The fact that says that nothing is started because the disk is nearly full.
pub(super) const DISK_LOW: &str = "dispatch.disk_low";
/// The fact that names the channel in which it is refused.
pub(super) const UNMARKABLE_IN: &str = "dispatch.unmarkable_in";

/// Why nothing is started at present, in order of weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// Somebody stopped it.
    Paused {
        /// Who, and why.
        by: String,
    },
    /// ✅ can't be put: a permission is missing.
    Unmarkable {
        /// Discord's words.
        reason: String,
    },
    /// The disk is nearly full.
    DiskLow {
        /// How full, in words.
        reason: String,
    },
    /// The day's ceiling is reached.
    DailyCeiling,
}

impl Queue {
    /// Whether anything may start at present, and if not, why.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn closed(&self) -> Result<Option<Closed>, QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        self.read(move |look| closed(look, &rules, now)).await
    }
}

/// Whether anything may start, as a transaction sees it.
pub(super) fn closed(look: &(impl Look + ?Sized), rules: &Rules, now: DateTime<Utc>) -> Result<Option<Closed>, RowsError> {
    if let Some(by) = look.fact(PAUSED)?.filter(|by| !by.is_empty()) {
        return Ok(Some(Closed::Paused { by }));
    }
    if let Some(reason) = look.fact(UNMARKABLE)?.filter(|reason| !reason.is_empty()) {
        return Ok(Some(Closed::Unmarkable { reason }));
    }
    if let Some(reason) = look.fact(DISK_LOW)?.filter(|reason| !reason.is_empty()) {
        return Ok(Some(Closed::DiskLow { reason }));
    }
    let Some(ceiling) = rules.ceilings.day else { return Ok(None) };
    let spent: i64 = look.fact(&spent_fact(now))?.and_then(|nanos| nanos.parse().ok()).unwrap_or(0);
    Ok((spent >= ceiling.nanos()).then_some(Closed::DailyCeiling))
}

/// The gate that counts an instance's slots.
pub(super) fn instance_gate(instance: &InstanceId) -> String {
    format!("instance:{instance}")
}
