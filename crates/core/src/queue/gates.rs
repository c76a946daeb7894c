//! Gates: what only so many steps may hold at once. A step whose turn comes at a closed gate is parked there; a release wakes one, and one
//! that was woken and does not use it wakes the next.

use chrono::{DateTime, Utc};

use super::{QueueError, lanes};
use crate::{
    domain::step::StepEvent,
    ports::rows::{GateRow, Rows, RowsError},
};

/// The first of `names` that is closed.
pub(super) fn closed(rows: &dyn Rows, names: &[String]) -> Result<Option<String>, RowsError> {
    for name in names {
        if is_closed(rows, name)? {
            return Ok(Some(name.clone()));
        }
    }
    Ok(None)
}

fn is_closed(rows: &dyn Rows, name: &str) -> Result<bool, RowsError> {
    Ok(rows.gate(name)?.is_some_and(|gate| gate.paused || gate.cap.is_some_and(|cap| gate.held >= cap)))
}

/// Takes hold of all of `names`.
pub(super) fn hold(rows: &mut dyn Rows, names: &[String]) -> Result<(), RowsError> {
    for name in names {
        let mut gate = rows.gate(name)?.unwrap_or(GateRow { name: name.clone(), held: 0, cap: None, paused: false });
        gate.held += 1;
        rows.put_gate(&gate)?;
    }
    Ok(())
}

/// Lets go of all of `names`, and wakes one step that is parked on each.
pub(super) fn release(rows: &mut dyn Rows, names: &[String], now: DateTime<Utc>, lane_cap: u32) -> Result<(), QueueError> {
    for name in names {
        if let Some(mut gate) = rows.gate(name)? {
            gate.held = gate.held.saturating_sub(1);
            rows.put_gate(&gate)?;
        }
        wake(rows, name, 1, now, lane_cap)?;
    }
    Ok(())
}

/// A step that was ready, and may have been woken for one of `names`, leaves without holding it: who is parked there is woken instead.
pub(super) fn pass_on(rows: &mut dyn Rows, names: &[String], now: DateTime<Utc>, lane_cap: u32) -> Result<(), QueueError> {
    for name in names {
        if !is_closed(rows, name)? {
            wake(rows, name, 1, now, lane_cap)?;
        }
    }
    Ok(())
}

/// Sets a gate's cap, and wakes as many parked steps as it now has room for.
pub(super) fn set_cap(rows: &mut dyn Rows, name: &str, cap: Option<u32>, now: DateTime<Utc>, lane_cap: u32) -> Result<(), QueueError> {
    let mut gate = rows.gate(name)?.unwrap_or(GateRow { name: name.to_owned(), held: 0, cap: None, paused: false });
    gate.cap = cap;
    rows.put_gate(&gate)?;
    let room = cap.map_or(u32::MAX, |cap| cap.saturating_sub(gate.held));
    wake(rows, name, room.min(WAKE_AT_ONCE), now, lane_cap).map(drop)
}

/// More parked steps than this are not woken in one transaction: each that has run wakes the next.
pub(super) const WAKE_AT_ONCE: u32 = 256;

/// Wakes up to so many steps that are parked at a gate; tells how many there were.
pub(super) fn wake(rows: &mut dyn Rows, name: &str, most: u32, now: DateTime<Utc>, lane_cap: u32) -> Result<u32, QueueError> {
    for woken in 0..most {
        let Some(mut step) = rows.first_parked(name)? else { return Ok(woken) };
        lanes::enter(rows, &mut step, StepEvent::Freed, now, lane_cap)?;
    }
    Ok(most)
}
