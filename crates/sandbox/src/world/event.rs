//! What happens in the world, as facts; the gateway and the page turn them into what each viewer may see.

use chrono::{DateTime, Utc};

use super::{World, emoji::Emoji, guild::Channel, snowflake::Snowflake};

/// One thing that happened.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    MessageCreated { channel: Snowflake, message: Snowflake },
    MessageUpdated { channel: Snowflake, message: Snowflake },
    MessageDeleted { channel: Snowflake, message: Snowflake, only_for: Option<Snowflake> },
    MessagesDeleted { channel: Snowflake, messages: Vec<Snowflake> },
    ReactionAdded { channel: Snowflake, message: Snowflake, user: Snowflake, emoji: Emoji },
    ReactionRemoved { channel: Snowflake, message: Snowflake, user: Snowflake, emoji: Emoji },
    ReactionsCleared { channel: Snowflake, message: Snowflake },
    ReactionKindCleared { channel: Snowflake, message: Snowflake, emoji: Emoji },
    ChannelCreated { channel: Snowflake },
    ChannelUpdated { channel: Snowflake },
    ThreadMembersChanged { channel: Snowflake, added: Vec<Snowflake>, removed: Vec<Snowflake> },
    AccessGained { channel: Snowflake, user: Snowflake },
    PinsChanged { channel: Snowflake },
    WebhooksChanged { channel: Snowflake },
    GuildUpdated { guild: Snowflake },
    RoleCreated { guild: Snowflake, role: Snowflake },
    RoleDeleted { guild: Snowflake, role: Snowflake },
    Banned { guild: Snowflake, user: Snowflake },
    Unbanned { guild: Snowflake, user: Snowflake },
    ChannelDeleted { channel: Box<Channel> },
    RoleUpdated { guild: Snowflake, role: Snowflake },
    MemberUpdated { guild: Snowflake, user: Snowflake },
    MembershipChanged { guild: Snowflake, user: Snowflake, is_member: bool },
    TypingStarted { channel: Snowflake, user: Snowflake, at: DateTime<Utc> },
    InteractionStarted { interaction: Snowflake },
    InteractionAnswered { interaction: Snowflake },
    CommandsChanged,
}

impl Event {
    /// The guild that it happened in; `None` for what happens in none.
    pub(crate) fn guild(&self, world: &World) -> Option<Snowflake> {
        match self {
            Self::ChannelDeleted { channel } => channel.guild,
            Self::GuildUpdated { guild }
            | Self::RoleCreated { guild, .. }
            | Self::RoleDeleted { guild, .. }
            | Self::RoleUpdated { guild, .. }
            | Self::Banned { guild, .. }
            | Self::Unbanned { guild, .. }
            | Self::MemberUpdated { guild, .. }
            | Self::MembershipChanged { guild, .. } => Some(*guild),
            Self::InteractionStarted { .. } | Self::InteractionAnswered { .. } | Self::CommandsChanged => None,
            _ => world.channel(self.channel()?)?.guild,
        }
    }

    /// The guild whose shard is told of it; an interaction belongs to the guild that it was started in.
    pub(crate) fn place(&self, world: &World) -> Option<Snowflake> {
        match self {
            Self::InteractionStarted { interaction } => world.channel(world.interaction(*interaction)?.channel)?.guild,
            _ => self.guild(world),
        }
    }

    /// The channel that it happened in; only those who see the channel are told.
    pub(crate) fn channel(&self) -> Option<Snowflake> {
        match self {
            Self::MessageCreated { channel, .. }
            | Self::MessageUpdated { channel, .. }
            | Self::MessageDeleted { channel, .. }
            | Self::MessagesDeleted { channel, .. }
            | Self::ReactionAdded { channel, .. }
            | Self::ReactionRemoved { channel, .. }
            | Self::ReactionsCleared { channel, .. }
            | Self::ReactionKindCleared { channel, .. }
            | Self::ChannelCreated { channel }
            | Self::ChannelUpdated { channel }
            | Self::ThreadMembersChanged { channel, .. }
            | Self::AccessGained { channel, .. }
            | Self::PinsChanged { channel }
            | Self::WebhooksChanged { channel }
            | Self::TypingStarted { channel, .. } => Some(*channel),
            Self::ChannelDeleted { .. }
            | Self::GuildUpdated { .. }
            | Self::RoleCreated { .. }
            | Self::RoleDeleted { .. }
            | Self::Banned { .. }
            | Self::Unbanned { .. }
            | Self::RoleUpdated { .. }
            | Self::MemberUpdated { .. }
            | Self::MembershipChanged { .. }
            | Self::InteractionStarted { .. }
            | Self::InteractionAnswered { .. }
            | Self::CommandsChanged => None,
        }
    }
}
