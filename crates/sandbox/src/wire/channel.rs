//! Channels.

use serde_json::{Value, json};

use super::timestamp;
use crate::world::{
    World,
    guild::{Channel, OverwriteTarget},
};

/// A channel of the guild, or a thread.
pub(crate) fn channel(world: &World, channel: &Channel) -> Value {
    let overwrites = channel.overwrites.iter().map(|overwrite| {
        let target = match overwrite.target {
            OverwriteTarget::Role => 0,
            OverwriteTarget::Member => 1,
        };
        json!({"id": overwrite.id, "type": target, "allow": overwrite.allow.to_string(), "deny": overwrite.deny.to_string()})
    });
    let mut shown = json!({
        "id": channel.id, "type": channel.kind.number(), "guild_id": channel.guild, "name": channel.name, "topic": channel.topic,
        "position": channel.position, "parent_id": channel.parent, "permission_overwrites": overwrites.collect::<Vec<_>>(),
        "last_message_id": channel.last_message, "last_pin_timestamp": null, "nsfw": false, "rate_limit_per_user": 0, "flags": 0,
    });
    if let Some(thread) = &channel.thread {
        let messages = world.messages(channel.id).count();
        shown["owner_id"] = thread.owner.to_string().into();
        shown["message_count"] = messages.into();
        shown["total_message_sent"] = messages.into();
        shown["member_count"] = thread.followers.len().min(50).into();
        shown["thread_metadata"] = json!({
            "archived": thread.archived, "locked": thread.locked, "auto_archive_duration": thread.auto_archive_minutes,
            "archive_timestamp": timestamp(thread.archive_changed_at), "create_timestamp": timestamp(channel.id.made_at()), "invitable": true,
        });
    }
    shown
}
