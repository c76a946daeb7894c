//! A task comes in: exactly once per source id, and claimed in the same transaction when a slot is free.

use super::{
    Queue, QueueError, card_changes,
    claim::{self, Claim},
    journal, lanes, signs, write_letter,
};
use crate::{
    domain::{
        id::{AttemptId, StepId, TaskId},
        journal::What,
        lease::Fence,
        outbound::{Address, Identity, Letter},
        step::{Blocked, StepState},
        task::{Origin, Task},
    },
    ports::{
        rows::{IntakeRow, StepRow, TaskRow},
        store::Urgency,
    },
};

/// A task as intake hands it over.
#[derive(Clone, Debug)]
pub struct NewTask {
    /// What is asked.
    pub task: Task,
    /// What kind of source it came from: `message`, `interaction`, `cli`.
    pub source: &'static str,
    /// The source's own id.
    pub key: String,
    /// SHA-256 of what was asked: tells a repetition from a second request under one key.
    pub body_hash: String,
    /// Gates that it needs.
    pub gates: Vec<String>,
    /// Blocked from the start: it is asked about.
    pub blocked: Option<(Blocked, Letter)>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Enqueued {
    /// It is new.
    New {
        /// The task.
        task: TaskId,
        /// The attempt, if a slot was free at once.
        claimed: Option<AttemptId>,
    },
    /// Its source id was seen before.
    Seen {
        /// The task that it became.
        task: TaskId,
        /// Whether the same was asked.
        same: bool,
    },
}

impl Queue {
    /// Stores a task, once per source and key, and claims it if a slot is free.
    ///
    /// # Errors
    ///
    /// [`QueueError::TooMany`] if its requester has too many open tasks; [`QueueError::Store`]. Nothing is stored then.
    pub async fn enqueue(&self, new: NewTask) -> Result<Enqueued, QueueError> {
        let (now, rules, ask) = (self.now(), self.rules.clone(), self.claim_ask());
        let done = self
            .write(Urgency::Usual, move |rows| {
                if let Some(seen) = rows.intake(new.source, &new.key)? {
                    return Ok(Enqueued::Seen { same: seen.body_hash == new.body_hash, task: seen.task });
                }
                let (task, lane) = (&new.task, new.task.requester.lane());
                if rows.task(&task.id)?.is_some() {
                    return Ok(Enqueued::Seen { task: task.id.clone(), same: false });
                }
                let open = rows.open_tasks(&lane)?;
                if open >= rules.open_tasks_per_lane {
                    return Err(QueueError::TooMany { open, limit: rules.open_tasks_per_lane });
                }
                rows.insert_intake(&IntakeRow {
                    source: new.source.to_owned(),
                    key: new.key.clone(),
                    body_hash: new.body_hash.clone(),
                    task: task.id.clone(),
                })?;
                let message = match &task.origin {
                    Origin::Message(at) => Some(*at),
                    Origin::Asked { .. } => None,
                };
                if let Some(at) = message {
                    signs::lift_refusal(rows, at, now)?;
                }
                let new_row = TaskRow { task: task.clone(), message, entry: None, ended: None };
                rows.insert_task(&new_row)?;
                let state = match &new.blocked {
                    Some((reason, _)) => StepState::Blocked { reason: *reason },
                    None => StepState::Ready { since: now },
                };
                let mut step = StepRow {
                    id: StepId(0),
                    task: task.id.clone(),
                    lane,
                    state,
                    priority: task.wishes.priority,
                    gates: new.gates.clone(),
                    attempts: 0,
                    attempts_allowed: task.wishes.attempts,
                    failed_launches: 0,
                    fence: Fence(0),
                    version: 0,
                };
                step.id = rows.insert_step(&step)?;
                journal(rows, now, &task.id, What::Accepted { by: task.requester.name().to_owned() })?;
                if let Origin::Asked { announce_in: Some(channel) } = task.origin {
                    let to = Address { channel, identity: Identity::Orchestrator };
                    write_letter(rows, now, to, Some(&task.id), Letter::Announcement { task: Box::new(task.clone()) })?;
                }
                if let Some((_, question)) = &new.blocked {
                    journal(rows, now, &task.id, What::Asked)?;
                    if let Letter::Reply { to, .. } = question {
                        let to = Address { channel: to.channel, identity: Identity::Orchestrator };
                        write_letter(rows, now, to, Some(&task.id), question.clone())?;
                    }
                    card_changes::begin(rows, &rules, &new_row, None, now)?;
                    return Ok(Enqueued::New { task: task.id.clone(), claimed: None });
                }
                lanes::admit(rows, &step, rules.lane_cap)?;
                // The turn may be another's: the scheduler's bell brings this one its own.
                let claimed = match claim::claim_one(rows, &rules, &ask, now)? {
                    Claim::Taken(attempt) if attempt.task == task.id => Some(attempt.id),
                    Claim::Taken(_) | Claim::LookFurther | Claim::Nothing => None,
                };
                card_changes::begin(rows, &rules, &new_row, Some(&step).filter(|_| claimed.is_none()), now)?;
                Ok(Enqueued::New { task: task.id.clone(), claimed })
            })
            .await?;
        self.bells.outbound.notify_one();
        self.bells.attempts.notify_one();
        self.bells.work.notify_one();
        Ok(done)
    }
}
