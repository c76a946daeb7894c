//! Why a task is where it is: everything that bears on it, read on one consistent view.

use super::{Closed, Doing, TaskView, view};
use crate::{
    domain::{
        attempt::AttemptState,
        id::TaskId,
        journal::Event,
        money::Usd,
        outbound::{Letter, LetterState, Progress},
        task::{MessageRef, Origin},
    },
    ports::rows::{LetterRow, Look, MarkRow, RowsError, TaskFilter},
    queue::{Queue, QueueError, Rules, dispatch, signs, spent_fact},
};

/// How many waiting tasks are counted to find a task's place.
const DEEPEST: u32 = 1_000;
/// How many tasks, the newest ones, are looked through for an agent's.
const LOOKED_THROUGH: u32 = 500;

/// Everything that bears on a task.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The task itself.
    pub view: TaskView,
    /// What happened to it, oldest first.
    pub events: Vec<Event>,
    /// Why nothing is started at present, if so.
    pub closed: Option<Closed>,
    /// What the day (UTC) has cost so far, as far as known.
    pub spent_today: Usd,
    /// Its place among those that wait, from 1; none if it does not wait, or very far behind.
    pub place: Option<u64>,
    /// Of a task that waits: what runs in this instance, the longest-running first.
    pub running: Vec<TaskView>,
    /// Of a task that waits: how many of its requester's tasks run, if that is as many as may.
    pub lane_full: Option<u32>,
    /// Of a task that is claimed: its ✅, if it is known and does not stand yet.
    pub mark: Option<MarkRow>,
    /// Of a task that has ended: where its latest result entry is.
    pub entry: Option<Entry>,
    /// Of a task that has ended without a run: why.
    pub unrun: Option<String>,
}

/// Where a result entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// It stands in Discord.
    Stands(MessageRef),
    /// It is on its way; with what was tried so far, once it was sent.
    OnItsWay(Option<Progress>),
    /// It will not be delivered.
    Undeliverable {
        /// Why.
        reason: String,
    },
}

impl Queue {
    /// Everything that bears on a task; `None` if nobody knows it.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn standing(&self, id: TaskId) -> Result<Option<Standing>, QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        self.read(move |look| {
            let Some(row) = look.task(&id)? else { return Ok(None) };
            let Some(view) = view(look, &rules, row)? else { return Ok(None) };
            let waits = matches!(view.doing(), Doing::Waiting | Doing::Parked { .. });
            let spent = look.fact(&spent_fact(now))?.and_then(|nanos| nanos.parse().ok()).unwrap_or(0);
            let entry = if view.row.ended.is_some() { entry(look, &id)? } else { None };
            let (entry, unrun) = entry.map_or((None, None), |(entry, unrun)| (Some(entry), unrun));
            Ok(Some(Standing {
                events: look.events_of(&id)?,
                closed: dispatch::closed(look, &rules, now)?,
                spent_today: Usd::from_nanos(spent),
                place: if view.doing() == Doing::Waiting { place(look, &id)? } else { None },
                running: if waits { running(look, &rules)? } else { Vec::new() },
                lane_full: if waits { lane_full(look, &view)? } else { None },
                mark: missing_mark(look, &view)?,
                entry,
                unrun,
                view,
            }))
        })
        .await
    }

    /// The task that an agent works on or has worked on, as far as it is among the newest ones.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn task_of_agent(&self, agent_id: String) -> Result<Option<TaskId>, QueueError> {
        self.read(move |look| {
            for row in look.tasks(&TaskFilter { limit: LOOKED_THROUGH, ..TaskFilter::default() })? {
                let id = row.task.id;
                if look.attempts_of(&id)?.iter().any(|attempt| attempt.agent_id == agent_id) {
                    return Ok(Some(id));
                }
            }
            Ok(None)
        })
        .await
    }
}

fn place(look: &dyn Look, id: &TaskId) -> Result<Option<u64>, RowsError> {
    let waiting = look.waiting_steps(DEEPEST)?;
    Ok(waiting.iter().position(|step| step.task == *id).and_then(|at| u64::try_from(at + 1).ok()))
}

fn running(look: &dyn Look, rules: &Rules) -> Result<Vec<TaskView>, RowsError> {
    let mut running = Vec::new();
    for attempt in look.live_attempts(&rules.instance)? {
        running.extend(look.task(&attempt.task)?.map(|row| view(look, rules, row)).transpose()?.flatten());
    }
    Ok(running)
}

fn lane_full(look: &dyn Look, view: &TaskView) -> Result<Option<u32>, RowsError> {
    let lane = look.lane(&view.step.lane)?;
    Ok(lane.filter(|lane| lane.running >= lane.cap).map(|lane| lane.running))
}

/// The ✅ that a claimed task's agent waits for.
fn missing_mark(look: &dyn Look, view: &TaskView) -> Result<Option<MarkRow>, RowsError> {
    let waits = matches!(view.doing(), Doing::Running { attempt } if attempt.state == AttemptState::Launching { cleared: false });
    let Origin::Message(at) = view.row.task.origin else { return Ok(None) };
    if waits { look.mark_on(at.message, signs::CLAIMED) } else { Ok(None) }
}

/// Where the latest result entry is, and why the task was not run, if it says so.
fn entry(look: &dyn Look, id: &TaskId) -> Result<Option<(Entry, Option<String>)>, RowsError> {
    let result = |row: &LetterRow| matches!(row.letter, Letter::Result { .. });
    let Some(letter) = look.letters_of(id)?.into_iter().rfind(result) else { return Ok(None) };
    let unrun = if let Letter::Result { unrun, .. } = letter.letter { unrun } else { None };
    let entry = match letter.state {
        LetterState::Delivered { at } => Entry::Stands(at),
        LetterState::Undeliverable { reason } => Entry::Undeliverable { reason },
        LetterState::Waiting => Entry::OnItsWay(None),
        LetterState::Packed => {
            let parcel = look.parcel_under_way(letter.to)?.filter(|parcel| parcel.letters.contains(&letter.id));
            Entry::OnItsWay(parcel.map(|parcel| parcel.progress))
        }
    };
    Ok(Some((entry, unrun)))
}
