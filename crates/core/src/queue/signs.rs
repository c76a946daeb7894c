//! Reactions that are to stand: the ✅ that the agent waits for, the ❌ of a refusal, the sign at the end.

use chrono::{DateTime, Utc};

use crate::{
    domain::{
        attempt::Outcome,
        id::{MarkId, TaskId},
        outbound::{Mark, MarkState, Progress, Purpose},
        task::MessageRef,
    },
    ports::rows::{MarkRow, Rows, RowsError, TaskRow},
};

/// The sign of a claim. Source: contract 003 §2.
pub const CLAIMED: &str = "✅";
/// The sign of a refusal. Source: contract 003 §1.
pub const REFUSED: &str = "❌";

/// Wants the ✅ on a task's message; tells whether it stands already.
pub(super) fn want_claim(rows: &mut dyn Rows, on: MessageRef, task: &TaskId, now: DateTime<Utc>) -> Result<bool, RowsError> {
    match rows.mark_on(on.message, CLAIMED)? {
        Some(there) => Ok(there.state != MarkState::Wanted),
        None => want(rows, on, CLAIMED, Some(task), Purpose::Claim, now).map(|()| false),
    }
}

/// Wants a reaction; that it may be there already is no surprise.
pub(super) fn want(
    rows: &mut dyn Rows,
    on: MessageRef,
    emoji: &str,
    task: Option<&TaskId>,
    purpose: Purpose,
    now: DateTime<Utc>,
) -> Result<(), RowsError> {
    if let Some(mut there) = rows.mark_on(on.message, emoji)? {
        // What could not be done at a former end is tried again at this one.
        let given_up = purpose == Purpose::End && matches!(there.state, MarkState::Impossible { .. });
        if given_up || matches!(there.state, MarkState::Lifting | MarkState::Lifted) {
            // ❌ once said "refused" and now says "failed".
            there.mark.task = task.cloned();
            there.mark.purpose = purpose;
            there.state = MarkState::Wanted;
            there.progress = fresh(now);
            rows.update_mark(&there)?;
        }
        return Ok(());
    }
    rows.insert_mark(&MarkRow {
        id: MarkId(0),
        mark: Mark { on, emoji: emoji.to_owned(), task: task.cloned(), purpose },
        state: MarkState::Wanted,
        progress: fresh(now),
    })?;
    Ok(())
}

fn fresh(now: DateTime<Utc>) -> Progress {
    Progress { failures: 0, due_at: now, first_sent_at: None, last_error: None }
}

/// Takes a sign away that stands, or may stand.
fn lift(rows: &mut dyn Rows, mut mark: MarkRow, now: DateTime<Utc>) -> Result<(), RowsError> {
    // One that is wanted may be on its way this moment, or have arrived by a process that was killed before it could say so.
    let may_stand = matches!(mark.state, MarkState::Wanted | MarkState::Put | MarkState::Lifting);
    mark.state = if may_stand { MarkState::Lifting } else { MarkState::Lifted };
    mark.progress = fresh(now);
    rows.update_mark(&mark)
}

/// Takes back the refusal of a message that was edited and is a task now.
pub(super) fn lift_refusal(rows: &mut dyn Rows, on: MessageRef, now: DateTime<Utc>) -> Result<(), RowsError> {
    match rows.mark_on(on.message, REFUSED)?.filter(|mark| mark.mark.purpose == Purpose::Refusal) {
        Some(mark) => lift(rows, mark, now),
        None => Ok(()),
    }
}

/// Takes the signs of a former end off a task's message: it is open again.
pub(super) fn lift_ends(rows: &mut dyn Rows, task: &TaskRow, now: DateTime<Utc>) -> Result<(), RowsError> {
    let Some(at) = task.message else { return Ok(()) };
    for outcome in Outcome::ALL {
        if let Some(mark) = rows.mark_on(at.message, outcome.mark())?.filter(|mark| mark.mark.purpose == Purpose::End) {
            lift(rows, mark, now)?;
        }
    }
    Ok(())
}
