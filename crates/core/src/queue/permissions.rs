//! Questions of running agents that people decide: noted when their output tells of them, answered by whoever may control the task, and gone with their run.
//!
//! What is decided is stored before anybody is told so; the crew brings it to the agent, now or after a restart.

use chrono::{DateTime, Utc};

use super::{
    Queue, QueueError,
    card_changes::{self, Pace},
    journal, not_now,
    settle::held,
    task_row, write_letter,
};
use crate::{
    domain::{
        card::Thread,
        id::{AttemptId, ChannelId, TaskId},
        journal::What,
        lease::Fence,
        outbound::{Address, Identity, Letter},
        permission::{Answer, Asked, Decision, Ending, Question},
    },
    ports::{
        rows::{Look, Rows, RowsError, TaskRow},
        store::Urgency,
    },
};

/// The fact that holds the open questions of a run.
fn fact(attempt: AttemptId) -> String {
    format!("asked:{attempt}")
}

/// The open questions of a run, oldest first.
pub(super) fn of(look: &(impl Look + ?Sized), attempt: AttemptId) -> Result<Vec<Asked>, RowsError> {
    Ok(look.fact(&fact(attempt))?.and_then(|told| serde_json::from_str(&told).ok()).unwrap_or_default())
}

/// The run has ended: nobody is asked any more.
pub(super) fn forget(rows: &mut dyn Rows, attempt: AttemptId) -> Result<(), RowsError> {
    rows.drop_fact(&fact(attempt))
}

fn put(rows: &mut dyn Rows, attempt: AttemptId, asked: &[Asked]) -> Result<(), RowsError> {
    match asked {
        [] => rows.drop_fact(&fact(attempt)),
        asked => rows.put_fact(&fact(attempt), &serde_json::to_string(asked).unwrap_or_default()),
    }
}

impl Queue {
    /// The open questions of a run, with what was decided.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn asked(&self, attempt: AttemptId) -> Result<Vec<Asked>, QueueError> {
        self.read(move |look| of(look, attempt)).await
    }

    /// Notes which questions of a run are open, and how others ended. A new one is put to people; one that is known keeps what was decided.
    /// Tells all that are open now.
    ///
    /// # Errors
    ///
    /// [`QueueError::Late`] if the run has ended; [`QueueError::Store`].
    pub async fn note_questions(
        &self,
        attempt: AttemptId,
        fence: Fence,
        open: Vec<Question>,
        ended: Vec<(u32, Ending)>,
    ) -> Result<Vec<Asked>, QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        let asked = self
            .write(Urgency::Urgent, move |rows| {
                let row = held(rows, attempt, fence)?;
                let before = of(rows, attempt)?;
                let mut asked = Vec::new();
                for question in &open {
                    if let Some(known) = before.iter().find(|asked| asked.question.number == question.number) {
                        asked.push(known.clone());
                        continue;
                    }
                    journal(rows, now, &row.task, What::AskedPermission { number: question.number })?;
                    ask(rows, &row.task, question, now)?;
                    asked.push(Asked { question: question.clone(), decision: None });
                }
                for gone in before.iter().filter(|asked| !open.iter().any(|question| question.number == asked.question.number)) {
                    let number = gone.question.number;
                    if ended.contains(&(number, Ending::Expired)) {
                        journal(rows, now, &row.task, What::PermissionExpired { number })?;
                    }
                }
                if asked != before {
                    put(rows, attempt, &asked)?;
                    card_changes::touch(rows, &rules, &row.task, Pace::Now, now)?;
                }
                Ok(asked)
            })
            .await?;
        self.bells.outbound.notify_one();
        Ok(asked)
    }

    /// Decides a question of a task's running agent: of several the one with this number, else the oldest that is open. What was decided before stays, and
    /// deciding the same once more changes nothing. Tells the question.
    ///
    /// # Errors
    ///
    /// [`QueueError::NoTask`]; [`QueueError::NotNow`] if there is no such question, its time is up, it was decided otherwise, or can't be answered so;
    /// [`QueueError::Store`].
    pub async fn permit(&self, id: TaskId, number: Option<u32>, answer: Answer, by: String) -> Result<Question, QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        let decided = self
            .write(Urgency::Urgent, move |rows| {
                task_row(rows, &id)?;
                let no = |because: &str| not_now(&id, "answered", because);
                let live = rows.attempts_of(&id)?.into_iter().rev().find(|attempt| attempt.state.is_live());
                let Some(attempt) = live.filter(|attempt| attempt.stop.is_none()) else {
                    return Err(no("does not run, and so asks for nothing"));
                };
                let mut asked = of(rows, attempt.id)?;
                let wanted = |asked: &&mut Asked| match number {
                    Some(number) => asked.question.number == number,
                    None => asked.decision.is_none(),
                };
                let Some(one) = asked.iter_mut().find(wanted) else {
                    return Err(no(if number.is_some() { "asks that no more" } else { "asks for no permission" }));
                };
                if let Some(decision) = &one.decision {
                    let same = decision.answer == answer;
                    return if same { Ok(one.question.clone()) } else { Err(no(&format!("was answered by {} already", decision.by))) };
                }
                if now >= one.question.until {
                    return Err(no("waited for an answer for as long as it may, and was denied"));
                }
                // A no needs no offer: an agent that is told nothing may not.
                if answer != Answer::RejectOnce && one.question.offer(answer).is_none() {
                    let offered: Vec<String> = one.question.answers().map(|answer| format!("\"{answer}\"")).collect();
                    return Err(no(&format!("can't be answered with \"{answer}\"; its agent offers {}", offered.join(", "))));
                }
                one.decision = Some(Decision { answer, by: by.clone(), at: now });
                let question = one.question.clone();
                put(rows, attempt.id, &asked)?;
                journal(rows, now, &id, What::Permitted { by: by.clone(), number: question.number, answer })?;
                card_changes::touch(rows, &rules, &id, Pace::Now, now)?;
                Ok(question)
            })
            .await?;
        self.bells.attempts.notify_one();
        self.bells.outbound.notify_one();
        Ok(decided)
    }
}

/// Puts a question to people: in the task's thread if it has one, else as an answer to its message. A task without a message is asked about on its card, by
/// `status` and `why` alone.
fn ask(rows: &mut dyn Rows, task: &TaskId, question: &Question, now: DateTime<Utc>) -> Result<(), RowsError> {
    let Some(TaskRow { message: Some(at), .. }) = rows.task(task)? else { return Ok(()) };
    let thread = rows.card(task)?.filter(|row| row.card.thread == Thread::Open).and_then(|row| row.message);
    let (channel, to) = match thread {
        Some(thread) => (ChannelId::new(thread.get()), None),
        None => (at.channel, Some(at)),
    };
    let address = Address { channel, identity: Identity::Orchestrator };
    let letter = Letter::Question { to, task: task.clone(), question: Box::new(question.clone()) };
    write_letter(rows, now, address, Some(task), letter).map(drop)
}
