//! Messages, their edits and deletions, and reactions: what is a task, what is an instruction, what is nothing.

use chrono::Duration;

use super::{
    desk::{Desk, DeskError, gates},
    parse::{Asked, Parsed, header_of},
};
use crate::{
    domain::{
        actor::{Actor, Right},
        id::TaskId,
        outbound::Letter,
        step::Blocked,
        task::{Attachment, MessageRef, Origin, Task},
    },
    ports::chat::Heard,
    queue::{
        QueueError,
        enqueue::Enqueued,
        marks::{CLAIMED, REFUSED},
    },
    wording::{
        self,
        refusals::{self, Refusal},
    },
};

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heed {
    /// It is a task now.
    Task(TaskId),
    /// It is a task, and is asked about because of its age.
    Asked(TaskId),
    /// It was a task before.
    Known(TaskId),
    /// It was refused, visibly.
    Refused,
    /// It is none of our business.
    Ignored,
}

/// A person's reaction that is an instruction. Source: contract 003 §2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// 🛑
    Cancel,
    /// 🔁
    RunAgain,
    /// ⏸
    Hold,
    /// ⏸ taken away
    Release,
}

impl Instruction {
    /// Reads a reaction that was put or taken away. Emoji are taken with and without their variation selector.
    pub fn of(emoji: &str, put: bool) -> Option<Self> {
        match (emoji.trim_end_matches('\u{fe0f}'), put) {
            ("🛑", true) => Some(Self::Cancel),
            ("🔁", true) => Some(Self::RunAgain),
            ("⏸", true) => Some(Self::Hold),
            ("⏸", false) => Some(Self::Release),
            _ => None,
        }
    }
}

/// Whether a message may be too old to be run unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Age {
    Counts,
    IsNoMatter,
}

impl Desk {
    /// Takes a message of a channel that was read back. Hearing it again changes nothing.
    ///
    /// # Errors
    ///
    /// [`QueueError`]: the message has to be heard again.
    pub async fn hear(&self, heard: &Heard) -> Result<Heed, QueueError> {
        self.hear_as(heard, Age::Counts).await
    }

    /// Takes a message that was heard as it was written: it is not old, whatever this machine's clock says.
    ///
    /// # Errors
    ///
    /// [`QueueError`]: the message has to be heard again.
    pub async fn hear_live(&self, heard: &Heard) -> Result<Heed, QueueError> {
        self.hear_as(heard, Age::IsNoMatter).await
    }

    async fn hear_as(&self, heard: &Heard, age: Age) -> Result<Heed, QueueError> {
        // What already carries one of our signs was dealt with, by this store or another.
        let dealt_with = heard.our_reactions.iter().any(|emoji| emoji == CLAIMED || emoji == REFUSED);
        if let Some(known) = self.queue.seen("message", heard.at.message.to_string()).await? {
            return Ok(Heed::Known(known));
        }
        if dealt_with { Ok(Heed::Ignored) } else { self.take(heard, age).await }
    }

    /// Takes a message whatever signs it carries and however old it is: its state was lost, or an operator wants it run.
    ///
    /// # Errors
    ///
    /// [`QueueError`].
    pub async fn reclaim(&self, heard: &Heard) -> Result<Heed, QueueError> {
        match self.queue.seen("message", heard.at.message.to_string()).await? {
            Some(known) => Ok(Heed::Known(known)),
            None => self.take(heard, Age::IsNoMatter).await,
        }
    }

    /// A message was edited. One that waits takes its new text; one that was refused is heard anew; one that was claimed stays as it is.
    ///
    /// # Errors
    ///
    /// [`QueueError`].
    pub async fn edited(&self, heard: &Heard) -> Result<Heed, QueueError> {
        let Some(id) = self.queue.seen("message", heard.at.message.to_string()).await? else {
            // A sign of ours that this store has not put was another program's.
            let dealt_with = heard.our_reactions.iter().any(|emoji| emoji == CLAIMED || emoji == REFUSED);
            let ours = !dealt_with || self.queue.has_refused(heard.at).await?;
            return if ours { self.take(heard, Age::Counts).await } else { Ok(Heed::Ignored) };
        };
        let Some(view) = self.queue.show(id.clone()).await? else { return Ok(Heed::Known(id)) };
        let by = view.row.task.requester.clone();
        match self.read(&by, &heard.content, Asked::default()) {
            Ok(Parsed { prompt, wishes }) => {
                let old = &view.row.task;
                // An edit may be no more than a link's preview that has loaded.
                if prompt != old.prompt || wishes != old.wishes || !same_files(&heard.attachments, &old.attachments) {
                    let task = Task { prompt, wishes, attachments: heard.attachments.clone(), ..view.row.task };
                    let needed = gates(&task);
                    self.queue.edit(task, needed).await?;
                }
            }
            Err(refusals) => {
                let why = refusals.iter().map(Refusal::sentence).collect::<Vec<_>>().join(" ");
                let why = format!("its message was edited and can't be run: {why}");
                if !self.queue.withdraw(id.clone(), by.name().to_owned(), why).await? {
                    // It was claimed: the queue takes note of the edit, and ignores it.
                    let needed = gates(&view.row.task);
                    self.queue.edit(Task { prompt: heard.content.clone(), ..view.row.task }, needed).await?;
                }
            }
        }
        Ok(Heed::Known(id))
    }

    /// A message was deleted: the task that it was is not run, if it has not been claimed.
    ///
    /// # Errors
    ///
    /// [`QueueError`].
    pub async fn deleted(&self, at: MessageRef) -> Result<(), QueueError> {
        let Some(id) = self.queue.seen("message", at.message.to_string()).await? else { return Ok(()) };
        let Some(view) = self.queue.show(id.clone()).await? else { return Ok(()) };
        let by = view.row.task.requester.name().to_owned();
        self.queue.withdraw(id, by, "its message was deleted before it was claimed".to_owned()).await?;
        Ok(())
    }

    /// A person has put a reaction on a message, or taken one away. One who has no right is not answered.
    ///
    /// # Errors
    ///
    /// [`QueueError`].
    pub async fn reaction(&self, by: &Actor, on: MessageRef, instruction: Instruction) -> Result<(), QueueError> {
        let Some(id) = self.queue.task_of_message(on.message).await? else { return Ok(()) };
        let done = match instruction {
            Instruction::Cancel => self.cancel(by, id.clone()).await.map(|_| ()),
            Instruction::RunAgain => self.retry(by, id.clone()).await,
            Instruction::Hold => self.hold(by, id.clone()).await,
            Instruction::Release => self.release(by, id.clone()).await,
        };
        match done {
            Ok(()) => tracing::info!(task.id = %id, "{} asked for {instruction:?} of task {id} by a reaction", by.name()),
            Err(DeskError::Refused(refusals)) => {
                tracing::info!(task.id = %id, "{}'s reaction to task {id} has no effect: {:?}", by.name(), refusals.iter().map(Refusal::word).collect::<Vec<_>>());
            }
            Err(DeskError::Queue(QueueError::NotNow { .. })) => {}
            Err(DeskError::Queue(error)) => return Err(error),
        }
        Ok(())
    }

    async fn take(&self, heard: &Heard, age: Age) -> Result<Heed, QueueError> {
        if !self.rules.task_channels.contains(&heard.at.channel) {
            return Ok(self.followed_up(heard).await?.map_or(Heed::Ignored, Heed::Known));
        }
        if !heard.is_speech {
            return Ok(Heed::Ignored);
        }
        let by = if heard.ours {
            // Of our own posts only what `submit` has put its header on is a task, and the header names the message itself.
            if header_of(&heard.content) != Some(heard.at.message.into()) {
                return Ok(Heed::Ignored);
            }
            Actor::Operator { name: "submit".to_owned() }
        } else {
            heard.author.clone()
        };
        if let Err(refusal) = self.may(&by, Right::Submit, true) {
            if matches!(by, Actor::Member { bot: true, .. }) {
                // Two bots that answer each other's refusals would never end.
                tracing::info!(message.id = %heard.at.message, "message {} of bot {} is no task: the bot is not listed", heard.at.message, by.name());
                return Ok(Heed::Ignored);
            }
            return self.refuse(heard, &[refusal]).await;
        }
        if is_mistyped_command(&heard.content) && heard.attachments.is_empty() {
            return self.refuse(heard, &[Refusal::MistypedCommand { given: heard.content.trim().to_owned() }]).await;
        }
        let Parsed { prompt, wishes } = match self.read(&by, &heard.content, Asked::default()) {
            Ok(parsed) => parsed,
            Err(refusals) => return self.refuse(heard, &refusals).await,
        };
        let task = Task {
            id: heard.at.message.into(),
            requester: by,
            prompt,
            wishes,
            origin: Origin::Message(heard.at),
            attachments: heard.attachments.clone(),
            created_at: self.clock.now(),
        };
        let id = task.id.clone();
        let old_age = self.clock.now() - heard.written_at;
        let asked = age == Age::Counts && old_age > Duration::from_std(self.rules.ask_after).unwrap_or(Duration::MAX);
        let mut new = Self::new_task(task, "message", heard.at.message.to_string());
        if asked {
            let text = wording::age::question(&id, old_age.to_std().unwrap_or_default());
            new.blocked = Some((Blocked::Approval, Letter::Reply { to: heard.at, text }));
        }
        match self.enqueue(new).await {
            Ok(Enqueued::New { .. }) if asked => Ok(Heed::Asked(id)),
            Ok(Enqueued::New { .. }) => Ok(Heed::Task(id)),
            Ok(Enqueued::Seen { task, .. }) => Ok(Heed::Known(task)),
            Err(QueueError::TooMany { limit, .. }) => self.refuse(heard, &[Refusal::TooManyOpen { most: limit }]).await,
            Err(error) => Err(error),
        }
    }

    async fn refuse(&self, heard: &Heard, refusals: &[Refusal]) -> Result<Heed, QueueError> {
        let words: Vec<_> = refusals.iter().map(Refusal::word).collect();
        tracing::info!(message.id = %heard.at.message, "message {} was refused: {words:?}", heard.at.message);
        self.queue.refuse(heard.at, refusals::reply(refusals)).await?;
        Ok(Heed::Refused)
    }
}

/// Whether a message is one word that begins like a command: Discord sends as a message what it knows no command for, and a run costs money.
fn is_mistyped_command(content: &str) -> bool {
    // A command's name has up to 32 such letters. Source: Discord developer documentation, "Application Command Naming".
    let name = content.trim().strip_prefix('/').unwrap_or_default();
    (1..=32).contains(&name.chars().count()) && name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
}

/// Whether the same files are there. Their addresses are signed anew each time that a message is read.
fn same_files(a: &[Attachment], b: &[Attachment]) -> bool {
    let named = |files: &[Attachment]| files.iter().map(|file| (file.name.clone(), file.size)).collect::<Vec<_>>();
    named(a) == named(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_that_begins_like_a_command_is_no_task() {
        for mistyped in ["/cost", " /stauts\n", "/run-it"] {
            assert!(is_mistyped_command(mistyped), "{mistyped}");
        }
        for meant in ["/etc/hosts", "/", "/cost of tea?", "cost", "/tmp is full: why?", "//x"] {
            assert!(!is_mistyped_command(meant), "{meant}");
        }
    }
}
