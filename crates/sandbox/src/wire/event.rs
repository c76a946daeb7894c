//! Events of the world as gateway dispatches: which intent they need, and what one bot is told.

use serde_json::{Value, json};

use super::{channel, guild, interaction, message::Viewer, timestamp, user};
use crate::{
    gateway::Shard,
    world::{
        event::Event,
        guild::{Channel, ChannelKind, Guild},
        people::{GUILD_MEMBERS, MESSAGE_CONTENT},
        permission,
        snowflake::Snowflake,
    },
};

// Source: Discord developer documentation, "Gateway Intents", as all numbers here.
/// `GUILDS`.
pub(crate) const GUILDS: u64 = 1;
const GUILD_MODERATION: u64 = 1 << 2;
const GUILD_WEBHOOKS: u64 = 1 << 5;
const GUILD_MESSAGES: u64 = 1 << 9;
const GUILD_MESSAGE_REACTIONS: u64 = 1 << 10;
const GUILD_MESSAGE_TYPING: u64 = 1 << 11;
const DIRECT_MESSAGES: u64 = 1 << 12;
const DIRECT_MESSAGE_REACTIONS: u64 = 1 << 13;
const DIRECT_MESSAGE_TYPING: u64 = 1 << 14;

/// The name and data of a dispatch.
pub(crate) type Dispatch = (&'static str, Value);

/// What `viewer` is told of `event`; `None` if it is not for him. `intents` are what his session asked for.
pub(crate) fn dispatch(event: &Event, viewer: Viewer<'_>, intents: u64) -> Option<Dispatch> {
    let world = viewer.world;
    let guild_id = event.guild(world);
    let guild = guild_id.and_then(|id| world.guild_by_id(id));
    if event.channel().is_some_and(|channel| !world.sees(viewer.user, channel)) || !is_asked_for(event, guild_id.is_none(), intents) {
        return None;
    }
    let is_own_end = matches!(event, Event::MembershipChanged { user, .. } if *user == viewer.user);
    if guild.is_some_and(|guild| !is_own_end && !guild.members.contains_key(&viewer.user)) {
        return None;
    }
    // In a conversation of two, everything is meant for both.
    let viewer = Viewer { reads_content: intents & MESSAGE_CONTENT != 0 || guild_id.is_none(), ..viewer };
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
            let mut data = channel::channel_for(world, created, viewer.user);
            if created.kind == ChannelKind::Direct {
                return None;
            }
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
        Event::ThreadMembersChanged { channel: id, added, removed } => thread_members(viewer, world.channel(*id)?, added, removed, intents),
        Event::AccessGained { channel: id, user } if *user == viewer.user => {
            let gained = world.channel(*id)?;
            // Who is added to a thread is shown it, whether he knows it or not.
            let is_thread = gained.thread.is_some();
            Some(if is_thread {
                ("THREAD_CREATE", channel::channel_for(world, gained, viewer.user))
            } else {
                threads_gained(viewer, gained)
            })
        }
        Event::ChannelDeleted { channel: gone } if gone.thread.is_some() => {
            let saw = world.permissions_in(viewer.user, gone) & permission::VIEW_CHANNEL != 0;
            saw.then_some((
                "THREAD_DELETE",
                json!({"id": gone.id, "guild_id": guild_id, "parent_id": gone.parent, "type": gone.kind.number()}),
            ))
        }
        Event::ChannelDeleted { channel: gone } => Some(("CHANNEL_DELETE", channel::channel(world, gone))),
        Event::PinsChanged { channel: id } => {
            let last = world.channel(*id)?.last_pin.map(timestamp);
            Some(("CHANNEL_PINS_UPDATE", json!({"guild_id": guild_id, "channel_id": id, "last_pin_timestamp": last})))
        }
        Event::WebhooksChanged { channel: id } => Some(("WEBHOOKS_UPDATE", json!({"guild_id": guild_id, "channel_id": id}))),
        Event::GuildUpdated { .. } => Some(("GUILD_UPDATE", guild::guild(guild?))),
        Event::RoleCreated { role, .. } | Event::RoleUpdated { role, .. } => {
            let name = if matches!(event, Event::RoleCreated { .. }) { "GUILD_ROLE_CREATE" } else { "GUILD_ROLE_UPDATE" };
            Some((name, json!({"guild_id": guild_id, "role": guild::role(guild?.roles.get(role)?)})))
        }
        Event::RoleDeleted { role, .. } => Some(("GUILD_ROLE_DELETE", json!({"guild_id": guild_id, "role_id": role}))),
        Event::Banned { user: id, .. } | Event::Unbanned { user: id, .. } => {
            let bans = world.permissions(guild_id?, viewer.user) & permission::BAN_MEMBERS != 0;
            let name = if matches!(event, Event::Banned { .. }) { "GUILD_BAN_ADD" } else { "GUILD_BAN_REMOVE" };
            bans.then(|| (name, json!({"guild_id": guild_id, "user": user::user_by_id(world, *id)})))
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
        Event::AccessGained { .. } | Event::InteractionAnswered { .. } | Event::CommandsChanged => None,
    }
}

/// Who came to a thread or left it: all of it only for those who asked for members. Who comes gets the thread, too.
fn thread_members(viewer: Viewer<'_>, thread: &Channel, added: &[Snowflake], removed: &[Snowflake], intents: u64) -> Option<Dispatch> {
    let world = viewer.world;
    let is_own = added.contains(&viewer.user) || removed.contains(&viewer.user);
    let wanted = |id: &&Snowflake| intents & GUILD_MEMBERS != 0 || **id == viewer.user;
    if !is_own && intents & GUILD_MEMBERS == 0 {
        return None;
    }
    let member = |id: &Snowflake| {
        let mut shown = channel::thread_member(thread, *id).unwrap_or_default();
        shown["member"] =
            world.guild_of(thread.id).and_then(|guild| guild.members.get(id)).map(|member| guild::member(world, member)).into();
        shown
    };
    let count = thread.thread.as_ref().map_or(0, |thread| thread.followers.len().min(50));
    let mut data = json!({"id": thread.id, "guild_id": thread.guild, "member_count": count});
    if !added.is_empty() {
        data["added_members"] = added.iter().filter(wanted).map(member).collect();
    }
    if !removed.is_empty() {
        data["removed_member_ids"] = removed.iter().filter(wanted).map(ToString::to_string).collect();
    }
    Some(("THREAD_MEMBERS_UPDATE", data))
}

/// The open threads of a channel that has come into sight.
fn threads_gained(viewer: Viewer<'_>, gained: &Channel) -> Dispatch {
    let world = viewer.world;
    let open: Vec<_> = gained
        .guild
        .into_iter()
        .flat_map(|guild| world.open_threads(guild, viewer.user))
        .filter(|thread| thread.parent == Some(gained.id))
        .collect();
    let members: Vec<_> = open.iter().filter_map(|thread| channel::thread_member(thread, viewer.user)).collect();
    let threads: Vec<_> = open.into_iter().map(|thread| channel::channel(world, thread)).collect();
    ("THREAD_LIST_SYNC", json!({"guild_id": gained.guild, "channel_ids": [gained.id], "threads": threads, "members": members}))
}

/// Whether the intents cover the event; those for direct conversations are others than those for guilds.
fn is_asked_for(event: &Event, is_direct: bool, intents: u64) -> bool {
    let needed = match needed(event) {
        GUILD_MESSAGES if is_direct => DIRECT_MESSAGES,
        GUILD_MESSAGE_REACTIONS if is_direct => DIRECT_MESSAGE_REACTIONS,
        GUILD_MESSAGE_TYPING if is_direct => DIRECT_MESSAGE_TYPING,
        GUILDS if is_direct && matches!(event, Event::PinsChanged { .. }) => DIRECT_MESSAGES,
        needed => needed,
    };
    intents & needed == needed
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
        | Event::ThreadMembersChanged { .. }
        | Event::AccessGained { .. }
        | Event::PinsChanged { .. }
        | Event::GuildUpdated { .. }
        | Event::RoleCreated { .. }
        | Event::RoleDeleted { .. }
        | Event::RoleUpdated { .. }
        | Event::MembershipChanged { .. } => GUILDS,
        Event::WebhooksChanged { .. } => GUILD_WEBHOOKS,
        Event::Banned { .. } | Event::Unbanned { .. } => GUILD_MODERATION,
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
