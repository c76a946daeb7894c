//! Channels.

use serde_json::{Value, json};

use super::{timestamp, user};
use crate::{
    form::channel::{PINNED, REQUIRE_TAG},
    world::{
        World,
        guild::{Channel, ChannelKind, OverwriteTarget},
        snowflake::Snowflake,
        thread::{Forum, Thread},
    },
};

/// A channel of a guild, a thread, or a direct conversation.
pub(crate) fn channel(world: &World, channel: &Channel) -> Value {
    if channel.kind == ChannelKind::Direct {
        return direct(world, channel);
    }
    let mut shown = json!({
        "id": channel.id, "type": channel.kind.number(), "guild_id": channel.guild, "name": channel.name, "parent_id": channel.parent,
        "last_message_id": channel.last_message, "last_pin_timestamp": channel.last_pin.map(timestamp),
        "rate_limit_per_user": channel.slow_mode_seconds, "flags": 0,
    });
    if let Some(thread) = &channel.thread {
        add_thread(channel, thread, &mut shown);
        return shown;
    }
    let overwrites = channel.overwrites.iter().map(|overwrite| {
        let target = match overwrite.target {
            OverwriteTarget::Role => 0,
            OverwriteTarget::Member => 1,
        };
        json!({"id": overwrite.id, "type": target, "allow": overwrite.allow.to_string(), "deny": overwrite.deny.to_string()})
    });
    shown["permission_overwrites"] = overwrites.collect();
    shown["position"] = channel.position.into();
    shown["topic"] = channel.topic.clone().into();
    shown["nsfw"] = channel.nsfw.into();
    if let Some(minutes) = channel.default_auto_archive_minutes {
        shown["default_auto_archive_duration"] = minutes.into();
    }
    if let Some(forum) = &channel.forum {
        add_forum(forum, &mut shown);
    }
    shown
}

/// The same, with how `viewer` follows it, if it is a thread.
pub(crate) fn channel_for(world: &World, known: &Channel, viewer: Snowflake) -> Value {
    let mut shown = channel(world, known);
    if let Some(recipients) = shown["recipients"].as_array_mut() {
        recipients.retain(|user| user["id"] != viewer.to_string());
    }
    if let Some(member) = thread_member(known, viewer) {
        shown["member"] = member;
    }
    shown
}

/// How somebody follows a thread; `None` if he does not.
pub(crate) fn thread_member(known: &Channel, of: Snowflake) -> Option<Value> {
    let thread = known.thread.as_ref().filter(|thread| thread.followers.contains(&of))?;
    let joined = thread.joined.get(&of).copied().unwrap_or_else(|| known.id.made_at());
    Some(json!({"id": known.id, "user_id": of, "join_timestamp": timestamp(joined), "flags": 0}))
}

fn direct(world: &World, channel: &Channel) -> Value {
    json!({
        "id": channel.id, "type": channel.kind.number(), "last_message_id": channel.last_message, "flags": 0,
        "last_pin_timestamp": channel.last_pin.map(timestamp),
        "recipients": channel.recipients.iter().map(|id| user::user_by_id(world, *id)).collect::<Vec<_>>(),
    })
}

fn add_thread(channel: &Channel, thread: &Thread, shown: &mut Value) {
    shown["owner_id"] = thread.owner.to_string().into();
    shown["message_count"] = thread.message_count().into();
    shown["total_message_sent"] = thread.total_sent.into();
    // Source: Discord developer documentation, "Threads": it stops counting at 50.
    shown["member_count"] = thread.followers.len().min(50).into();
    shown["thread_metadata"] = json!({
        "archived": thread.archived, "locked": thread.locked, "auto_archive_duration": thread.auto_archive_minutes,
        "archive_timestamp": timestamp(thread.archive_changed_at), "create_timestamp": timestamp(channel.id.made_at()),
    });
    if channel.kind == ChannelKind::PrivateThread {
        shown["thread_metadata"]["invitable"] = thread.invitable.into();
    }
    if !thread.applied_tags.is_empty() {
        shown["applied_tags"] = json!(thread.applied_tags);
    }
    if thread.pinned {
        shown["flags"] = PINNED.into();
    }
}

fn add_forum(forum: &Forum, shown: &mut Value) {
    let tags = forum
        .tags
        .iter()
        .map(|tag| json!({"id": tag.id, "name": tag.name, "moderated": tag.moderated, "emoji_id": null, "emoji_name": tag.emoji}));
    shown["available_tags"] = tags.collect();
    shown["default_reaction_emoji"] = Value::Null;
    shown["default_sort_order"] = Value::Null;
    shown["default_forum_layout"] = 0.into();
    if forum.requires_tag {
        shown["flags"] = REQUIRE_TAG.into();
    }
}
