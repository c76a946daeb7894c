//! Who may do what: Discord's permission bits and the documented way to work them out for a member in a channel.

use super::{
    guild::{Channel, Guild, OverwriteTarget},
    snowflake::Snowflake,
};

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $bit:literal),* $(,)?) => {
        $($(#[$doc])* pub const $name: u64 = 1 << $bit;)*

        /// Every permission that the local Discord knows.
        pub const ALL: u64 = $($name)|*;

        /// Their names, as Discord writes them, and bits.
        pub(crate) const NAMED: &[(&str, u64)] = &[$((stringify!($name), $name)),*];

        /// The bit of a permission, named as Discord writes it.
        pub(crate) fn named(name: &str) -> Option<u64> {
            match name {
                $(stringify!($name) => Some($name),)*
                _ => None,
            }
        }
    };
}

// Source: Discord developer documentation, "Permissions".
permissions! {
    /// Throw members out.
    KICK_MEMBERS = 1,
    /// Throw members out for good.
    BAN_MEMBERS = 2,
    /// Do everything, whatever the channels say.
    ADMINISTRATOR = 3,
    /// Make, change and delete channels.
    MANAGE_CHANNELS = 4,
    /// Change the guild.
    MANAGE_GUILD = 5,
    /// Put the first reaction of its kind on a message.
    ADD_REACTIONS = 6,
    /// See a channel and what happens in it.
    VIEW_CHANNEL = 10,
    /// Write in a channel.
    SEND_MESSAGES = 11,
    /// Have messages read aloud.
    SEND_TTS_MESSAGES = 12,
    /// Delete other people's messages and reactions.
    MANAGE_MESSAGES = 13,
    /// Have embeds shown.
    EMBED_LINKS = 14,
    /// Send files.
    ATTACH_FILES = 15,
    /// Read what was written before.
    READ_MESSAGE_HISTORY = 16,
    /// Notify everybody.
    MENTION_EVERYONE = 17,
    /// Use emoji of other guilds.
    USE_EXTERNAL_EMOJIS = 18,
    /// Change one's own nickname.
    CHANGE_NICKNAME = 26,
    /// Change other members' nicknames.
    MANAGE_NICKNAMES = 27,
    /// Change roles and channel permissions.
    MANAGE_ROLES = 28,
    /// Make, change and delete webhooks.
    MANAGE_WEBHOOKS = 29,
    /// Use slash commands and context menus.
    USE_APPLICATION_COMMANDS = 31,
    /// Change, lock and archive threads.
    MANAGE_THREADS = 34,
    /// Start public threads.
    CREATE_PUBLIC_THREADS = 35,
    /// Start private threads.
    CREATE_PRIVATE_THREADS = 36,
    /// Write in threads.
    SEND_MESSAGES_IN_THREADS = 38,
    /// Silence members for a time.
    MODERATE_MEMBERS = 40,
    /// Start polls.
    SEND_POLLS = 49,
    /// Pin messages.
    PIN_MESSAGES = 51,
}

/// What @everyone may do in a new guild, as far as a text channel is concerned.
pub const EVERYONE: u64 = VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | ADD_REACTIONS
    | MENTION_EVERYONE
    | USE_APPLICATION_COMMANDS
    | USE_EXTERNAL_EMOJIS
    | CREATE_PUBLIC_THREADS
    | CREATE_PRIVATE_THREADS
    | CHANGE_NICKNAME
    | SEND_POLLS
    | SEND_MESSAGES_IN_THREADS;

/// What each of the two may do in a direct conversation.
pub(crate) const DIRECT: u64 = VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | ADD_REACTIONS
    | USE_APPLICATION_COMMANDS
    | USE_EXTERNAL_EMOJIS
    | PIN_MESSAGES;

/// What the member may do in the guild as a whole; nothing for a user who is no member.
pub(crate) fn in_guild(guild: &Guild, user: Snowflake) -> u64 {
    let Some(member) = guild.members.get(&user) else { return 0 };
    if guild.owner == user {
        return u64::MAX;
    }
    let of = |role: &Snowflake| guild.roles.get(role).map_or(0, |role| role.permissions);
    let base = member.roles.iter().fold(of(&guild.id), |granted, role| granted | of(role));
    if base & ADMINISTRATOR == 0 { base } else { u64::MAX }
}

/// What the member may do in the channel: the guild's grant, then the overwrites of @everyone, of the roles together, of the member.
/// `writing` is the permission that it takes to write there: in threads it is one of its own.
pub(crate) fn in_channel(guild: &Guild, channel: &Channel, user: Snowflake, writing: u64) -> u64 {
    let base = in_guild(guild, user);
    let Some(member) = guild.members.get(&user) else { return 0 };
    if base == u64::MAX {
        return base;
    }
    let (mut everyone, mut roles, mut own) = ((0, 0), (0, 0), (0, 0));
    for overwrite in &channel.overwrites {
        let step = match overwrite.target {
            OverwriteTarget::Role if overwrite.id == guild.id => &mut everyone,
            OverwriteTarget::Role if member.roles.contains(&overwrite.id) => &mut roles,
            OverwriteTarget::Member if overwrite.id == user => &mut own,
            OverwriteTarget::Role | OverwriteTarget::Member => continue,
        };
        *step = (step.0 | overwrite.allow, step.1 | overwrite.deny);
    }
    let granted = [everyone, roles, own].into_iter().fold(base, |granted, (allow, deny)| (granted & !deny) | allow);
    let granted = if member.timed_out_until.is_some() { granted & (VIEW_CHANNEL | READ_MESSAGE_HISTORY) } else { granted };
    implied(granted, writing)
}

/// Without sight of a channel nothing can be done in it; without the right to write, nothing that is part of writing.
fn implied(granted: u64, writing: u64) -> u64 {
    if granted & VIEW_CHANNEL == 0 {
        0
    } else if granted & writing == 0 {
        granted & !(MENTION_EVERYONE | SEND_TTS_MESSAGES | ATTACH_FILES | EMBED_LINKS)
    } else {
        granted
    }
}
