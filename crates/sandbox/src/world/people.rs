//! Who is in the world: people and bots, their tokens, and the applications behind the bots.

use serde::{Deserialize, Serialize};

use super::snowflake::Snowflake;

/// A person or a bot.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct User {
    /// The user's id; for a bot also its application's.
    pub id: Snowflake,
    /// The unique name, lower case.
    pub username: String,
    /// The name that is shown.
    pub display_name: String,
    /// Whether this is a bot, which then sends `Authorization: Bot <token>`; a person sends the token alone.
    pub bot: bool,
    /// What the user logs in with.
    pub token: String,
}

/// What the developer portal knows of a bot.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Application {
    /// The application's id, the same as its bot's.
    pub id: Snowflake,
    /// The application's name.
    pub name: String,
    /// The person who owns it.
    pub owner: Snowflake,
    /// The privileged intents that the portal allows: the bits of [`MESSAGE_CONTENT`], [`GUILD_MEMBERS`] and [`GUILD_PRESENCES`].
    pub privileged_intents: u64,
    /// How many IDENTIFYs have been made in the running 24 hours.
    pub(crate) identifies: Vec<i64>,
}

/// `MESSAGE_CONTENT`, the privileged intent that a task bot needs.
pub const MESSAGE_CONTENT: u64 = 1 << 15;
/// `GUILD_MEMBERS`, a privileged intent.
pub const GUILD_MEMBERS: u64 = 1 << 1;
/// `GUILD_PRESENCES`, a privileged intent.
pub const GUILD_PRESENCES: u64 = 1 << 8;

/// The privileged intents by name. Source: Discord developer documentation, "Privileged Intents".
pub(crate) const INTENTS: [(&str, u64); 3] =
    [("MESSAGE_CONTENT", MESSAGE_CONTENT), ("GUILD_MEMBERS", GUILD_MEMBERS), ("GUILD_PRESENCES", GUILD_PRESENCES)];

/// The bit of a privileged intent.
pub(crate) fn intent_named(name: &str) -> Option<u64> {
    INTENTS.into_iter().find(|(known, _)| *known == name).map(|(_, bit)| bit)
}

/// The names of the privileged intents among these bits.
pub(crate) fn intent_names(intents: u64) -> Vec<&'static str> {
    INTENTS.into_iter().filter(|(_, bit)| intents & bit != 0).map(|(name, _)| name).collect()
}

impl Application {
    /// The public flags that tell a bot which privileged intents it may use (the forms for fewer than 100 guilds).
    /// Source: Discord developer documentation, "Application Flags".
    pub fn flags(&self) -> u64 {
        [(GUILD_PRESENCES, 1 << 13), (GUILD_MEMBERS, 1 << 15), (MESSAGE_CONTENT, 1 << 19)]
            .into_iter()
            .filter(|(intent, _)| self.privileged_intents & intent != 0)
            .fold(0, |flags, (_, flag)| flags | flag)
    }
}
