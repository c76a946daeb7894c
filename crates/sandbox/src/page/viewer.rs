//! Who looks at the page, and at what: taken from the address, checked against the world.

use std::collections::BTreeMap;

use crate::world::{
    World,
    guild::{Channel, ChannelKind},
    people::User,
    snowflake::Snowflake,
};

/// A person before the page.
#[derive(Clone, Copy)]
pub(super) struct Viewer<'a> {
    pub(super) world: &'a World,
    pub(super) user: &'a User,
    /// The channel that is open, if there is one to see.
    pub(super) channel: Option<Snowflake>,
}

impl<'a> Viewer<'a> {
    /// Reads `?as=<name>&channel=<id>`. Without a name it is the guild's owner; without a channel, the first that he sees.
    pub(super) fn new(world: &'a World, query: &BTreeMap<String, String>) -> Option<Self> {
        let named = query.get("as").and_then(|name| world.user_named(name)).filter(|user| !user.bot);
        let user = named.or_else(|| world.user(world.guild().owner)).or_else(|| world.users().find(|user| !user.bot))?;
        let seen = visible_channels(world, user.id);
        let asked = query.get("channel").and_then(|id| id.parse().ok()).filter(|id| seen.contains(id));
        Some(Self { world, user, channel: asked.or_else(|| seen.first().copied()) })
    }

    /// The text channels that the person sees, in their order, each followed by its open threads.
    pub(super) fn channels(self) -> Vec<Snowflake> {
        visible_channels(self.world, self.user.id)
    }

    /// What the person may do in the open channel.
    pub(super) fn granted(self) -> u64 {
        self.channel.and_then(|id| self.world.channel(id)).map_or(0, |channel| self.world.permissions_in(self.user.id, channel))
    }
}

fn visible_channels(world: &World, user: Snowflake) -> Vec<Snowflake> {
    let mut seen: Vec<_> = world.channels().filter(|channel| channel.kind == ChannelKind::Text && world.sees(user, channel.id)).collect();
    seen.sort_by_key(|channel| (channel.position, channel.id));
    let with_threads = |channel: &Channel| {
        std::iter::once(channel.id)
            .chain(world.open_threads(user).filter(|thread| thread.parent == Some(channel.id)).map(|thread| thread.id))
            .collect::<Vec<_>>()
    };
    seen.into_iter().flat_map(with_threads).collect()
}
