//! What a client says of itself when it identifies or resumes, and whether that is believed.

use serde_json::Value;

use super::payload::CloseCode;
use crate::world::{
    World,
    people::{GUILD_MEMBERS, GUILD_PRESENCES, MESSAGE_CONTENT},
    snowflake::Snowflake,
};

/// All intents that Discord documents: 0–16, 20, 21, 24 and 25.
const KNOWN_INTENTS: u64 = 0x1_FFFF | 1 << 20 | 1 << 21 | 1 << 24 | 1 << 25;

/// An IDENTIFY that was believed.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) user: Snowflake,
    pub(super) intents: u64,
    /// As the client gave it.
    pub(super) shard: Option<Shard>,
    /// Whether large frames may come compressed, each by itself.
    pub(super) compress: bool,
}

/// The part of a bot's guilds that one session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    pub(crate) number: u64,
    pub(crate) count: u64,
}

impl Default for Shard {
    /// All of them.
    fn default() -> Self {
        Self { number: 0, count: 1 }
    }
}

impl Shard {
    fn read(value: &Value) -> Option<Self> {
        let shard = Self { number: value[0].as_u64()?, count: value[1].as_u64()? };
        (shard.number < shard.count).then_some(shard)
    }

    /// Whether the session is told of this guild; what happens in no guild is told to the first shard.
    /// Source: Discord developer documentation, "Gateway", "Sharding".
    pub(crate) fn holds(self, guild: Option<Snowflake>) -> bool {
        guild.map_or(0, |guild| (guild.get() >> 22) % self.count) == self.number
    }
}

/// Reads an IDENTIFY.
pub(super) fn identify(world: &World, data: &Value) -> Result<Identity, CloseCode> {
    let user = bot_with_token(world, data)?;
    let intents = data["intents"].as_u64().ok_or(CloseCode::DECODE_ERROR)?;
    if intents & !KNOWN_INTENTS != 0 {
        return Err(CloseCode::INVALID_INTENTS);
    }
    let allowed = world.application(user).map_or(0, |application| application.privileged_intents);
    if intents & (MESSAGE_CONTENT | GUILD_MEMBERS | GUILD_PRESENCES) & !allowed != 0 {
        return Err(CloseCode::DISALLOWED_INTENTS);
    }
    let shard = data.get("shard").filter(|shard| !shard.is_null());
    let shard = shard.map(|shard| Shard::read(shard).ok_or(CloseCode::INVALID_SHARD)).transpose()?;
    let compress = data["compress"] == true;
    Ok(Identity { user, intents, shard, compress })
}

/// Whose token it is. Clients send it with or without `Bot `, and both are taken.
pub(super) fn bot_with_token(world: &World, data: &Value) -> Result<Snowflake, CloseCode> {
    let token = data["token"].as_str().unwrap_or_default();
    let token = token.strip_prefix("Bot ").unwrap_or(token);
    world.user_with_token(token).filter(|user| user.bot).map(|user| user.id).ok_or(CloseCode::AUTHENTICATION_FAILED)
}
