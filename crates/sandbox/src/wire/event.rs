//! Events of the world as gateway dispatches: which intent they need, and what one bot is told.

use serde_json::{Value, json};

use super::{channel, guild, interaction, message::Viewer, user};
use crate::{
    gateway::Shard,
    world::{
        event::Event,
        guild::Guild,
        people::{GUILD_MEMBERS, MESSAGE_CONTENT},
    },
};

// Source: Discord developer documentation, "Gateway Intents", as all numbers here.
/// `GUILDS`.
pub(crate) const GUILDS: u64 = 1;
const GUILD_MESSAGES: u64 = 1 << 9;
const GUILD_MESSAGE_REACTIONS: u64 = 1 << 10;
const GUILD_MESSAGE_TYPING: u64 = 1 << 11;

/// The name and data of a dispatch.
pub(crate) type Dispatch = (&'static str, Value);

/// What `viewer` is told of `event`; `None` if it is not for him. `intents` are what his session asked for.
pub(crate) fn dispatch(event: &Event, viewer: Viewer<'_>, intents: u64) -> Option<Dispatch> {
    let world = viewer.world;
    let guild_id = event.guild(world);
    let guild = guild_id.and_then(|id| world.guild_by_id(id));
    if event.channel().is_some_and(|channel| !world.sees(viewer.user, channel)) || intents & needed(event) != needed(event) {
        return None;
    }
    let is_own_end = matches!(event, Event::MembershipChanged { user, .. } if *user == viewer.user);
    if guild.is_some_and(|guild| !is_own_end && !guild.members.contains_key(&viewer.user)) {
        return None;
    }
    let viewer = Viewer { reads_content: intents & MESSAGE_CONTENT != 0, ..viewer };
    match event {
        Event::MessageCreated { channel, message } | Event::MessageUpdated { channel, message } => {
            let shown = world.message(*channel, *message).filter(|message| message.is_shown_to(viewer.user))?;
            let name = if matches!(event, Event::MessageCreated { .. }) { "MESSAGE_CREATE" } else { "MESSAGE_UPDATE" };
            Some((name, viewer.event(shown)))
        }
        Event::MessageDeleted { channel, message, only_for } => only_for
            .is_none_or(|only| only == viewer.user)
            .then(|| ("MESSAGE_DELETE", json!({"id": message, "channel_id": channel, "guild_id": guild_id}))),
        Event::MessagesDeleted { channel, messages } => {
            Some(("MESSAGE_DELETE_BULK", json!({"ids": messages, "channel_id": channel, "guild_id": guild_id})))
        }
        Event::ReactionAdded { channel, message, user, emoji } | Event::ReactionRemoved { channel, message, user, emoji } => {
            let mut data = json!({
                "user_id": user, "channel_id": channel, "message_id": message, "guild_id": guild_id, "burst": false, "type": 0,
                "emoji": {"id": null, "name": emoji.as_str()},
            });
            if matches!(event, Event::ReactionRemoved { .. }) {
                return Some(("MESSAGE_REACTION_REMOVE", data));
            }
            data["member"] = guild.and_then(|guild| guild.members.get(user)).map(|member| guild::member(world, member)).into();
            data["message_author_id"] = world.message(*channel, *message).map(|message| message.author.to_string()).into();
            Some(("MESSAGE_REACTION_ADD", data))
        }
        Event::ReactionsCleared { channel, message } => {
            Some(("MESSAGE_REACTION_REMOVE_ALL", json!({"channel_id": channel, "message_id": message, "guild_id": guild_id})))
        }
        Event::ReactionKindCleared { channel, message, emoji } => Some((
            "MESSAGE_REACTION_REMOVE_EMOJI",
            json!({"channel_id": channel, "message_id": message, "guild_id": guild_id, "emoji": {"id": null, "name": emoji.as_str()}}),
        )),
        Event::ChannelCreated { channel: id } => {
            let created = world.channel(*id)?;
            let mut data = channel::channel(world, created);
            if created.thread.is_none() {
                return Some(("CHANNEL_CREATE", data));
            }
            data["newly_created"] = true.into();
            Some(("THREAD_CREATE", data))
        }
        Event::ChannelUpdated { channel: id } => {
            let changed = world.channel(*id)?;
            Some((if changed.thread.is_some() { "THREAD_UPDATE" } else { "CHANNEL_UPDATE" }, channel::channel(world, changed)))
        }
        Event::ChannelDeleted { channel: gone } if gone.thread.is_some() => {
            Some(("THREAD_DELETE", json!({"id": gone.id, "guild_id": guild_id, "parent_id": gone.parent, "type": gone.kind.number()})))
        }
        Event::ChannelDeleted { channel: gone } => Some(("CHANNEL_DELETE", channel::channel(world, gone))),
        Event::RoleUpdated { role, .. } => {
            Some(("GUILD_ROLE_UPDATE", json!({"guild_id": guild_id, "role": guild::role(guild?.roles.get(role)?)})))
        }
        Event::MemberUpdated { user: id, .. } => {
            let mut data = guild::member(world, guild?.members.get(id)?);
            data["guild_id"] = json!(guild_id);
            Some(("GUILD_MEMBER_UPDATE", data))
        }
        Event::MembershipChanged { user: id, is_member, .. } if *id == viewer.user => {
            Some(if *is_member { guild_created(viewer, guild?) } else { ("GUILD_DELETE", json!({"id": guild_id, "unavailable": false})) })
        }
        // Of others' membership only those are told who asked for members.
        Event::MembershipChanged { .. } if intents & GUILD_MEMBERS == 0 => None,
        Event::MembershipChanged { user: id, is_member: true, .. } => {
            let mut data = guild::member(world, guild?.members.get(id)?);
            data["guild_id"] = json!(guild_id);
            Some(("GUILD_MEMBER_ADD", data))
        }
        Event::MembershipChanged { user: id, .. } => {
            Some(("GUILD_MEMBER_REMOVE", json!({"guild_id": guild_id, "user": user::user_by_id(world, *id)})))
        }
        Event::TypingStarted { channel, user: id, at } => {
            let member = guild.and_then(|guild| guild.members.get(id)).map(|member| guild::member(world, member));
            Some((
                "TYPING_START",
                json!({"channel_id": channel, "guild_id": guild_id, "user_id": id, "timestamp": at.timestamp(), "member": member}),
            ))
        }
        Event::InteractionStarted { interaction: id } => {
            let started = world.interaction(*id).filter(|started| started.application == viewer.user)?;
            Some(("INTERACTION_CREATE", interaction::created(world, started, viewer.base_url)))
        }
        Event::InteractionAnswered { .. } | Event::CommandsChanged => None,
    }
}

/// The intents that an event needs. A bot is told of changes to its own membership without `GUILD_MEMBERS`; here, for simplicity of that one case, it is not.
fn needed(event: &Event) -> u64 {
    match event {
        Event::MessageCreated { .. } | Event::MessageUpdated { .. } | Event::MessageDeleted { .. } | Event::MessagesDeleted { .. } => {
            GUILD_MESSAGES
        }
        Event::ReactionAdded { .. }
        | Event::ReactionRemoved { .. }
        | Event::ReactionsCleared { .. }
        | Event::ReactionKindCleared { .. } => GUILD_MESSAGE_REACTIONS,
        Event::ChannelCreated { .. }
        | Event::ChannelUpdated { .. }
        | Event::ChannelDeleted { .. }
        | Event::RoleUpdated { .. }
        | Event::MembershipChanged { .. } => GUILDS,
        Event::MemberUpdated { .. } => GUILD_MEMBERS,
        Event::TypingStarted { .. } => GUILD_MESSAGE_TYPING,
        Event::InteractionStarted { .. } | Event::InteractionAnswered { .. } | Event::CommandsChanged => 0,
    }
}

/// `READY`.
pub(crate) fn ready(viewer: Viewer<'_>, session: &str, gateway_url: &str, shard: Option<Shard>) -> Dispatch {
    let world = viewer.world;
    let guilds: Vec<_> = world
        .guilds_with(viewer.user)
        .filter(|guild| shard.unwrap_or_default().holds(Some(guild.id)))
        .map(|guild| json!({"id": guild.id, "unavailable": true}))
        .collect();
    let application = world.application(viewer.user).map(|application| json!({"id": application.id, "flags": application.flags()}));
    let mut data = json!({
        "v": 10, "user": world.user(viewer.user).map(user::own_user), "guilds": guilds,
        "session_id": session, "session_type": "normal", "resume_gateway_url": gateway_url, "application": application,
        "user_settings": {}, "relationships": [], "private_channels": [], "presences": [], "guild_join_requests": [], "geo_ordered_rtc_regions": [],
    });
    if let Some(shard) = shard {
        data["shard"] = json!([shard.number, shard.count]);
    }
    ("READY", data)
}

/// `GUILD_CREATE`, for sessions that asked for guilds.
pub(crate) fn guild_created(viewer: Viewer<'_>, guild: &Guild) -> Dispatch {
    ("GUILD_CREATE", guild::created(viewer.world, guild, viewer.user))
}
