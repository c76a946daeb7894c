//! What is said in the thread of a task: how it is to go on.

use super::desk::Desk;
use crate::{
    domain::{
        actor::{Actor, Right},
        id::{MessageId, TaskId},
        task::FollowUp,
    },
    ports::chat::Heard,
    queue::QueueError,
    wording::refusals::{self, Refusal},
};

/// Lines that begin so are between people. Source: the conventions in Discord's facts of this project.
const ASIDE: &str = "!aside";

impl Desk {
    /// Takes what was said in a channel that is no task channel: in the thread of a task it is a follow-up. Tells of which task.
    ///
    /// # Errors
    ///
    /// [`QueueError`]: the message has to be heard again.
    pub(super) async fn followed_up(&self, heard: &Heard) -> Result<Option<TaskId>, QueueError> {
        if !heard.is_speech || heard.ours {
            return Ok(None);
        }
        // A thread has the id of the message that it hangs on.
        let Some(id) = self.queue.task_of_card(MessageId::new(heard.at.channel.get())).await? else { return Ok(None) };
        let text = for_the_agent(&heard.content);
        if text.is_empty() && heard.attachments.is_empty() {
            return Ok(None);
        }
        let by = &heard.author;
        let is_bot = matches!(by, Actor::Member { bot: true, .. });
        let Some(view) = self.queue.show(id.clone()).await? else { return Ok(None) };
        let allowed = self.may(by, Right::ControlOwn, view.row.task.requester.lane() == by.lane());
        let too_long = Some(u64::try_from(text.len()).unwrap_or(u64::MAX)).filter(|bytes| *bytes > self.rules.text_limit);
        let refusal = match (allowed, too_long) {
            (Err(refusal), _) => Some(refusal),
            (Ok(()), Some(bytes)) => Some(Refusal::TooLong { bytes, most: self.rules.text_limit }),
            (Ok(()), None) => None,
        };
        if let Some(refusal) = refusal {
            tracing::info!(task.id = %id, "what {} said in the thread of task {id} has no effect: {}", by.name(), refusal.word());
            // Two bots that answer each other's refusals would never end; and people may talk among themselves: one is told once.
            if !is_bot {
                let (of, text) = (refusal.word(), refusals::reply(&[refusal]));
                self.queue.refuse_follow_up(id.clone(), heard.at, by.lane(), of, text).await?;
            }
            return Ok(Some(id));
        }
        let said = FollowUp { at: heard.at, by: by.clone(), text, attachments: heard.attachments.clone() };
        let heeded = self.queue.follow_up(id.clone(), said).await?;
        tracing::info!(task.id = %id, "{} said in its thread how task {id} is to go on: {heeded:?}", by.name());
        Ok(Some(id))
    }
}

/// What of a message is for the agent: all but the lines that are marked as said between people.
fn for_the_agent(content: &str) -> String {
    let lines: Vec<&str> = content.lines().filter(|line| !line.trim_start().starts_with(ASIDE)).collect();
    lines.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_aside_is_left_to_people() {
        for (said, told) in
            [("go on", "go on"), ("!aside hm\nand  then?\n !aside no", "and  then?"), ("!aside a\n!aside b", ""), (" \n", "")]
        {
            assert_eq!(for_the_agent(said), told);
        }
    }
}
