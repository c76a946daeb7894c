//! The members that a client asks for on the gateway.

use serde_json::{Value, json};

use super::{event::Dispatch, guild, message::Viewer};
use crate::world::{guild::Member, people::GUILD_MEMBERS, snowflake::Snowflake};

// Source: Discord developer documentation, "Gateway Events", "Request Guild Members", as the next two.
/// Most members in one chunk.
const IN_A_CHUNK: usize = 1_000;
/// Most members that are asked for by id or by the beginning of a name.
const ASKED_FOR: usize = 100;
/// Most bytes of a nonce; a longer one is not given back.
const MAX_NONCE: usize = 32;

/// `GUILD_MEMBERS_CHUNK`, as often as it takes; nothing for a guild that the bot is not in. The whole list is for those alone who have the intent.
pub(crate) fn chunks(viewer: Viewer<'_>, intents: u64, asked: &Value) -> Vec<Dispatch> {
    let world = viewer.world;
    // Some clients send ids as numbers.
    let id = |value: &Value| -> Option<Snowflake> { value.as_str().map_or_else(|| value.to_string(), str::to_owned).parse().ok() };
    let guild_id = id(&asked["guild_id"]).or_else(|| id(&asked["guild_id"][0]));
    let Some(guild) = world.guilds_with(viewer.user).find(|guild| Some(guild.id) == guild_id) else { return Vec::new() };
    let ids: Option<Vec<&Value>> = match &asked["user_ids"] {
        Value::Array(list) => Some(list.iter().collect()),
        Value::Null => None,
        one => Some(vec![one]),
    };
    let query = asked["query"].as_str().unwrap_or_default().to_lowercase();
    let limit = asked["limit"].as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(0);
    let mut not_found = Vec::new();
    let members: Vec<&Member> = match &ids {
        Some(ids) => {
            let known = |value: &&Value| id(value).and_then(|id| guild.members.get(&id));
            not_found.extend(ids.iter().filter(|value| known(value).is_none()).map(|value| (*value).clone()));
            ids.iter().take(ASKED_FOR).filter_map(known).collect()
        }
        None if query.is_empty() && limit == 0 && intents & GUILD_MEMBERS == 0 => Vec::new(),
        None => {
            let named = |member: &&Member| {
                world
                    .user(member.user)
                    .is_some_and(|user| user.username.starts_with(&query) || user.display_name.to_lowercase().starts_with(&query))
            };
            let most = if limit == 0 && query.is_empty() { usize::MAX } else { limit.clamp(1, ASKED_FOR) };
            guild.members.values().filter(named).take(most).collect()
        }
    };
    let parts: Vec<&[&Member]> = if members.is_empty() { vec![&[]] } else { members.chunks(IN_A_CHUNK).collect() };
    let count = parts.len();
    let mut told = Vec::new();
    for (index, part) in parts.into_iter().enumerate() {
        let mut data = json!({
            "guild_id": guild.id, "chunk_index": index, "chunk_count": count,
            "members": part.iter().map(|member| guild::member(world, member)).collect::<Vec<_>>(),
        });
        if let Some(nonce) = asked["nonce"].as_str().filter(|nonce| nonce.len() <= MAX_NONCE) {
            data["nonce"] = nonce.into();
        }
        if !not_found.is_empty() {
            data["not_found"] = not_found.clone().into();
        }
        if asked["presences"] == true {
            // Nobody's presence is known here.
            data["presences"] = json!([]);
        }
        told.push(("GUILD_MEMBERS_CHUNK", data));
    }
    told
}
