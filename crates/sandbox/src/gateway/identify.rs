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
    pub(super) shard: Option<Value>,
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
    let shard = data.get("shard").filter(|shard| !shard.is_null()).cloned();
    if let Some(shard) = &shard {
        let (Some(number), Some(count)) = (shard[0].as_u64(), shard[1].as_u64()) else { return Err(CloseCode::INVALID_SHARD) };
        if number >= count {
            return Err(CloseCode::INVALID_SHARD);
        }
    }
    Ok(Identity { user, intents, shard })
}

/// Whose token it is. Clients send it with or without `Bot `, and both are taken.
pub(super) fn bot_with_token(world: &World, data: &Value) -> Result<Snowflake, CloseCode> {
    let token = data["token"].as_str().unwrap_or_default();
    let token = token.strip_prefix("Bot ").unwrap_or(token);
    world.user_with_token(token).filter(|user| user.bot).map(|user| user.id).ok_or(CloseCode::AUTHENTICATION_FAILED)
}
