//! Who looks at the page, and at what: taken from the address, checked against the world.

use std::collections::{BTreeMap, BTreeSet};

use crate::world::{
    World,
    guild::{Channel, ChannelKind, Guild},
    message::Message,
    people::User,
    permission,
    snowflake::Snowflake,
};

/// A person before the page.
#[derive(Clone, Copy)]
pub(super) struct Viewer<'a> {
    pub(super) world: &'a World,
    pub(super) user: &'a User,
    /// The server that is open.
    pub(super) guild: &'a Guild,
    /// The channel that is open, if there is one to see.
    pub(super) channel: Option<Snowflake>,
    /// The bots that have a connection.
    pub(super) online: &'a BTreeSet<Snowflake>,
}

impl<'a> Viewer<'a> {
    /// Reads `?as=<name>&guild=<id>&channel=<id>`. Without a name it is the guild's owner; without a guild, that of the channel or the first
    /// that he is in; without a channel, the first that he sees.
    pub(super) fn new(world: &'a World, online: &'a BTreeSet<Snowflake>, query: &BTreeMap<String, String>) -> Option<Self> {
        let id = |key: &str| query.get(key).and_then(|id| id.parse::<Snowflake>().ok());
        let asked = id("channel").and_then(|channel| world.guild_of(channel)).or_else(|| world.guild_by_id(id("guild")?));
        let named = query.get("as").and_then(|name| world.user_named(name)).filter(|user| !user.bot);
        let owner = world.user(asked.unwrap_or_else(|| world.guild()).owner);
        let user = named.or(owner).or_else(|| world.users().find(|user| !user.bot))?;
        let entered = asked.filter(|guild| guild.members.contains_key(&user.id));
        let guild = entered.or_else(|| world.guilds_with(user.id).next()).or(asked).unwrap_or_else(|| world.guild());
        let viewer = Self { world, user, guild, channel: None, online };
        let channel = id("channel").filter(|channel| viewer.may_open(*channel));
        Some(Self { channel: channel.or_else(|| viewer.channels().first().map(|channel| channel.id)), ..viewer })
    }

    /// The same person before another channel.
    pub(super) fn at(self, channel: Snowflake) -> Self {
        Self { channel: Some(channel), guild: self.world.guild_of(channel).unwrap_or(self.guild), ..self }
    }

    /// The servers that the person is in.
    pub(super) fn guilds(self) -> Vec<&'a Guild> {
        self.world.guilds_with(self.user.id).collect()
    }

    /// Whether the channel can be opened: it holds messages, and the person sees it. Archived threads are among them, and direct messages, which
    /// belong to no server.
    fn may_open(self, channel: Snowflake) -> bool {
        self.world.channel(channel).is_some_and(|known| known.guild.is_none_or(|guild| guild == self.guild.id) && holds_messages(known))
            && self.world.sees(self.user.id, channel)
    }

    /// The person's direct messages, the one written in last first; those in which nothing was written are not among them, but for the open one.
    pub(super) fn direct(self) -> Vec<&'a Channel> {
        let listed = |channel: &&Channel| channel.last_message.is_some() || Some(channel.id) == self.channel;
        let mut found: Vec<_> = self.world.direct_channels(self.user.id).filter(listed).collect();
        found.sort_by_key(|channel| std::cmp::Reverse(channel.last_message.unwrap_or(channel.id)));
        found
    }

    /// What a channel is called before this person: direct messages have the other's name.
    pub(super) fn title(self, channel: &'a Channel) -> &'a str {
        let other = channel.recipients.iter().find(|id| **id != self.user.id).filter(|_| channel.kind == ChannelKind::Direct);
        other.map_or(channel.name.as_str(), |other| self.name(*other))
    }

    /// The channels of the open server that the person sees, in their order, without threads and categories.
    pub(super) fn channels(self) -> Vec<&'a Channel> {
        let listed = |channel: &&Channel| channel.thread.is_none() && holds_messages(channel) && self.world.sees(self.user.id, channel.id);
        let mut seen: Vec<_> = self.world.channels_of(self.guild.id).filter(listed).collect();
        seen.sort_by_key(|channel| (channel.position, channel.id));
        seen
    }

    /// The categories of the open server, in their order.
    pub(super) fn categories(self) -> Vec<&'a Channel> {
        let mut known: Vec<_> = self.world.channels_of(self.guild.id).filter(|channel| channel.kind == ChannelKind::Category).collect();
        known.sort_by_key(|channel| (channel.position, channel.id));
        known
    }

    /// The threads of a channel that the person sees, newest first: those that are open, or those that are archived.
    pub(super) fn threads(self, parent: Snowflake, archived: bool) -> Vec<&'a Channel> {
        let wanted = |channel: &&Channel| {
            channel.parent == Some(parent)
                && channel.thread.as_ref().is_some_and(|thread| thread.archived == archived)
                && self.world.sees(self.user.id, channel.id)
        };
        let mut found: Vec<_> = self.world.channels().filter(wanted).collect();
        found.sort_by_key(|channel| std::cmp::Reverse(channel.last_message.unwrap_or(channel.id)));
        found
    }

    /// The open channel.
    pub(super) fn open_channel(self) -> Option<&'a Channel> {
        self.channel.and_then(|id| self.world.channel(id))
    }

    /// What a user is called in the open server.
    pub(super) fn name(self, user: Snowflake) -> &'a str {
        let nick = self.guild.members.get(&user).and_then(|member| member.nick.as_deref());
        nick.or_else(|| self.world.user(user).map(|user| user.display_name.as_str())).unwrap_or("unknown")
    }

    /// Under which name a message stands, and whether a program wrote it.
    pub(super) fn author(self, message: &'a Message) -> (&'a str, bool) {
        match &message.webhook {
            Some(webhook) => (&webhook.name, true),
            None => (self.name(message.author), self.world.user(message.author).is_some_and(|user| user.bot)),
        }
    }

    /// What the person may do in the open channel.
    pub(super) fn granted(self) -> u64 {
        self.open_channel().map_or(0, |channel| self.world.permissions_in(self.user.id, channel))
    }

    /// Whether the person has all of these permissions in the open channel.
    pub(super) fn may(self, needed: u64) -> bool {
        self.granted() & needed == needed
    }

    /// Whether the person may write in the open channel: a locked thread is for those alone who manage threads.
    pub(super) fn may_write(self) -> bool {
        let Some(channel) = self.open_channel().filter(|channel| channel.kind.holds_messages()) else { return false };
        let locked = channel.thread.as_ref().is_some_and(|thread| thread.locked);
        self.granted() & self.world.writing_permission(channel.id) != 0 && (!locked || self.may(permission::MANAGE_THREADS))
    }

    /// The query of an address that stays this person.
    pub(super) fn address(self, key: &str, id: Snowflake) -> String {
        format!("/?as={}&amp;{key}={id}", super::html::escape(&self.user.username))
    }
}

/// Whether messages, or posts, stand in it.
fn holds_messages(channel: &Channel) -> bool {
    channel.kind.holds_messages() || channel.kind == ChannelKind::Forum
}
