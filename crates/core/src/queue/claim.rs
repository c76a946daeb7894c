//! Claims: a free slot takes the next step. Never two at once, never past a closed gate, never past the day's ceiling.

use std::sync::atomic::Ordering;

use chrono::{DateTime, Utc};

use super::{
    Queue, QueueError, Rules,
    card_changes::{self, Pace},
    ceilings,
    dispatch::{closed, instance_gate},
    gates, journal_attempt, lanes, quotas, signs,
};
use crate::{
    domain::{
        attempt::AttemptState,
        id::AttemptId,
        journal::What,
        lease::{Fence, Lease},
        quota,
        step::StepEvent,
        task::Origin,
    },
    ports::{
        rows::{AttemptRow, Rows, RowsError},
        store::Urgency,
    },
};

/// How many steps with closed gates one transaction looks past.
const LOOKED_PAST: usize = 64;

/// What one transaction found.
#[derive(Debug)]
pub(super) enum Claim {
    /// A step, which is claimed now.
    Taken(Box<AttemptRow>),
    /// Only steps with closed gates, which are parked now; more wait behind them.
    LookFurther,
    /// Nothing that may start.
    Nothing,
}

/// Time and chance of one claim, drawn beforehand.
#[derive(Clone, Debug)]
pub(super) struct ClaimAsk {
    attempt: AttemptId,
    agent_id: String,
    /// Nothing is to be claimed: the process is ending.
    ending: bool,
}

impl Queue {
    pub(super) fn claim_ask(&self) -> ClaimAsk {
        let (now, random) = (self.now(), self.entropy.bytes());
        let attempt = AttemptId::from_parts(u64::try_from(now.timestamp_millis()).unwrap_or(0), random);
        // The first bytes are the attempt's own; the folder shows others, so that neither can be guessed from the other.
        let tail = self.entropy.bytes();
        let shown = u32::from_be_bytes([tail[0], tail[1], tail[2], tail[3]]);
        ClaimAsk { attempt, agent_id: format!("agent-{}-{shown:08x}", now.timestamp()), ending: self.ending.load(Ordering::SeqCst) }
    }

    /// Claims up to `most` steps for this instance, those whose turn it is, in one transaction; fewer if no more wait, no slot is free, or
    /// nothing may start.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`]; what was claimed before is found among the live attempts.
    pub async fn claim(&self, most: usize) -> Result<Vec<AttemptRow>, QueueError> {
        let mut claimed = Vec::new();
        loop {
            let (now, rules) = (self.now(), self.rules.clone());
            let asks: Vec<ClaimAsk> = (claimed.len()..most).map(|_| self.claim_ask()).collect();
            let (taken, more_behind) = self.write(Urgency::Usual, move |rows| claim_for(rows, &rules, &asks, now)).await?;
            if !taken.is_empty() {
                self.bells.outbound.notify_one();
                self.bells.attempts.notify_one();
            }
            claimed.extend(taken);
            if !more_behind {
                return Ok(claimed);
            }
        }
    }
}

/// One claim for each of `asks`, as long as there is something to claim; and whether more has to be looked past in another transaction.
fn claim_for(rows: &mut dyn Rows, rules: &Rules, asks: &[ClaimAsk], now: DateTime<Utc>) -> Result<(Vec<AttemptRow>, bool), QueueError> {
    let mut taken = Vec::new();
    for ask in asks {
        match claim_one(rows, rules, ask, now)? {
            Claim::Taken(attempt) => taken.push(*attempt),
            Claim::LookFurther => return Ok((taken, true)),
            Claim::Nothing => break,
        }
    }
    Ok((taken, false))
}

pub(super) fn claim_one(rows: &mut dyn Rows, rules: &Rules, ask: &ClaimAsk, now: DateTime<Utc>) -> Result<Claim, QueueError> {
    if ask.ending {
        return Ok(Claim::Nothing);
    }
    let slots = instance_gate(&rules.instance);
    if rows.gate(&slots)?.is_some_and(|gate| gate.held >= rules.slots) || closed(rows, rules, now)?.is_some() {
        return Ok(Claim::Nothing);
    }
    for _ in 0..LOOKED_PAST {
        let Some(mut lane) = rows.next_lane()? else { return Ok(Claim::Nothing) };
        let Some(mut step) = rows.first_ready(&lane.id)? else {
            // A lane that counts a step which is not there would be looked at for ever.
            lane.ready = 0;
            rows.put_lane(&lane)?;
            continue;
        };
        if let Some(gate) = gates::closed(rows, &step.gates)? {
            lanes::leave(rows, &mut step, StepEvent::Stopped { gate: &gate }, now)?;
            gates::pass_on(rows, &step.gates, now, rules.lane_cap)?;
            continue;
        }
        let mut row = super::task_row(rows, &step.task)?;
        if quotas::closed(rows, rules, &row, now)? {
            let before = step.gates.clone();
            if !quotas::moved(rows, rules, &mut row, &mut step, now)? {
                lanes::leave(rows, &mut step, StepEvent::Stopped { gate: &quota::gate(&row.task.wishes.agent) }, now)?;
            }
            gates::pass_on(rows, &before, now, rules.lane_cap)?;
            card_changes::touch(rows, rules, &step.task, Pace::Soon, now)?;
            continue;
        }
        if let Err(short) = ceilings::reserve(rows, rules, &row.task, ask.attempt, now)? {
            lanes::leave(rows, &mut step, StepEvent::Stopped { gate: &short.gate() }, now)?;
            gates::pass_on(rows, &step.gates, now, rules.lane_cap)?;
            card_changes::touch(rows, rules, &step.task, Pace::Soon, now)?;
            continue;
        }
        gates::hold(rows, &step.gates)?;
        gates::hold(rows, std::slice::from_ref(&slots))?;
        step.fence = Fence(step.fence.0 + 1);
        lanes::leave(rows, &mut step, StepEvent::Claimed, now)?;
        let cleared = match row.task.origin {
            Origin::Message(at) => signs::want_claim(rows, at, &step.task, now)?,
            Origin::Asked { .. } => {
                if let Some(at) = row.message {
                    signs::want_claim(rows, at, &step.task, now)?;
                }
                true
            }
        };
        let attempt = AttemptRow {
            id: ask.attempt,
            step: step.id,
            task: step.task.clone(),
            number: step.attempts + 1,
            fence: step.fence,
            lease: Lease { instance: rules.instance.clone(), until: now + rules.lease },
            state: AttemptState::Launching { cleared },
            agent_id: ask.agent_id.clone(),
            agent: row.task.wishes.agent.clone(),
            slot: free_slot(rows, rules)?,
            stop: None,
            report: None,
            claimed_at: now,
            ended_at: None,
            workspace_removed: false,
        };
        rows.insert_attempt(&attempt)?;
        rows.tell_follow_ups(&attempt.task, attempt.number)?;
        journal_attempt(rows, now, &attempt, What::Claimed { number: attempt.number })?;
        card_changes::touch(rows, rules, &attempt.task, Pace::Soon, now)?;
        return Ok(Claim::Taken(Box::new(attempt)));
    }
    Ok(Claim::LookFurther)
}

fn free_slot(rows: &dyn Rows, rules: &Rules) -> Result<u32, RowsError> {
    let taken: Vec<u32> = rows.live_heads(&rules.instance)?.into_iter().map(|attempt| attempt.slot).collect();
    Ok((1..=rules.slots).find(|slot| !taken.contains(slot)).unwrap_or(rules.slots))
}
