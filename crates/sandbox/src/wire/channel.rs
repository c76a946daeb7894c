//! Channels.

use serde_json::{Value, json};

use crate::world::{
    World,
    guild::{Channel, OverwriteTarget},
};

/// A channel of the guild.
pub(crate) fn channel(world: &World, channel: &Channel) -> Value {
    let overwrites = channel.overwrites.iter().map(|overwrite| {
        let target = match overwrite.target {
            OverwriteTarget::Role => 0,
            OverwriteTarget::Member => 1,
        };
        json!({"id": overwrite.id, "type": target, "allow": overwrite.allow.to_string(), "deny": overwrite.deny.to_string()})
    });
    json!({
        "id": channel.id, "type": channel.kind.number(), "guild_id": world.guild().id, "name": channel.name, "topic": channel.topic,
        "position": channel.position, "parent_id": channel.parent, "permission_overwrites": overwrites.collect::<Vec<_>>(),
        "last_message_id": channel.last_message, "last_pin_timestamp": null, "nsfw": false, "rate_limit_per_user": 0, "flags": 0,
    })
}
