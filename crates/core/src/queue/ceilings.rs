//! Ceilings of money: what is held back for an attempt before it starts, what counts against which ceiling, and who waits for which.
//!
//! What a ceiling has left is what nobody has spent and what is held back for nobody: both are written in the transactions that claim and end
//! attempts, so that no two claims are promised the same dollar.

mod counted;

use std::sync::atomic::Ordering;

use chrono::{DateTime, Datelike as _, Utc};
use serde::{Deserialize, Serialize};

pub(super) use self::counted::count;
use self::counted::{add, number, put_spent, spent, usual_fact};
use super::{
    Queue, QueueError, Rules,
    card_changes::{self, Pace},
    gates, journal, lanes, not_now,
    reopen::reopen,
    settle::held,
    signs, step_row, task_row,
};
use crate::{
    domain::{
        attempt::Outcome,
        ceiling::{Ceilings, GATES, Room, Scope},
        id::{AttemptId, TaskId},
        journal::What,
        lease::Fence,
        money::Usd,
        outbound::Purpose,
        step::{StepEvent, StepState},
        task::Task,
    },
    ports::{
        agent_runner::StopReason,
        rows::{AttemptRow, Look, Rows, RowsError},
        store::Urgency,
    },
};

/// So many tasks that wait at a ceiling take another look when some of it is free again.
const WOKEN: u32 = 16;

/// In so many pieces those that wait at one ceiling are woken at the beginning of a day, a million of them.
const PIECES: u32 = 4_096;

/// What is held back for one attempt.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Reserve {
    nanos: i64,
    /// Whose.
    scopes: Vec<Scope>,
}

/// Each ceiling that counts a task, with what it has left for it: what is held back for the task's own attempt is not taken by others.
pub(super) fn rooms(
    look: &dyn Look,
    rules: &Rules,
    task: &Task,
    own: Option<AttemptId>,
    now: DateTime<Utc>,
) -> Result<Vec<Room>, RowsError> {
    let mut rooms = Vec::new();
    if let Some(ceiling) = task.wishes.budget {
        let taken = look.attempts_of(&task.id)?.iter().filter_map(|attempt| attempt.report.as_ref()?.cost).sum();
        rooms.push(Room { scope: Scope::Task(task.id.clone()), ceiling, taken });
    }
    let counted = rules.ceilings.of(task);
    if !counted.is_empty() {
        let own = own.map(|own| reserve_of(look, own)).transpose()?.flatten().unwrap_or_default();
        for (scope, ceiling) in counted {
            let kept = if own.scopes.contains(&scope) { own.nanos } else { 0 };
            let reserved = number(look, &reserved_fact(&scope))?.saturating_sub(kept);
            rooms.push(Room { taken: Usd::from_nanos(spent(look, &scope, now)?.saturating_add(reserved)), scope, ceiling });
        }
    }
    Ok(rooms)
}

/// Holds back what an attempt is expected to cost; `Err` within: the ceiling that has too little left.
pub(super) fn reserve(
    rows: &mut dyn Rows,
    rules: &Rules,
    task: &Task,
    attempt: AttemptId,
    now: DateTime<Utc>,
) -> Result<Result<(), Scope>, RowsError> {
    if task.wishes.budget.is_none() && rules.ceilings.is_none() {
        return Ok(Ok(()));
    }
    let rooms = rooms(rows, rules, task, None, now)?;
    let wanted = expected(rows, &rules.ceilings, task, &rooms)?;
    if let Some(short) = too_little(&rooms, wanted) {
        return Ok(Err(short.scope.clone()));
    }
    let scopes: Vec<Scope> = rooms.into_iter().map(|room| room.scope).filter(|scope| !matches!(scope, Scope::Task(_))).collect();
    if scopes.is_empty() || wanted == Usd::ZERO {
        return Ok(Ok(()));
    }
    for scope in &scopes {
        add(rows, &reserved_fact(scope), wanted.nanos())?;
    }
    let reserve = Reserve { nanos: wanted.nanos(), scopes };
    rows.put_fact(&reserve_fact(attempt), &serde_json::to_string(&reserve).unwrap_or_default())?;
    Ok(Ok(()))
}

/// What an attempt has used so far is held back for it if that is more than was: nobody else is to use it too before it is counted as spent.
fn hold_used(rows: &mut dyn Rows, rules: &Rules, task: &Task, attempt: AttemptId, used: Usd) -> Result<(), RowsError> {
    let before = reserve_of(rows, attempt)?.unwrap_or_default();
    let scopes: Vec<Scope> = rules.ceilings.of(task).into_iter().map(|(scope, _)| scope).collect();
    if used.nanos() <= before.nanos || scopes.is_empty() {
        return Ok(());
    }
    for scope in &before.scopes {
        add(rows, &reserved_fact(scope), -before.nanos)?;
    }
    for scope in &scopes {
        add(rows, &reserved_fact(scope), used.nanos())?;
    }
    let reserve = Reserve { nanos: used.nanos(), scopes };
    rows.put_fact(&reserve_fact(attempt), &serde_json::to_string(&reserve).unwrap_or_default())
}

/// The first ceiling that has less left than is wanted. What is wanted may be more than a whole ceiling: then all of it will do.
fn too_little(rooms: &[Room], wanted: Usd) -> Option<&Room> {
    rooms.iter().find(|room| room.left() == Usd::ZERO || room.left() < wanted.min(room.ceiling))
}

/// Gives back what was held back for an attempt, and wakes who waits for it.
pub(super) fn give_back(rows: &mut dyn Rows, attempt: AttemptId, now: DateTime<Utc>, lane_cap: u32) -> Result<(), QueueError> {
    let Some(reserve) = reserve_of(rows, attempt)? else { return Ok(()) };
    rows.drop_fact(&reserve_fact(attempt))?;
    for scope in &reserve.scopes {
        add(rows, &reserved_fact(scope), -reserve.nanos)?;
        gates::wake(rows, &scope.gate(), WOKEN, now, lane_cap)?;
    }
    Ok(())
}

/// What an attempt is expected to cost: as its agent does of late, else all that its task may, else what is configured; never more than its task may.
fn expected(look: &dyn Look, ceilings: &Ceilings, task: &Task, rooms: &[Room]) -> Result<Usd, RowsError> {
    let own = rooms.iter().find(|room| matches!(room.scope, Scope::Task(_))).map(Room::left);
    let usual = look.fact(&usual_fact(task))?.and_then(|nanos| nanos.parse().ok()).map(Usd::from_nanos);
    let expected = usual.or(own).unwrap_or(Usd::ZERO).max(ceilings.estimate);
    Ok(own.map_or(expected, |own| expected.min(own)))
}

fn reserve_of(look: &(impl Look + ?Sized), attempt: AttemptId) -> Result<Option<Reserve>, RowsError> {
    Ok(look.fact(&reserve_fact(attempt))?.and_then(|told| serde_json::from_str(&told).ok()))
}

fn reserve_fact(attempt: AttemptId) -> String {
    format!("reserve:{attempt}")
}

fn reserved_fact(scope: &Scope) -> String {
    format!("reserved:{scope}")
}

/// The fact that names who took what a task had left.
pub(super) fn accepted_fact(task: &TaskId) -> String {
    format!("accepted:{task}")
}

impl Queue {
    /// What each ceiling that counts a task has left for it, the task's own first.
    ///
    /// # Errors
    ///
    /// [`QueueError::NoTask`]; [`QueueError::Store`].
    pub async fn rooms(&self, id: TaskId, own: Option<AttemptId>) -> Result<Vec<Room>, QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        let found = self.read(move |look| look.task(&id)?.map(|row| rooms(look, &rules, &row.task, own, now)).transpose()).await?;
        Ok(found.unwrap_or_default())
    }

    /// A run has used so much by now: that counts at once for all others whose ceilings it shares, as what is spent does. Tells what each ceiling that
    /// counts its task has left for it, the task's own first.
    ///
    /// # Errors
    ///
    /// [`QueueError::Late`] if it has ended; [`QueueError::Store`].
    pub async fn uses(&self, id: TaskId, attempt: AttemptId, fence: Fence, used: Usd) -> Result<Vec<Room>, QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        if rules.ceilings.is_none() {
            return self.rooms(id, Some(attempt)).await;
        }
        self.write(Urgency::Usual, move |rows| {
            held(rows, attempt, fence)?;
            let task = task_row(rows, &id)?.task;
            hold_used(rows, &rules, &task, attempt, used)?;
            Ok(rooms(rows, &rules, &task, Some(attempt), now)?)
        })
        .await
    }

    /// A run has cost all that it may: it is stopped, and keeps what it has. `why` is told. One that is being stopped already keeps its reason.
    ///
    /// # Errors
    ///
    /// [`QueueError::Late`] if it has ended; [`QueueError::Store`].
    pub async fn stop_over_budget(&self, attempt: AttemptId, fence: Fence, why: String) -> Result<(), QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        self.write(Urgency::Urgent, move |rows| {
            let mut row = held(rows, attempt, fence)?;
            if row.stop.is_none() {
                row.stop = Some((StopReason::OverBudget, why.clone()));
                rows.update_attempt(&row)?;
                journal(rows, now, &row.task, What::OutOfMoney { why: why.clone() })?;
                card_changes::touch(rows, &rules, &row.task, Pace::Now, now)?;
            }
            Ok(())
        })
        .await?;
        self.bells.attempts.notify_one();
        self.bells.outbound.notify_one();
        Ok(())
    }

    /// A run has cost most of what it may: its card is told anew, once.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn nearly_over_budget(&self, task: TaskId, why: String) -> Result<(), QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        self.write(Urgency::Usual, move |rows| {
            journal(rows, now, &task, What::NearlyOutOfMoney { why: why.clone() })?;
            Ok(card_changes::touch(rows, &rules, &task, Pace::Now, now)?)
        })
        .await?;
        self.bells.outbound.notify_one();
        Ok(())
    }

    /// Lets a task cost so much more. One that runs goes on with it; one that waits for it takes its turn; one that has ended because its money
    /// had run out is run once more, and told what it left. Tells the new budget.
    ///
    /// # Errors
    ///
    /// [`QueueError::NoTask`]; [`QueueError::NotNow`] if it has no budget, or is being stopped; [`QueueError::Store`].
    pub async fn raise(&self, id: TaskId, by: String, more: Usd) -> Result<Usd, QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        let raised = self
            .write(Urgency::Urgent, move |rows| {
                let (mut task, mut step) = (task_row(rows, &id)?, step_row(rows, &id)?);
                let Some(budget) = task.task.wishes.budget else {
                    return Err(not_now(&id, "given more money", "has no budget of its own: nothing of it runs out"));
                };
                let stops = rows.attempts_of(&id)?.iter().any(|attempt| attempt.state.is_live() && attempt.stop.is_some());
                if stops {
                    return Err(not_now(&id, "given more money", "is being stopped; it can be once it has ended"));
                }
                let raised = budget.saturating_add(more);
                task.task.wishes.budget = Some(raised);
                rows.update_task(&task)?;
                journal(rows, now, &id, What::Raised { by: by.clone(), to_nanos: raised.nanos() })?;
                card_changes::touch(rows, &rules, &id, Pace::Now, now)?;
                match &step.state {
                    StepState::Finished { .. } if task.ended.is_some_and(|(_, outcome)| outcome == Outcome::OverBudget) => {
                        card_changes::want_again(rows, &rules, &id, now)?;
                        reopen(rows, &rules, &mut task, &mut step, now)?;
                    }
                    StepState::Parked { gate } if *gate == Scope::Task(id.clone()).gate() => {
                        lanes::enter(rows, &mut step, StepEvent::Freed, now, rules.lane_cap)?;
                    }
                    _ => {}
                }
                Ok(raised)
            })
            .await?;
        self.bells.work.notify_one();
        self.bells.outbound.notify_one();
        Ok(raised)
    }

    /// Takes what a task has left that was stopped at its ceiling: nobody is asked for more money.
    ///
    /// # Errors
    ///
    /// [`QueueError::NoTask`]; [`QueueError::NotNow`] if it has not ended so, or it was taken already; [`QueueError::Store`].
    pub async fn accept(&self, id: TaskId, by: String) -> Result<(), QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        self.write(Urgency::Usual, move |rows| {
            let task = task_row(rows, &id)?;
            if !task.ended.is_some_and(|(_, outcome)| outcome == Outcome::OverBudget) || rows.fact(&accepted_fact(&id))?.is_some() {
                return Err(not_now(&id, "taken as it is", "is no task that was stopped at its ceiling and waits for a decision"));
            }
            rows.put_fact(&accepted_fact(&id), &by)?;
            journal(rows, now, &id, What::TakenAsItIs { by: by.clone() })?;
            signs::lift_ends(rows, &task, now)?;
            if let Some(at) = task.message {
                signs::want(rows, at, Outcome::Succeeded.mark(), Some(&id), Purpose::End, now)?;
            }
            Ok(card_changes::touch(rows, &rules, &id, Pace::Now, now)?)
        })
        .await?;
        self.bells.outbound.notify_one();
        Ok(())
    }

    /// Counts anew what today has cost by the ceilings that there are now: they may be others than yesterday's, or than before a restart.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn recount_spending(&self) -> Result<(), QueueError> {
        let (today, rules) = (self.now().date_naive(), self.rules.clone());
        if rules.ceilings.is_none() {
            return Ok(());
        }
        let counted = self.read(move |rows| {
            let mut sums = std::collections::BTreeMap::<Scope, i64>::new();
            for entry in rows.ledger(today, today)? {
                let (Some(cost), Some(mut row)) = (entry.cost, rows.task(&entry.task)?) else { continue };
                // Another agent may have it by now.
                row.task.wishes.agent = entry.agent;
                for (scope, _) in rules.ceilings.of(&row.task).into_iter().filter(|(scope, _)| *scope != Scope::Day) {
                    let sum = sums.entry(scope).or_default();
                    *sum = sum.saturating_add(cost.nanos());
                }
            }
            Ok(sums)
        });
        // Nothing is claimed yet, so nothing is spent between the look and this.
        let sums = counted.await?;
        self.write(Urgency::Usual, move |rows| Ok(sums.iter().try_for_each(|(scope, nanos)| put_spent(rows, scope, today, *nanos))?)).await
    }

    /// Who waits at a ceiling that would not hold him back any more takes his turn; on a new day, and after a start, all do.
    pub(super) async fn open_ceilings(&self) -> Result<(), QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        let today = now.date_naive().num_days_from_ce();
        let is_new = self.day.swap(today, Ordering::SeqCst) != today;
        // A task's own ceiling is raised by hand alone.
        if rules.ceilings.is_none() && !is_new {
            return Ok(());
        }
        let opened = self.read(move |look| {
            let mut gates = look.parked_at(GATES)?;
            gates.retain(|gate| !matches!(Scope::of_gate(gate), Some(Scope::Task(_))));
            let mut opened = Vec::new();
            for gate in gates {
                if is_new || first_fits(look, &rules, &gate, now)? {
                    opened.push(gate);
                }
            }
            Ok(opened)
        });
        let (lane_cap, most) = (self.rules.lane_cap, if is_new { gates::WAKE_AT_ONCE } else { WOKEN });
        for gate in opened.await? {
            // A hundred thousand that wait are woken in pieces: others write meanwhile.
            for _ in 0..PIECES {
                let gate = gate.clone();
                let woken = self.write(Urgency::Usual, move |rows| gates::wake(rows, &gate, most, now, lane_cap)).await?;
                if !is_new || woken < most {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// Whether the first that waits at a ceiling would be let through.
fn first_fits(look: &dyn Look, rules: &Rules, gate: &str, now: DateTime<Utc>) -> Result<bool, RowsError> {
    let Some(step) = look.first_parked(gate)? else { return Ok(false) };
    let Some(row) = look.task(&step.task)? else { return Ok(false) };
    let rooms = rooms(look, rules, &row.task, None, now)?;
    let wanted = expected(look, &rules.ceilings, &row.task, &rooms)?;
    Ok(too_little(&rooms, wanted).is_none())
}

/// Whether a task's own budget has something left for another attempt.
pub(super) fn has_money(look: &dyn Look, task: &Task, ended: &AttemptRow) -> Result<bool, RowsError> {
    let Some(budget) = task.wishes.budget else { return Ok(true) };
    let cost = |attempt: &AttemptRow| attempt.report.as_ref().and_then(|report| report.cost);
    let before = look.attempts_of(&task.id)?.into_iter().filter(|attempt| attempt.id != ended.id);
    let spent: Usd = before.filter_map(|attempt| cost(&attempt)).chain(cost(ended)).sum();
    Ok(spent < budget)
}
