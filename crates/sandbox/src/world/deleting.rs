//! Deleting messages, one by one and many at once.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    World,
    event::Event,
    message::{Message, MessageKind},
    permission,
    snowflake::Snowflake,
};
use crate::refusal::Refusal;

/// How old a message may be to be deleted with others. Source: Discord developer documentation, "Bulk Delete Messages".
const OLDEST_IN_BULK: TimeDelta = TimeDelta::weeks(2);

impl World {
    /// Deletes a message on a request of `user`.
    pub(crate) fn delete(&mut self, user: Snowflake, channel: Snowflake, id: Snowflake) -> Result<(), Refusal> {
        let granted = self.channel_for(user, channel, 0).map(|channel| self.permissions_in(user, channel))?;
        let message = self.message(channel, id).filter(|message| message.is_shown_to(user)).ok_or_else(Refusal::unknown_message)?;
        if message.author != user && message.only_for != Some(user) && granted & permission::MANAGE_MESSAGES == 0 {
            return Err(Refusal::missing_permissions());
        }
        if !message.kind.can_be_deleted() {
            return Err(Refusal::system_message());
        }
        self.remove(channel, id)
    }

    /// Takes a message away; who may has been looked at.
    pub(super) fn remove(&mut self, channel: Snowflake, id: Snowflake) -> Result<(), Refusal> {
        let message = self.take_out(channel, id).ok_or_else(Refusal::unknown_message)?;
        self.forget_files(&message.attachments.iter().map(|file| file.id).collect::<Vec<_>>());
        self.happened(Event::MessageDeleted { channel, message: id, only_for: message.only_for });
        Ok(())
    }

    fn take_out(&mut self, channel: Snowflake, id: Snowflake) -> Option<Message> {
        let message = self.messages.get_mut(&channel)?.remove(&id)?;
        if let Some(thread) = self.channels.get_mut(&channel).and_then(|channel| channel.thread.as_mut()) {
            thread.deleted += usize::from(id != channel && message.kind != MessageKind::ThreadStarter);
        }
        Some(message)
    }

    /// Deletes 2 to 100 messages of the last two weeks at once; unknown ones are passed over.
    pub(crate) fn delete_many(
        &mut self,
        now: DateTime<Utc>,
        user: Snowflake,
        channel: Snowflake,
        ids: &[Snowflake],
    ) -> Result<(), Refusal> {
        self.channel_for(user, channel, permission::MANAGE_MESSAGES)?;
        if self.guild_of(channel).is_none() {
            return Err(Refusal::direct_channel());
        }
        if !(2..=100).contains(&ids.len()) {
            return Err(Refusal::bad_bulk_delete());
        }
        if ids.iter().any(|id| now - id.made_at() > OLDEST_IN_BULK) {
            return Err(Refusal::too_old_for_bulk_delete());
        }
        let found: Vec<_> = ids.iter().filter(|id| self.message(channel, **id).is_some()).copied().collect();
        for id in &found {
            if let Some(message) = self.take_out(channel, *id) {
                self.forget_files(&message.attachments.iter().map(|file| file.id).collect::<Vec<_>>());
            }
        }
        self.happened(Event::MessagesDeleted { channel, messages: found });
        Ok(())
    }
}
