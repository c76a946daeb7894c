//! What the delivery stage reads and writes: letters that wait, parcels under way, what became of them.

use chrono::{DateTime, Utc};

use super::{
    Queue, QueueError,
    card_changes::{self, Pace},
    journal, signs, write_letter,
};
use crate::{
    domain::{
        attempt::{AttemptState, Outcome, Report},
        id::{AttemptId, LetterId, ParcelId, TaskId},
        journal::What,
        outbound::{Address, Class, Letter, LetterState, Post, Progress, Purpose, ResultFacts},
        task::MessageRef,
    },
    ports::{
        rows::{LetterRow, Look, ParcelRow, RowsError},
        store::Urgency,
    },
};

/// What is to be done for an address.
#[derive(Clone, Debug)]
pub enum Outgoing {
    /// A parcel is under way: send it (again) when it is due.
    Parcel(Box<ParcelRow>),
    /// Letters wait to be packed, in the order of sending; results with their facts.
    Letters(Vec<(LetterRow, Option<Box<ResultFacts>>)>),
    /// Nothing.
    Nothing,
}

/// A task whose result is on its way, and the name of its workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// The task.
    pub task: TaskId,
    /// The latest attempt's agent id.
    pub agent_id: String,
}

impl Queue {
    /// The tasks whose results are in a parcel, as far as they have a workspace.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn tasks_in(&self, parcel: ParcelId) -> Result<Vec<Undelivered>, QueueError> {
        self.read(move |look| {
            let mut tasks = Vec::new();
            for id in look.parcel(&parcel)?.map(|row| row.letters).unwrap_or_default() {
                let Some(LetterRow { letter: Letter::Result { attempt: Some(attempt), .. }, task: Some(task), .. }) = look.letter(id)?
                else {
                    continue;
                };
                if let Some(row) = look.attempt(attempt)?.filter(|row| !row.workspace_removed) {
                    tasks.push(Undelivered { task, agent_id: row.agent_id });
                }
            }
            Ok(tasks)
        })
        .await
    }

    /// Addresses with something to send.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn busy_addresses(&self) -> Result<Vec<Address>, QueueError> {
        self.read(|look| look.busy_addresses()).await
    }

    /// What is to be sent to an address next: so many letters at most, or, where nothing but notices waits, so many of these.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn outgoing(&self, to: Address, letters: u32, notices: u32) -> Result<Outgoing, QueueError> {
        self.read(move |look| {
            if let Some(parcel) = look.parcel_under_way(to)? {
                return Ok(Outgoing::Parcel(Box::new(parcel)));
            }
            let mut waiting = look.waiting_letters(to, letters)?;
            if waiting.first().is_some_and(|first| first.class == Class::Notice) {
                waiting = look.waiting_letters(to, notices)?;
            }
            if waiting.is_empty() {
                return Ok(Outgoing::Nothing);
            }
            let with_facts = waiting.into_iter().map(|row| result_facts(look, &row).map(|facts| (row, facts.map(Box::new))));
            Ok(Outgoing::Letters(with_facts.collect::<Result<_, _>>()?))
        })
        .await
    }

    /// The whole result of an attempt, where it stands beside its report.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn long_result(&self, attempt: AttemptId) -> Result<Option<String>, QueueError> {
        self.read(move |look| look.long_result(attempt)).await
    }

    /// Freezes letters into a parcel, durably, before it is sent for the first time. `None`: the letters are not waiting any more.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn pack(&self, to: Address, letters: Vec<LetterId>, post: Post) -> Result<Option<ParcelRow>, QueueError> {
        let now = self.now();
        let id = ParcelId::from_parts(u64::try_from(now.timestamp_millis()).unwrap_or(0), self.entropy.bytes());
        self.write(Urgency::Usual, move |rows| {
            let mut class = None;
            for letter in &letters {
                let Some(row) = rows.letter(*letter)?.filter(|row| row.state == LetterState::Waiting && row.to == to) else {
                    return Ok(None);
                };
                class = Some(row.class);
                rows.set_letter(*letter, &LetterState::Packed)?;
            }
            let Some(class) = class else { return Ok(None) };
            let progress = Progress { failures: 0, due_at: now, first_sent_at: Some(now), last_error: None };
            let parcel = ParcelRow { id: id.clone(), to, class, letters: letters.clone(), post: post.clone(), progress, over: false };
            rows.insert_parcel(&parcel)?;
            Ok(Some(parcel))
        })
        .await
    }

    /// A parcel stands in Discord: its letters are delivered, and what waited for that goes on.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn delivered(&self, parcel: ParcelId, at: MessageRef) -> Result<(), QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        self.write(Urgency::Urgent, move |rows| {
            let Some(mut row) = rows.parcel(&parcel)?.filter(|row| !row.over) else { return Ok(()) };
            row.over = true;
            row.post = Post::default();
            rows.update_parcel(&row)?;
            for id in &row.letters {
                rows.set_letter(*id, &LetterState::Delivered { at })?;
                let Some(letter) = rows.letter(*id)? else { continue };
                let Some(task) = letter.task.as_ref().map(|id| rows.task(id)).transpose()?.flatten() else { continue };
                match letter.letter {
                    Letter::Result { .. } => {
                        journal(rows, now, &task.task.id, What::Delivered)?;
                        if task.entry.is_none() {
                            let id = task.task.id.clone();
                            rows.update_task(&crate::ports::rows::TaskRow { entry: Some(at), ..task })?;
                            card_changes::touch(rows, &rules, &id, Pace::Now, now)?;
                        }
                    }
                    Letter::Announcement { .. } => {
                        // It was claimed, or has even ended, while its message was on its way: the message catches up.
                        let claimed = rows.attempts_of(&task.task.id)?.iter().any(|attempt| attempt.state != AttemptState::Void);
                        if claimed {
                            signs::want(rows, at, signs::CLAIMED, Some(&task.task.id), Purpose::Claim, now)?;
                        }
                        if let Some((_, outcome)) = task.ended {
                            signs::want(rows, at, outcome.mark(), Some(&task.task.id), Purpose::End, now)?;
                        }
                        card_changes::anchor(rows, &task.task.id, at, now)?;
                        rows.update_task(&crate::ports::rows::TaskRow { message: Some(at), ..task })?;
                    }
                    Letter::Spawned { .. }
                    | Letter::Finished { .. }
                    | Letter::Told { .. }
                    | Letter::Question { .. }
                    | Letter::Reply { .. }
                    | Letter::Operator { .. } => {}
                }
            }
            Ok(())
        })
        .await?;
        self.bells.outbound.notify_one();
        Ok(())
    }

    /// Whether a parcel holds nothing but what a thread is told.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn is_told_in_thread(&self, parcel: ParcelId) -> Result<bool, QueueError> {
        self.read(move |look| {
            let mut letters = look.parcel(&parcel)?.map(|row| row.letters).unwrap_or_default().into_iter();
            letters.try_fold(true, |all, id| {
                let told =
                    look.letter(id)?.is_some_and(|row| matches!(row.letter, Letter::Told { .. } | Letter::Question { to: None, .. }));
                Ok(all && told)
            })
        })
        .await
    }

    /// A parcel was not delivered and is to be sent again. `resend` starts a new window of its nonce.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn put_off(&self, parcel: ParcelId, failures: u32, due_at: DateTime<Utc>, error: String) -> Result<(), QueueError> {
        self.write(Urgency::Urgent, move |rows| {
            let Some(mut row) = rows.parcel(&parcel)?.filter(|row| !row.over) else { return Ok(()) };
            row.progress.failures = failures;
            row.progress.due_at = due_at;
            row.progress.last_error = Some(error.clone());
            Ok(rows.update_parcel(&row)?)
        })
        .await
    }

    /// The channel's history was searched and the parcel is not in it: it is about to be sent afresh, and its nonce protects it from now.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn sent_afresh(&self, parcel: ParcelId) -> Result<(), QueueError> {
        let now = self.now();
        self.write(Urgency::Urgent, move |rows| {
            let Some(mut row) = rows.parcel(&parcel)?.filter(|row| !row.over) else { return Ok(()) };
            row.progress.first_sent_at = Some(now);
            Ok(rows.update_parcel(&row)?)
        })
        .await
    }

    /// A parcel will not be delivered: its letters are marked so, and the operator is told, if there is something to tell, and unless it is
    /// the operator who can't be reached.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn undeliverable(&self, parcel: ParcelId, reason: String, alert: Option<String>) -> Result<(), QueueError> {
        let (now, operator) = (self.now(), self.rules.routes.operator);
        self.write(Urgency::Urgent, move |rows| {
            let Some(mut row) = rows.parcel(&parcel)?.filter(|row| !row.over) else { return Ok(()) };
            row.over = true;
            row.post = Post::default();
            row.progress.last_error = Some(reason.clone());
            rows.update_parcel(&row)?;
            for id in &row.letters {
                rows.set_letter(*id, &LetterState::Undeliverable { reason: reason.clone() })?;
                if let Some(task) =
                    rows.letter(*id)?.filter(|letter| matches!(letter.letter, Letter::Result { .. })).and_then(|letter| letter.task)
                {
                    journal(rows, now, &task, What::Undeliverable { reason: reason.clone() })?;
                }
            }
            if let Some(text) = alert.clone().filter(|_| row.to != operator) {
                write_letter(rows, now, operator, None, Letter::Operator { text })?;
            }
            Ok(())
        })
        .await?;
        self.bells.outbound.notify_one();
        Ok(())
    }

    /// Tells the operator something, in Discord.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn tell_operator(&self, text: String) -> Result<(), QueueError> {
        let (now, operator) = (self.now(), self.rules.routes.operator);
        self.write(Urgency::Usual, move |rows| {
            write_letter(rows, now, operator, None, Letter::Operator { text: text.clone() })?;
            Ok(())
        })
        .await?;
        self.bells.outbound.notify_one();
        Ok(())
    }
}

/// The facts of a result letter; of any other, nothing.
pub(super) fn result_facts(look: &dyn Look, row: &LetterRow) -> Result<Option<ResultFacts>, RowsError> {
    let (attempt, unrun) = match &row.letter {
        Letter::Result { attempt, unrun } => (*attempt, unrun.as_ref()),
        Letter::Told { attempt } => (Some(*attempt), None),
        Letter::Spawned { .. }
        | Letter::Finished { .. }
        | Letter::Announcement { .. }
        | Letter::Question { .. }
        | Letter::Reply { .. }
        | Letter::Operator { .. } => return Ok(None),
    };
    let Some(task) = &row.task else { return Ok(None) };
    let Some(task) = look.task(task)? else { return Ok(None) };
    let ran = attempt.map(|id| look.attempt(id)).transpose()?.flatten();
    let mut report = ran.as_ref().and_then(|attempt| attempt.report.clone());
    if let Some(why) = unrun {
        // Whatever has become of the task since: this letter tells of an end before a run, and of what earlier runs have cost.
        let unrun = Report::without_result(Outcome::Cancelled, why.clone());
        report = Some(match report {
            Some(earlier) => Report { outcome: unrun.outcome, reason: unrun.reason, ..earlier },
            None => unrun,
        });
    }
    let Some(report) = report else { return Ok(None) };
    Ok(Some(ResultFacts {
        attempt: ran.as_ref().map(|attempt| attempt.id),
        agent_id: ran.as_ref().map(|attempt| attempt.agent_id.clone()),
        number: ran.as_ref().map_or(0, |attempt| attempt.number),
        report,
        workspace: ran.filter(|attempt| !attempt.workspace_removed).map(|attempt| format!("workers/{}", attempt.agent_id)),
        answers: task.entry,
        task: task.task,
    }))
}
