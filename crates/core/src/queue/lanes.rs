//! Lanes: how steps enter and leave the state of being ready, and whose turn it is.

use chrono::{DateTime, Utc};

use super::QueueError;
use crate::{
    domain::{
        step::{StepEvent, StepState},
        task::Priority,
    },
    ports::rows::{LaneRow, Rows, RowsError, StepRow},
};

/// How far a lane of weight 1 moves when it has had a turn.
const STRIDE: u64 = 1 << 20;
/// The fact that holds the pass at which the last turn was had; it only grows. A lane that wakes begins there, and one that was held back (by
/// higher priorities, by its cap) goes on there: nobody is owed a turn that he could not take.
const LATEST_PASS: &str = "lanes.latest_pass";
/// A head that any ready step exceeds or equals.
const NO_HEAD: u16 = 0;

/// Makes a step ready by `event` and puts it into its lane.
pub(super) fn enter(rows: &mut dyn Rows, step: &mut StepRow, event: StepEvent<'_>, now: DateTime<Utc>, cap: u32) -> Result<(), QueueError> {
    step.state = step.state.after(event, now)?;
    rows.update_step(step)?;
    Ok(admit(rows, step, cap)?)
}

/// Counts a step that is already ready (a new one) into its lane.
pub(super) fn admit(rows: &mut dyn Rows, step: &StepRow, cap: u32) -> Result<(), RowsError> {
    let mut lane = rows.lane(&step.lane)?.unwrap_or(LaneRow {
        id: step.lane.clone(),
        weight: 1,
        pass: 0,
        running: 0,
        cap,
        ready: 0,
        head: head_of(None),
    });
    lane.cap = cap;
    if lane.ready == 0 {
        lane.pass = lane.pass.max(latest_pass(rows)?);
    }
    lane.head = if lane.ready == 0 { step.priority } else { lane.head.max(step.priority) };
    lane.ready += 1;
    rows.put_lane(&lane)
}

/// Takes a ready step out of its lane by `event`. With a claim the lane has had its turn.
pub(super) fn leave(rows: &mut dyn Rows, step: &mut StepRow, event: StepEvent<'_>, now: DateTime<Utc>) -> Result<(), QueueError> {
    let claimed = event == StepEvent::Claimed;
    step.state = step.state.after(event, now)?;
    rows.update_step(step)?;
    let Some(mut lane) = rows.lane(&step.lane)? else { return Ok(()) };
    lane.ready = lane.ready.saturating_sub(1);
    lane.head = head_of(rows.first_ready(&lane.id)?.as_ref());
    if claimed {
        let turn = lane.pass.max(latest_pass(rows)?);
        rows.put_fact(LATEST_PASS, &turn.to_string())?;
        lane.running += 1;
        lane.pass = turn + STRIDE / u64::from(lane.weight.max(1));
    }
    Ok(rows.put_lane(&lane)?)
}

/// A step of the lane runs no longer.
pub(super) fn stopped_running(rows: &mut dyn Rows, lane: &str, cap: u32) -> Result<(), RowsError> {
    let Some(mut lane) = rows.lane(lane)? else { return Ok(()) };
    // The cap may be another than when the lane was last entered.
    lane.cap = cap;
    lane.running = lane.running.saturating_sub(1);
    rows.put_lane(&lane)
}

/// Whether the step stands in its lane.
pub(super) fn is_in_lane(step: &StepRow) -> bool {
    matches!(step.state, StepState::Ready { .. })
}

fn latest_pass(rows: &dyn Rows) -> Result<u64, RowsError> {
    Ok(rows.fact(LATEST_PASS)?.and_then(|pass| pass.parse().ok()).unwrap_or(0))
}

fn head_of(step: Option<&StepRow>) -> Priority {
    step.map_or_else(|| NO_HEAD.to_string().parse().unwrap_or_default(), |step| step.priority)
}
