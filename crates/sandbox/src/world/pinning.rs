//! Pinning messages to their channel and taking them off.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    World,
    event::Event,
    message::{Message, MessageKind, Reference},
    permission,
    snowflake::Snowflake,
};
use crate::refusal::Refusal;

/// Most pinned messages of a channel. Source: Discord developer documentation, "Opcodes and Status Codes", code 30003.
const MAX_PINS: usize = 250;

impl World {
    /// Pins a message, and tells of it in the channel; doing it again changes nothing.
    pub(crate) fn pin(&mut self, now: DateTime<Utc>, user: Snowflake, channel: Snowflake, id: Snowflake) -> Result<(), Refusal> {
        self.channel_for(user, channel, permission::PIN_MESSAGES)?;
        self.check_not_archived(channel)?;
        let message = self.message(channel, id).filter(|message| message.only_for.is_none()).ok_or_else(Refusal::unknown_message)?;
        if message.kind.is_system() {
            return Err(Refusal::system_message());
        }
        if message.pinned_at.is_some() {
            return Ok(());
        }
        if self.pins(channel).len() >= MAX_PINS {
            return Err(Refusal::too_many_pins());
        }
        // No two at one time, or a page could end between them.
        let last = self.channels.get(&channel).and_then(|channel| channel.last_pin);
        let at = last.map_or(now, |last| now.max(last + TimeDelta::milliseconds(1)));
        self.set_pinned(channel, id, Some(at));
        if let Some(channel) = self.channels.get_mut(&channel) {
            channel.last_pin = Some(at);
        }
        self.happened(Event::PinsChanged { channel });
        let what = Reference { channel, message: Some(id), forward: false };
        self.tell(now, user, channel, MessageKind::PinnedMessage, String::new(), Some(what));
        Ok(())
    }

    /// Takes a pinned message off.
    pub(crate) fn unpin(&mut self, user: Snowflake, channel: Snowflake, id: Snowflake) -> Result<(), Refusal> {
        self.channel_for(user, channel, permission::PIN_MESSAGES)?;
        self.check_not_archived(channel)?;
        let message = self.message(channel, id).filter(|message| message.only_for.is_none()).ok_or_else(Refusal::unknown_message)?;
        if message.pinned_at.is_some() {
            self.set_pinned(channel, id, None);
            self.happened(Event::PinsChanged { channel });
        }
        Ok(())
    }

    /// The pinned messages of a channel, the one pinned last first.
    pub(crate) fn pins(&self, channel: Snowflake) -> Vec<&Message> {
        let mut pinned: Vec<_> = self.messages(channel).filter(|message| message.pinned_at.is_some()).collect();
        pinned.sort_by_key(|message| std::cmp::Reverse((message.pinned_at, message.id)));
        pinned
    }

    fn set_pinned(&mut self, channel: Snowflake, id: Snowflake, at: Option<DateTime<Utc>>) {
        if let Some(message) = self.message_mut(channel, id) {
            message.pinned_at = at;
        }
        self.happened(Event::MessageUpdated { channel, message: id });
    }
}
