//! Who looks at the page, and at what: taken from the address, checked against the world.

use std::collections::BTreeMap;

use crate::world::{
    World,
    guild::{Channel, ChannelKind, Guild},
    people::User,
    snowflake::Snowflake,
};

/// A person before the page.
#[derive(Clone, Copy)]
pub(super) struct Viewer<'a> {
    pub(super) world: &'a World,
    pub(super) user: &'a User,
    /// The guild whose channels he has before him.
    pub(super) guild: &'a Guild,
    /// The channel that is open, if there is one to see.
    pub(super) channel: Option<Snowflake>,
}

impl<'a> Viewer<'a> {
    /// Reads `?as=<name>&guild=<id>&channel=<id>`. Without a name it is the guild's owner; without a guild, that of the channel or the first
    /// that he is in; without a channel, the first that he sees.
    pub(super) fn new(world: &'a World, query: &BTreeMap<String, String>) -> Option<Self> {
        let named = query.get("as").and_then(|name| world.user_named(name)).filter(|user| !user.bot);
        let id = |key: &str| query.get(key).and_then(|id| id.parse::<Snowflake>().ok());
        let asked = id("guild").and_then(|id| world.guild_by_id(id)).or_else(|| world.guild_of(id("channel")?));
        let owner = world.user(asked.unwrap_or_else(|| world.guild()).owner);
        let user = named.or(owner).or_else(|| world.users().find(|user| !user.bot))?;
        let guild = asked.or_else(|| world.guilds_with(user.id).next()).unwrap_or_else(|| world.guild());
        let seen = visible_channels(world, guild, user.id);
        let channel = id("channel").filter(|id| seen.contains(id)).or_else(|| seen.first().copied());
        Some(Self { world, user, guild, channel })
    }

    /// The text channels that the person sees, in their order, each followed by its open threads.
    pub(super) fn channels(self) -> Vec<Snowflake> {
        visible_channels(self.world, self.guild, self.user.id)
    }

    /// What the person may do in the open channel.
    pub(super) fn granted(self) -> u64 {
        self.channel.and_then(|id| self.world.channel(id)).map_or(0, |channel| self.world.permissions_in(self.user.id, channel))
    }
}

fn visible_channels(world: &World, guild: &Guild, user: Snowflake) -> Vec<Snowflake> {
    let mut seen: Vec<_> =
        world.channels_of(guild.id).filter(|channel| channel.kind == ChannelKind::Text && world.sees(user, channel.id)).collect();
    seen.sort_by_key(|channel| (channel.position, channel.id));
    let with_threads = |channel: &Channel| {
        std::iter::once(channel.id)
            .chain(world.open_threads(guild.id, user).filter(|thread| thread.parent == Some(channel.id)).map(|thread| thread.id))
            .collect::<Vec<_>>()
    };
    seen.into_iter().flat_map(with_threads).collect()
}
