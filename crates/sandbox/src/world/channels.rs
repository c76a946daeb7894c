//! Making, changing and deleting channels, and who may do what in them.

use chrono::{DateTime, Utc};

use super::{
    World,
    event::Event,
    guild::{Channel, ChannelKind, Overwrite},
    permission,
    snowflake::Snowflake,
};
use crate::{
    form::channel::{ChannelDraft, Parent},
    refusal::Refusal,
};

/// Most channels of a guild. Source: Discord developer documentation, "Opcodes and Status Codes", code 30013.
const MAX_CHANNELS: usize = 500;

impl World {
    /// The channels of a guild, threads not among them.
    pub(crate) fn channels_of(&self, guild: Snowflake) -> impl Iterator<Item = &Channel> {
        self.channels.values().filter(move |channel| channel.guild == Some(guild) && channel.thread.is_none())
    }

    /// Makes a channel.
    pub(crate) fn create_channel(
        &mut self,
        now: DateTime<Utc>,
        user: Snowflake,
        guild: Snowflake,
        draft: ChannelDraft,
    ) -> Result<Snowflake, Refusal> {
        self.guild_for_change(user, guild, permission::MANAGE_CHANNELS)?;
        if self.channels_of(guild).count() >= MAX_CHANNELS {
            return Err(Refusal::too_many_channels());
        }
        let id = self.new_id(now);
        let next = self.channels_of(guild).map(|channel| channel.position + 1).max().unwrap_or(0);
        let kind = draft.kind.unwrap_or(ChannelKind::Text);
        let name = draft.name.map(|name| fitting_name(kind, name)).unwrap_or_default();
        let channel = Channel {
            topic: draft.topic.filter(|topic| !topic.is_empty()),
            position: draft.position.unwrap_or(next),
            parent: draft.parent.and_then(Parent::id),
            overwrites: draft.overwrites.unwrap_or_default(),
            ..Channel::new(id, guild, kind, name)
        };
        self.channels.insert(id, channel);
        self.messages.entry(id).or_default();
        self.happened(Event::ChannelCreated { channel: id });
        Ok(id)
    }

    /// Changes a channel.
    pub(crate) fn change_channel(
        &mut self,
        now: DateTime<Utc>,
        user: Snowflake,
        id: Snowflake,
        draft: ChannelDraft,
    ) -> Result<(), Refusal> {
        if self.channel(id).is_some_and(|channel| channel.thread.is_some()) {
            return self.change_thread(now, user, id, draft);
        }
        let needed = permission::MANAGE_CHANNELS | if draft.overwrites.is_some() { permission::MANAGE_ROLES } else { 0 };
        let mut channel = self.channel_for(user, id, needed)?.clone();
        channel.name = draft.name.map_or(channel.name, |name| fitting_name(channel.kind, name));
        channel.topic = draft.topic.or(channel.topic).filter(|topic| !topic.is_empty());
        channel.position = draft.position.unwrap_or(channel.position);
        channel.parent = draft.parent.map_or(channel.parent, Parent::id);
        channel.overwrites = draft.overwrites.unwrap_or(channel.overwrites);
        self.channels.insert(id, channel);
        self.happened(Event::ChannelUpdated { channel: id });
        Ok(())
    }

    /// Deletes a channel with all that is in it.
    pub(crate) fn delete_channel(&mut self, user: Snowflake, id: Snowflake) -> Result<Channel, Refusal> {
        let is_thread = self.channel(id).is_some_and(|channel| channel.thread.is_some());
        self.channel_for(user, id, if is_thread { permission::MANAGE_THREADS } else { permission::MANAGE_CHANNELS })?;
        let channel = self.channels.remove(&id).ok_or_else(Refusal::unknown_channel)?;
        for message in self.messages.remove(&id).unwrap_or_default().into_values() {
            message.attachments.iter().for_each(|attachment| drop(self.files.remove(&attachment.id)));
        }
        self.happened(Event::ChannelDeleted { channel: Box::new(channel.clone()) });
        Ok(channel)
    }

    /// Sets one overwrite of a channel.
    pub(crate) fn set_overwrite(&mut self, user: Snowflake, id: Snowflake, overwrite: Overwrite) -> Result<(), Refusal> {
        self.channel_for(user, id, permission::MANAGE_ROLES)?;
        self.overwrite(id, overwrite);
        Ok(())
    }

    /// Sets one overwrite of a channel, whoever asks.
    pub(crate) fn overwrite(&mut self, id: Snowflake, overwrite: Overwrite) {
        if let Some(channel) = self.channels.get_mut(&id) {
            channel.overwrites.retain(|known| known.id != overwrite.id);
            channel.overwrites.push(overwrite);
            self.happened(Event::ChannelUpdated { channel: id });
        }
    }

    /// Takes one overwrite away.
    pub(crate) fn clear_overwrite(&mut self, user: Snowflake, id: Snowflake, target: Snowflake) -> Result<(), Refusal> {
        self.channel_for(user, id, permission::MANAGE_ROLES)?;
        if let Some(channel) = self.channels.get_mut(&id) {
            channel.overwrites.retain(|known| known.id != target);
        }
        self.happened(Event::ChannelUpdated { channel: id });
        Ok(())
    }
}

/// Text channels have lower-case names with dashes for blanks; other names stay as they are.
fn fitting_name(kind: ChannelKind, name: String) -> String {
    match kind {
        ChannelKind::Text => name.trim().to_lowercase().split_whitespace().collect::<Vec<_>>().join("-"),
        ChannelKind::Category | ChannelKind::Thread => name,
    }
}
