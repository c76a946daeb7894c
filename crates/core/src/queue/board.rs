//! Read models: what people see of tasks. Derived from stored facts, never stored.

pub mod spending;
pub mod standing;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

pub use super::dispatch::Closed;
use super::{Queue, QueueError, Rules, quotas};
use crate::{
    domain::{
        agent::AgentName,
        attempt::Outcome,
        id::{MessageId, TaskId},
        journal::Event,
        money::Usd,
        permission::{Asked, Question},
        quota::Wait,
        step::{Blocked, StepState},
    },
    ports::rows::{AttemptRow, Counts, LedgerRow, Look, RowsError, StepRow, TaskFilter, TaskRow},
};

/// One task, with everything that a person may ask of it.
#[derive(Clone, Debug)]
pub struct TaskView {
    /// What was asked.
    pub row: TaskRow,
    /// Its step.
    pub step: StepRow,
    /// Its attempts that became runs (or are about to), oldest first.
    pub attempts: Vec<AttemptRow>,
    /// What its running agent asks, and waits for.
    pub asked: Vec<Asked>,
    /// What it waits for, if that is its agent's quota.
    pub quota: Option<Wait>,
}

/// What a task is doing, with its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doing<'a> {
    /// It waits for its turn.
    Waiting,
    /// It waits for a time.
    Delayed {
        /// Until when.
        until: DateTime<Utc>,
    },
    /// It waits at a gate.
    Parked {
        /// Which.
        gate: &'a str,
    },
    /// It waits for its agent's quota.
    OutOfQuota(&'a Wait),
    /// Somebody held it, or it is asked about.
    Blocked {
        /// Why.
        reason: Blocked,
    },
    /// It is claimed or runs.
    Running {
        /// In this attempt.
        attempt: &'a AttemptRow,
    },
    /// It has ended.
    Ended {
        /// When.
        at: DateTime<Utc>,
        /// How.
        outcome: Outcome,
    },
}

impl TaskView {
    /// What the task is doing.
    pub fn doing(&self) -> Doing<'_> {
        if let Some((at, outcome)) = self.row.ended {
            return Doing::Ended { at, outcome };
        }
        if let Some(attempt) = self.attempts.iter().rev().find(|attempt| attempt.state.is_live()) {
            return Doing::Running { attempt };
        }
        if let Some(wait) = &self.quota {
            return Doing::OutOfQuota(wait);
        }
        match &self.step.state {
            StepState::Blocked { reason } => Doing::Blocked { reason: *reason },
            StepState::Delayed { until } => Doing::Delayed { until: *until },
            StepState::Parked { gate } => Doing::Parked { gate },
            StepState::Ready { .. } | StepState::Running | StepState::Finished { .. } => Doing::Waiting,
        }
    }

    /// The word for what it is doing, in tables and JSON.
    pub fn word(&self) -> &'static str {
        match self.doing() {
            Doing::Waiting => "waiting",
            Doing::Delayed { .. } => "delayed",
            Doing::Parked { .. } => "parked",
            Doing::OutOfQuota(_) => "out_of_quota",
            Doing::Blocked { reason: Blocked::Paused } => "held",
            Doing::Blocked { reason: Blocked::Approval } => "asked",
            Doing::Running { .. } => "running",
            Doing::Ended { outcome, .. } => outcome.word(),
        }
    }

    /// What all its attempts have cost, as far as known; `None`: nothing is known.
    pub fn cost(&self) -> Option<Usd> {
        let known: Vec<Usd> = self.attempts.iter().filter_map(|attempt| attempt.report.as_ref()?.cost).collect();
        (!known.is_empty()).then(|| known.into_iter().sum())
    }

    /// How many counted attempts have begun, as far as they have not turned out void: what a press on one of its buttons carries.
    pub fn begun(&self) -> u32 {
        self.attempts.iter().map(|attempt| attempt.number).max().unwrap_or(0)
    }

    /// The question of its running agent that waits for somebody, of several the oldest.
    pub fn open_question(&self) -> Option<&Question> {
        let stops = matches!(self.doing(), Doing::Running { attempt } if attempt.stop.is_some());
        self.asked.iter().find(|asked| asked.decision.is_none()).map(|asked| &asked.question).filter(|_| !stops)
    }

    /// Its latest attempt.
    pub fn latest(&self) -> Option<&AttemptRow> {
        self.attempts.last()
    }
}

/// The service at a glance.
#[derive(Clone, Debug, Serialize)]
pub struct Glance {
    /// How many of what.
    pub counts: Counts,
    /// What the day (UTC) has cost so far, in billionths of a dollar, as far as known.
    pub spent_today_nanos: i64,
    /// Why nothing is started, if so.
    #[serde(skip)]
    pub closed: Option<Closed>,
    /// Whether nothing will happen unless somebody does something: nothing runs, and what waits can't start, or waits for people, money or a quota.
    pub at_rest: bool,
}

impl Queue {
    /// One task; `None` if nobody knows it.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn show(&self, id: TaskId) -> Result<Option<TaskView>, QueueError> {
        let rules = self.rules.clone();
        self.read(move |look| look.task(&id)?.map(|row| view(look, &rules, row)).transpose().map(Option::flatten)).await
    }

    /// The task whose message this is.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn task_of_message(&self, message: MessageId) -> Result<Option<TaskId>, QueueError> {
        self.read(move |look| look.task_of_message(message)).await
    }

    /// Whether something has come from this source before.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn seen(&self, source: &'static str, key: String) -> Result<Option<TaskId>, QueueError> {
        self.read(move |look| Ok(look.intake(source, &key)?.map(|row| row.task))).await
    }

    /// Tasks, newest first.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn list(&self, filter: TaskFilter) -> Result<Vec<TaskView>, QueueError> {
        let rules = self.rules.clone();
        self.read(move |look| {
            let rows = look.tasks(&filter)?;
            Ok(rows.into_iter().map(|row| view(look, &rules, row)).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        })
        .await
    }

    /// Tasks that wait, in the order in which they would run if there were one requester.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn waiting(&self, limit: u32) -> Result<Vec<TaskView>, QueueError> {
        let rules = self.rules.clone();
        self.read(move |look| {
            let steps = look.waiting_steps(limit)?;
            let views = steps.into_iter().map(|step| Ok(look.task(&step.task)?.map(|row| view(look, &rules, row)).transpose()?.flatten()));
            Ok(views.collect::<Result<Vec<_>, RowsError>>()?.into_iter().flatten().collect())
        })
        .await
    }

    /// The service at a glance.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn glance(&self) -> Result<Glance, QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        self.read(move |look| {
            let spent = look.fact(&super::spent_fact(now))?.and_then(|nanos| nanos.parse().ok()).unwrap_or(0);
            let (counts, closed) = (look.counts()?, super::dispatch::closed(look, &rules, now)?);
            let at_rest = counts.running == 0 && (closed.is_some() || !moves(look)?);
            Ok(Glance { counts, spent_today_nanos: spent, closed, at_rest })
        })
        .await
    }

    /// A task's journal, oldest first.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn events(&self, task: TaskId) -> Result<Vec<Event>, QueueError> {
        self.read(move |look| look.events_of(&task)).await
    }

    /// Ledger lines from a day to a day, both included.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn ledger(&self, from: NaiveDate, to: NaiveDate) -> Result<Vec<LedgerRow>, QueueError> {
        self.read(move |look| look.ledger(from, to)).await
    }
}

/// Whether something that waits takes its turn by itself, sooner or later.
fn moves(look: &dyn Look) -> Result<bool, RowsError> {
    Ok(look.next_lane()?.is_some() || look.next_due()?.is_some() || !look.parked_at(AgentName::GATES)?.is_empty())
}

fn view(look: &dyn Look, rules: &Rules, row: TaskRow) -> Result<Option<TaskView>, RowsError> {
    let Some(step) = look.step_of(&row.task.id)? else { return Ok(None) };
    let mut attempts = look.attempts_of(&row.task.id)?;
    attempts.retain(|attempt| attempt.state != crate::domain::attempt::AttemptState::Void);
    let live = attempts.iter().rev().find(|attempt| attempt.state.is_live());
    let asked = live.map(|attempt| super::permissions::of(look, attempt.id)).transpose()?.unwrap_or_default();
    let quota = quotas::wait_of(look, rules, &step)?;
    Ok(Some(TaskView { row, step, attempts, asked, quota }))
}
