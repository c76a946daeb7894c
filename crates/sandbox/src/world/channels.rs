//! Making, changing and deleting channels, and who may do what in them.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{
    World,
    event::Event,
    guild::{Channel, ChannelKind, Overwrite},
    permission,
    snowflake::Snowflake,
    thread::{Forum, Tag},
};
use crate::{
    form::{
        channel::{ChannelDraft, Parent, REQUIRE_TAG, TagDraft},
        role::Place,
    },
    refusal::Refusal,
};

/// Most channels of a guild. Source: Discord developer documentation, "Opcodes and Status Codes", code 30013.
const MAX_CHANNELS: usize = 500;

/// Which bots see which channels of a guild.
#[derive(Debug)]
pub(super) struct Seen {
    guild: Option<Snowflake>,
    pairs: BTreeSet<(Snowflake, Snowflake)>,
}

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
        let forum = (kind == ChannelKind::Forum).then(|| Forum {
            tags: self.tags(now, draft.tags.unwrap_or_default()),
            requires_tag: draft.flags.is_some_and(|flags| flags & REQUIRE_TAG != 0),
        });
        let name = draft.name.map(|name| fitting_name(kind, name)).unwrap_or_default();
        let channel = Channel {
            topic: draft.topic.filter(|topic| !topic.is_empty()),
            position: draft.position.unwrap_or(next),
            parent: draft.parent.and_then(Parent::id),
            overwrites: draft.overwrites.unwrap_or_default(),
            slow_mode_seconds: draft.slow_mode_seconds.unwrap_or(0),
            nsfw: draft.nsfw.unwrap_or(false),
            default_auto_archive_minutes: draft.default_auto_archive_minutes,
            forum,
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
        let seen = self.seen_by_bots(channel.guild);
        channel.overwrites = draft.overwrites.unwrap_or(channel.overwrites);
        channel.slow_mode_seconds = draft.slow_mode_seconds.unwrap_or(channel.slow_mode_seconds);
        channel.nsfw = draft.nsfw.unwrap_or(channel.nsfw);
        channel.default_auto_archive_minutes = draft.default_auto_archive_minutes.or(channel.default_auto_archive_minutes);
        if let Some(forum) = &mut channel.forum {
            forum.requires_tag = draft.flags.map_or(forum.requires_tag, |flags| flags & REQUIRE_TAG != 0);
            if let Some(tags) = draft.tags {
                forum.tags = self.tags(now, tags);
            }
        }
        self.channels.insert(id, channel);
        self.happened(Event::ChannelUpdated { channel: id });
        self.tell_of_access(&seen);
        Ok(())
    }

    /// Puts channels of a guild elsewhere: `None` leaves a place or category as it is.
    pub(crate) fn move_channels(&mut self, user: Snowflake, guild: Snowflake, moves: &[Place]) -> Result<(), Refusal> {
        self.guild_for_change(user, guild, permission::MANAGE_CHANNELS)?;
        if moves.iter().any(|place| self.channels_of(guild).all(|known| known.id != place.id)) {
            return Err(Refusal::unknown_channel());
        }
        for place in moves {
            if let Some(channel) = self.channels.get_mut(&place.id) {
                channel.position = place.position.unwrap_or(channel.position);
                channel.parent = place.parent.map_or(channel.parent, Parent::id);
            }
            self.happened(Event::ChannelUpdated { channel: place.id });
        }
        Ok(())
    }

    /// Which channels of a guild each of its bots sees.
    pub(super) fn seen_by_bots(&self, guild: Option<Snowflake>) -> Seen {
        let guild = guild.and_then(|guild| self.guilds.get(&guild));
        let bots = guild.into_iter().flat_map(|guild| guild.members.keys()).filter(|id| self.applications.contains_key(id));
        let channels = |bot: Snowflake| {
            let seen = guild.into_iter().flat_map(|guild| self.channels_of(guild.id)).filter(move |known| self.sees(bot, known.id));
            seen.map(move |known| (bot, known.id))
        };
        Seen { guild: guild.map(|guild| guild.id), pairs: bots.flat_map(|bot| channels(*bot)).collect() }
    }

    /// Tells bots of the channels that they see since.
    pub(super) fn tell_of_access(&mut self, before: &Seen) {
        let now = self.seen_by_bots(before.guild);
        for (user, channel) in now.pairs.difference(&before.pairs) {
            self.happened(Event::AccessGained { channel: *channel, user: *user });
        }
    }

    /// The tags of a forum; those without an id are new.
    fn tags(&mut self, now: DateTime<Utc>, drafts: Vec<TagDraft>) -> Vec<Tag> {
        let made = |draft: TagDraft| Tag {
            id: draft.id.unwrap_or_else(|| self.new_id(now)),
            name: draft.name,
            moderated: draft.moderated,
            emoji: draft.emoji,
        };
        drafts.into_iter().map(made).collect()
    }

    /// Deletes a channel with all that is in it.
    pub(crate) fn delete_channel(&mut self, user: Snowflake, id: Snowflake) -> Result<Channel, Refusal> {
        let is_thread = self.channel(id).is_some_and(|channel| channel.thread.is_some());
        self.channel_for(user, id, if is_thread { permission::MANAGE_THREADS } else { permission::MANAGE_CHANNELS })?;
        let threads: Vec<_> =
            self.channels.values().filter(|known| known.thread.is_some() && known.parent == Some(id)).map(|known| known.id).collect();
        for thread in threads {
            self.drop_channel(thread)?;
        }
        self.drop_channel(id)
    }

    fn drop_channel(&mut self, id: Snowflake) -> Result<Channel, Refusal> {
        let channel = self.channels.remove(&id).ok_or_else(Refusal::unknown_channel)?;
        self.webhooks.retain(|_, webhook| webhook.channel != id);
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
        let seen = self.seen_by_bots(self.channel(id).and_then(|channel| channel.guild));
        if let Some(channel) = self.channels.get_mut(&id) {
            channel.overwrites.retain(|known| known.id != overwrite.id);
            channel.overwrites.push(overwrite);
            self.happened(Event::ChannelUpdated { channel: id });
            self.tell_of_access(&seen);
        }
    }

    /// Takes one overwrite away.
    pub(crate) fn clear_overwrite(&mut self, user: Snowflake, id: Snowflake, target: Snowflake) -> Result<(), Refusal> {
        let seen = self.seen_by_bots(self.channel_for(user, id, permission::MANAGE_ROLES)?.guild);
        if let Some(channel) = self.channels.get_mut(&id) {
            channel.overwrites.retain(|known| known.id != target);
        }
        self.happened(Event::ChannelUpdated { channel: id });
        self.tell_of_access(&seen);
        Ok(())
    }
}

/// Text channels have lower-case names with dashes for blanks; other names stay as they are.
fn fitting_name(kind: ChannelKind, name: String) -> String {
    match kind {
        ChannelKind::Text | ChannelKind::Announcement | ChannelKind::Forum => {
            name.trim().to_lowercase().split_whitespace().collect::<Vec<_>>().join("-")
        }
        ChannelKind::Category | ChannelKind::Thread | ChannelKind::PrivateThread | ChannelKind::Direct => name,
    }
}
