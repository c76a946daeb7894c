//! The guild, its roles and its members.

use serde_json::{Value, json};

use super::{channel, timestamp, user};
use crate::world::{
    World,
    guild::{Guild, Member, Role},
    snowflake::Snowflake,
};

/// A role.
pub(crate) fn role(role: &Role) -> Value {
    let mut shown = json!({
        "id": role.id, "name": role.name, "permissions": role.permissions.to_string(), "position": role.position, "color": role.colour,
        "colors": {"primary_color": role.colour, "secondary_color": null, "tertiary_color": null},
        "hoist": role.hoist, "managed": role.managed, "mentionable": role.mentionable, "icon": null, "unicode_emoji": null, "flags": 0,
    });
    // Clients find their own role by this.
    if let Some(bot) = role.bot {
        shown["tags"] = json!({"bot_id": bot});
    }
    shown
}

/// A member without his user, as it stands in a message.
pub(crate) fn member_part(member: &Member) -> Value {
    json!({
        "nick": member.nick, "avatar": null, "banner": null, "roles": member.roles, "joined_at": timestamp(member.joined_at), "premium_since": null,
        "deaf": false, "mute": false, "flags": 0, "pending": false, "communication_disabled_until": member.timed_out_until.map(timestamp),
    })
}

/// A member with his user.
pub(crate) fn member(world: &World, member: &Member) -> Value {
    let mut shown = member_part(member);
    shown["user"] = user::user_by_id(world, member.user);
    shown
}

/// The guild as REST gives it.
pub(crate) fn guild(guild: &Guild) -> Value {
    json!({
        "id": guild.id, "name": guild.name, "icon": null, "splash": null, "discovery_splash": null, "banner": null, "description": null,
        "owner_id": guild.owner, "region": "local", "afk_channel_id": null, "afk_timeout": 300, "verification_level": 0,
        "default_message_notifications": 0, "explicit_content_filter": 0, "roles": guild.roles.values().map(role).collect::<Vec<_>>(),
        "emojis": [], "stickers": [], "features": [], "mfa_level": 0, "application_id": null, "system_channel_id": null,
        "system_channel_flags": 0, "rules_channel_id": null, "max_members": 500_000, "vanity_url_code": null, "premium_tier": 0,
        "premium_subscription_count": 0, "preferred_locale": "en-US", "public_updates_channel_id": null, "nsfw_level": 0,
        "nsfw": false, "premium_progress_bar_enabled": false, "safety_alerts_channel_id": null, "max_presences": null,
    })
}

/// The guild as `GET /users/@me/guilds` lists it.
pub(crate) fn partial(world: &World, guild: &Guild, viewer: Snowflake) -> Value {
    json!({
        "id": guild.id, "name": guild.name, "icon": null, "banner": null, "owner": guild.owner == viewer,
        "permissions": known(world.permissions(guild.id, viewer)).to_string(), "features": [],
    })
}

/// `GUILD_CREATE`: the guild with all its channels; bots are told even of those that they do not see.
pub(crate) fn created(world: &World, of: &Guild, viewer: Snowflake) -> Value {
    let mut shown = guild(of);
    let members = &of.members;
    shown["joined_at"] = members.get(&viewer).map(|member| timestamp(member.joined_at)).into();
    shown["large"] = false.into();
    shown["unavailable"] = false.into();
    shown["member_count"] = members.len().into();
    shown["members"] = members.values().map(|known| member(world, known)).collect();
    shown["channels"] = world.channels_of(of.id).map(|known| channel::channel(world, known)).collect();
    shown["threads"] = world.open_threads(of.id, viewer).map(|known| channel::channel_for(world, known, viewer)).collect();
    for key in ["voice_states", "presences", "stage_instances", "guild_scheduled_events", "soundboard_sounds"] {
        shown[key] = json!([]);
    }
    shown
}

/// The permission bits that the local Discord knows: nobody is told of bits that have no name.
pub(crate) fn known(permissions: u64) -> u64 {
    permissions & crate::world::permission::ALL
}
