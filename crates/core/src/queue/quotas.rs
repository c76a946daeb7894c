//! Quotas that are used up: whoever needs one waits for it, or goes to another agent, and somebody or a clock lets him go on.

use std::{collections::BTreeSet, sync::PoisonError};

use chrono::{DateTime, Utc};

use super::{Queue, QueueError, Rules, gates, journal, write_letter};
use crate::{
    domain::{
        agent::AgentName,
        id::TaskId,
        journal::{Event, What},
        outbound::Letter,
        quota::{Credential, GATES, MOST_WAITS, Standing, UsedUp, Wait, agent_of},
        step::StepState,
        task::Wishes,
    },
    ports::{
        rows::{AttemptRow, Look, Rows, RowsError, StepRow, TaskRow},
        store::Urgency,
    },
};

/// In so many pieces those that wait for one quota are woken, a million of them.
const PIECES: u32 = 4_096;

/// An agent has told that its quota is used up.
pub(super) fn used_up(
    rows: &mut dyn Rows,
    rules: &Rules,
    attempt: &AttemptRow,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), RowsError> {
    let rule = rules.quotas.of(&attempt.agent);
    forget(rows, &attempt.task)?;
    let known = standing(rows, &rule.credential)?;
    let told = UsedUp { until, told_at: now, agent: attempt.agent.clone(), task: attempt.task.clone() };
    rows.put_fact(&fact(&rule.credential), &serde_json::to_string(&told).unwrap_or_default())?;
    journal(rows, now, &attempt.task, What::QuotaUsedUp { credential: rule.credential.to_string(), until })?;
    // Of ten agents that run into the same wall one is enough to tell.
    if known.is_none_or(|known| known.until <= now) {
        let how = if rule.resumes {
            "go on by themselves then".to_owned()
        } else {
            format!("go on when somebody says so: **Go on** on their cards, or `orchestrator quotas back {}` for all", rule.credential)
        };
        let text = format!(
            "⏳ **The quota of `{}` is used up until <t:{}:f>** (<t:{}:R>), says agent `{}`. Its tasks wait, or go to another agent where the \
             configuration says so; they {how}.",
            rule.credential,
            until.timestamp(),
            until.timestamp(),
            attempt.agent
        );
        write_letter(rows, now, rules.routes.operator, Some(&attempt.task), Letter::Operator { text })?;
    }
    Ok(())
}

/// Whether a task has not waited for quotas too often already.
pub(super) fn may_wait(look: &dyn Look, task: &TaskId) -> Result<bool, RowsError> {
    let waits = |attempt: &AttemptRow| attempt.report.as_ref().is_some_and(|report| report.resets_at.is_some());
    Ok(look.attempts_of(task)?.iter().filter(|attempt| waits(attempt)).count() <= MOST_WAITS)
}

/// Whether a task's agent has no quota at present. Who was told to go on all the same is let through, once.
pub(super) fn closed(rows: &mut dyn Rows, rules: &Rules, row: &TaskRow, now: DateTime<Utc>) -> Result<bool, RowsError> {
    if !is_short(rows, rules, &row.task.wishes.agent, row, now)? {
        return Ok(false);
    }
    let past = past_fact(&row.task.id);
    if rows.fact(&past)?.is_some() {
        rows.drop_fact(&past)?;
        return Ok(false);
    }
    Ok(true)
}

/// Whether an agent has no quota for a task. One rule for the agent that has it and for those that might take it: by two, it would go to and fro.
fn is_short(look: &(impl Look + ?Sized), rules: &Rules, agent: &AgentName, row: &TaskRow, now: DateTime<Utc>) -> Result<bool, RowsError> {
    let rule = rules.quotas.of(agent);
    let Some(told) = standing(look, &rule.credential)? else { return Ok(false) };
    // What waited while there was none goes on only when somebody says so; what has come since never waited.
    Ok(now < told.until || !rule.resumes && row.task.created_at < told.until)
}

/// Gives a task to the first agent that may take it instead of its own and has quota; tells whether there is one.
pub(super) fn moved(
    rows: &mut dyn Rows,
    rules: &Rules,
    row: &mut TaskRow,
    step: &mut StepRow,
    now: DateTime<Utc>,
) -> Result<bool, RowsError> {
    let from = row.task.wishes.agent.clone();
    let Some((to, wishes)) = another(rows, rules, row, now)? else { return Ok(false) };
    row.task.wishes = wishes;
    rows.update_task(row)?;
    let (before, after) = (from.gate(), to.gate());
    step.gates.iter_mut().filter(|gate| **gate == before).for_each(|gate| gate.clone_from(&after));
    rows.update_step(step)?;
    journal(rows, now, &row.task.id, What::GoesToAnother { from: from.to_string(), to: to.to_string() })?;
    Ok(true)
}

/// The first agent that may take a task instead of its own and has quota, with what it would be asked: those that its agent's definition names, then
/// those that it came from.
fn another(
    look: &(impl Look + ?Sized),
    rules: &Rules,
    row: &TaskRow,
    now: DateTime<Utc>,
) -> Result<Option<(AgentName, Wishes)>, RowsError> {
    let from = look.events_of(&row.task.id)?.into_iter().filter_map(|event| match event.what {
        What::GoesToAnother { from, .. } => from.parse().ok(),
        _ => None,
    });
    for to in rules.quotas.of(&row.task.wishes.agent).instead.into_iter().chain(from) {
        let Some(wishes) = rules.quotas.moved(&row.task.wishes, &to).filter(|_| to != row.task.wishes.agent) else { continue };
        if !is_short(look, rules, &to, row, now)? {
            return Ok(Some((to, wishes)));
        }
    }
    Ok(None)
}

/// What a step waits for, if it is a quota.
pub(super) fn wait_of(look: &(impl Look + ?Sized), rules: &Rules, step: &StepRow) -> Result<Option<Wait>, RowsError> {
    let StepState::Parked { gate } = &step.state else { return Ok(None) };
    let Some(agent) = agent_of(gate) else { return Ok(None) };
    let rule = rules.quotas.of(&agent);
    let until = standing(look, &rule.credential)?.map(|told| told.until);
    Ok(Some(Wait { agent, until, resumes: rule.resumes }))
}

/// A task is to be tried whatever is known of its agent's quota.
pub(super) fn let_past(rows: &mut dyn Rows, task: &TaskId) -> Result<(), RowsError> {
    rows.put_fact(&past_fact(task), "")
}

/// A task that has ended is asked for once more. When its agent's quota should be there again by now, that is said by that, too.
pub(super) fn asked_again(rows: &mut dyn Rows, rules: &Rules, row: &TaskRow, now: DateTime<Utc>) -> Result<(), RowsError> {
    let told = standing(rows, &rules.quotas.of(&row.task.wishes.agent).credential)?;
    if told.is_some_and(|told| told.until <= now) { let_past(rows, &row.task.id) } else { Ok(()) }
}

/// Nobody is let past any more for what was said of a task until now.
pub(super) fn forget(rows: &mut dyn Rows, task: &TaskId) -> Result<(), RowsError> {
    rows.drop_fact(&past_fact(task))
}

fn standing(look: &(impl Look + ?Sized), credential: &Credential) -> Result<Option<UsedUp>, RowsError> {
    Ok(look.fact(&fact(credential))?.and_then(|told| serde_json::from_str(&told).ok()))
}

fn fact(credential: &Credential) -> String {
    format!("quota:{credential}")
}

fn past_fact(task: &TaskId) -> String {
    format!("past_quota:{task}")
}

impl Queue {
    /// Every credential, with what is known of its quota.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn quotas(&self) -> Result<Vec<Standing>, QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        self.read(move |look| {
            let waiting: Vec<AgentName> = look.parked_at(GATES)?.iter().filter_map(|gate| agent_of(gate)).collect();
            let mut credentials = rules.quotas.credentials();
            // Those of agents that are configured no more, and whose tasks wait all the same.
            for agent in &waiting {
                let agents = credentials.entry(rules.quotas.of(agent).credential).or_default();
                if !agents.contains(agent) {
                    agents.push(agent.clone());
                }
            }
            let all = credentials.into_iter().map(|(credential, agents)| {
                let waiting: Vec<_> = agents.iter().filter(|agent| waiting.contains(agent)).cloned().collect();
                // One that is over, and for which nobody waits, is no news.
                let used_up = standing(look, &credential)?.filter(|told| now < told.until || !waiting.is_empty());
                Ok(Standing { credential, agents, used_up, waiting })
            });
            all.collect()
        })
        .await
    }

    /// The quota of a credential is there again, whatever was told: who waits for it goes on. Tells whether it was used up.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn quota_is_back(&self, credential: Credential, by: String) -> Result<bool, QueueError> {
        let now = self.now();
        self.quotas_there.lock().unwrap_or_else(PoisonError::into_inner).remove(&credential);
        let was = self
            .write(Urgency::Usual, move |rows| {
                if standing(rows, &credential)?.is_none() {
                    return Ok(false);
                }
                rows.drop_fact(&fact(&credential))?;
                let what = What::QuotaIsBack { credential: credential.to_string(), by: by.clone() };
                rows.append(&Event { at: now, task: None, attempt: None, what })?;
                Ok(true)
            })
            .await?;
        self.bells.work.notify_one();
        Ok(was)
    }

    /// Who waits for a quota that is there again takes his turn; and so does, once, who may go to an agent whose quota is: where he can't, he waits on.
    pub(super) async fn open_quotas(&self) -> Result<(), QueueError> {
        let (now, rules, before) =
            (self.now(), self.rules.clone(), self.quotas_there.lock().unwrap_or_else(PoisonError::into_inner).clone());
        let looked = self.read(move |look| {
            let gates = look.parked_at(GATES)?;
            if gates.is_empty() {
                return Ok((before.clone(), gates));
            }
            let mut there = BTreeSet::new();
            for credential in rules.quotas.credentials().into_keys() {
                if standing(look, &credential)?.is_none_or(|told| told.until <= now) {
                    there.insert(credential);
                }
            }
            let is_news = |agent: AgentName| {
                let credential = rules.quotas.of(&agent).credential;
                there.contains(&credential) && !before.contains(&credential)
            };
            let mut opened = Vec::new();
            for gate in gates {
                let Some(agent) = agent_of(&gate) else { continue };
                let rule = rules.quotas.of(&agent);
                if standing(look, &rule.credential)?.is_none_or(|told| rule.resumes && told.until <= now)
                    || rules.quotas.stand_ins(&agent).into_iter().any(is_news)
                {
                    opened.push(gate);
                }
            }
            Ok((there, opened))
        });
        let (there, opened) = looked.await?;
        *self.quotas_there.lock().unwrap_or_else(PoisonError::into_inner) = there;
        let lane_cap = self.rules.lane_cap;
        for gate in opened {
            for _ in 0..PIECES {
                let gate = gate.clone();
                let woken = self.write(Urgency::Usual, move |rows| gates::wake(rows, &gate, gates::WAKE_AT_ONCE, now, lane_cap)).await?;
                if woken < gates::WAKE_AT_ONCE {
                    break;
                }
            }
        }
        Ok(())
    }
}
