//! Guilds: their roles, their members, their channels and who may do what in them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    snowflake::Snowflake,
    thread::{Forum, Thread},
};

/// A server of the world.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Guild {
    /// The guild's id, also that of its @everyone role.
    pub id: Snowflake,
    /// Its name.
    pub name: String,
    /// The person who owns it and may do everything.
    pub owner: Snowflake,
    /// Its roles by id.
    pub roles: BTreeMap<Snowflake, Role>,
    /// Its members by user id.
    pub members: BTreeMap<Snowflake, Member>,
    /// Those who were members once and may come back.
    #[serde(default)]
    pub(crate) former_members: BTreeMap<Snowflake, Member>,
    /// Who may not come back, and why.
    #[serde(default)]
    pub(crate) bans: BTreeMap<Snowflake, Option<String>>,
}

/// A named set of permissions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Role {
    /// The role's id.
    pub id: Snowflake,
    /// Its name.
    pub name: String,
    /// Permission bits, as in [`super::permission`].
    pub permissions: u64,
    /// Its rank; @everyone has 0.
    pub position: u32,
    /// Its colour as 0xRRGGBB; 0 is none.
    pub colour: u32,
    /// Whether it belongs to a bot and can't be given away.
    pub managed: bool,
    /// The bot that it belongs to.
    #[serde(default)]
    pub bot: Option<Snowflake>,
    /// Whether its members are shown apart.
    #[serde(default)]
    pub hoist: bool,
    /// Whether anybody may mention it.
    #[serde(default)]
    pub mentionable: bool,
}

/// A user's place in the guild.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Member {
    /// The user.
    pub user: Snowflake,
    /// The member's roles, without @everyone.
    pub roles: Vec<Snowflake>,
    /// When the user came.
    pub joined_at: DateTime<Utc>,
    /// What the user is called here.
    #[serde(default)]
    pub nick: Option<String>,
    /// Until when the user may only read.
    #[serde(default)]
    pub timed_out_until: Option<DateTime<Utc>>,
}

impl Member {
    /// A member without a name of his own here.
    pub(crate) fn new(user: Snowflake, roles: Vec<Snowflake>, joined_at: DateTime<Utc>) -> Self {
        Self { user, roles, joined_at, nick: None, timed_out_until: None }
    }
}

/// A channel of a guild.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Channel {
    /// The channel's id.
    pub id: Snowflake,
    /// The guild that it belongs to; a direct conversation belongs to none.
    pub guild: Option<Snowflake>,
    /// Its name, without `#`.
    pub name: String,
    /// What it is: text, a category or a thread.
    pub kind: ChannelKind,
    /// The line shown above it.
    pub topic: Option<String>,
    /// Its place in the list.
    pub position: u32,
    /// The category it stands in.
    pub parent: Option<Snowflake>,
    /// Exceptions from the guild's permissions.
    pub overwrites: Vec<Overwrite>,
    /// The newest message, even if it has been deleted since.
    pub last_message: Option<Snowflake>,
    /// For a thread: how it stands. Its parent is the channel that it hangs on.
    pub thread: Option<Thread>,
    /// For a forum: what it asks of posts.
    #[serde(default)]
    pub forum: Option<Forum>,
    /// How many seconds a person has to wait between two messages. It is kept and told, and slows nobody down.
    #[serde(default)]
    pub slow_mode_seconds: u32,
    /// Whether it is only for adults.
    #[serde(default)]
    pub nsfw: bool,
    /// After how many quiet minutes clients propose to archive its threads.
    #[serde(default)]
    pub default_auto_archive_minutes: Option<u32>,
    /// When a message was last pinned in it.
    #[serde(default)]
    pub last_pin: Option<DateTime<Utc>>,
    /// For a direct conversation: the two who have it.
    #[serde(default)]
    pub recipients: Vec<Snowflake>,
}

/// The kinds of channel that the local Discord has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChannelKind {
    /// Holds messages.
    Text,
    /// Groups channels.
    Category,
    /// Holds messages, and hangs on a text channel, or is a post of a forum.
    Thread,
    /// A thread that only those see who were added to it.
    PrivateThread,
    /// Holds messages that others follow.
    Announcement,
    /// Holds posts, which are threads.
    Forum,
    /// A conversation of two.
    Direct,
}

impl Role {
    /// A role without a colour, which can be given away.
    pub(crate) fn new(id: Snowflake, name: &str, permissions: u64, position: u32) -> Self {
        Self { id, name: name.to_owned(), permissions, position, colour: 0, managed: false, bot: None, hoist: false, mentionable: false }
    }
}

impl Channel {
    /// A channel in which nothing has happened yet.
    pub(crate) fn new(id: Snowflake, guild: Snowflake, kind: ChannelKind, name: String) -> Self {
        Self {
            id,
            guild: Some(guild),
            name,
            kind,
            topic: None,
            position: 0,
            parent: None,
            overwrites: Vec::new(),
            last_message: None,
            thread: None,
            forum: None,
            slow_mode_seconds: 0,
            nsfw: false,
            default_auto_archive_minutes: None,
            last_pin: None,
            recipients: Vec::new(),
        }
    }
}

impl ChannelKind {
    /// The number on the wire.
    pub fn number(self) -> u8 {
        match self {
            Self::Text => 0,
            Self::Category => 4,
            Self::Direct => 1,
            Self::Announcement => 5,
            Self::Thread => 11,
            Self::PrivateThread => 12,
            Self::Forum => 15,
        }
    }

    /// Whether messages can stand in it.
    pub fn holds_messages(self) -> bool {
        !matches!(self, Self::Category | Self::Forum)
    }
}

/// An exception from the guild's permissions in one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overwrite {
    /// The role or member it is for.
    pub id: Snowflake,
    /// Which of the two.
    pub target: OverwriteTarget,
    /// What is allowed here.
    pub allow: u64,
    /// What is denied here.
    pub deny: u64,
}

/// Whom an [`Overwrite`] is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OverwriteTarget {
    /// Everybody with the role.
    Role,
    /// One member.
    Member,
}
