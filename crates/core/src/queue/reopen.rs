//! Running a task once more that has ended: by hand, or because of what was said in its thread.

use chrono::{DateTime, Utc};

use super::{QueueError, Rules, ceilings, lanes, quotas, signs};
use crate::{
    domain::step::StepEvent,
    ports::rows::{Rows, StepRow, TaskRow},
};

/// Lets a task run once more that has ended.
pub(super) fn reopen(
    rows: &mut dyn Rows,
    rules: &Rules,
    task: &mut TaskRow,
    step: &mut StepRow,
    now: DateTime<Utc>,
) -> Result<(), QueueError> {
    step.attempts_allowed = step.attempts + 1;
    task.ended = None;
    rows.drop_fact(&ceilings::accepted_fact(&task.task.id))?;
    rows.update_task(task)?;
    quotas::asked_again(rows, rules, task, now)?;
    signs::lift_ends(rows, task, now)?;
    lanes::enter(rows, step, StepEvent::Retried, now, rules.lane_cap)
}
