//! Interactions, as the bot is told of them.

use serde_json::{Value, json};

use super::{
    channel, guild,
    message::{self, Viewer},
    user,
};
use crate::{
    form::{
        component::{CHANNEL_SELECT, MENTIONABLE_SELECT, ROLE_SELECT, USER_SELECT},
        message::MAX_FILE_BYTES,
    },
    world::{
        World,
        guild::Guild,
        interaction::{Interaction, InteractionKind},
        snowflake::Snowflake,
    },
};

/// `INTERACTION_CREATE`.
pub(crate) fn created(world: &World, interaction: &Interaction, base_url: &str) -> Value {
    let where_ = world.channel(interaction.channel);
    let guild = world.guild_of(interaction.channel);
    let guild_id = guild.map(|guild| guild.id);
    let granted = |id: Snowflake| where_.map_or(0, |channel| guild::known(world.permissions_in(id, channel))).to_string();
    let mut data = interaction.data.clone();
    if let Some(resolved) = resolved(world, interaction, base_url) {
        data["resolved"] = resolved;
    }
    let mut shown = json!({
        "id": interaction.id, "application_id": interaction.application, "type": interaction.kind.number(), "token": interaction.token, "version": 1,
        "data": data, "guild_id": guild_id, "guild": {"id": guild_id, "locale": "en-US", "features": []},
        "channel_id": interaction.channel, "channel": where_.map(|known| channel::channel(world, known)),
        "locale": "en-US", "guild_locale": "en-US", "app_permissions": granted(interaction.application), "context": 0,
        "attachment_size_limit": MAX_FILE_BYTES, "entitlements": [], "authorizing_integration_owners": {"0": guild_id},
    });
    if let Some(member) = guild.and_then(|guild| guild.members.get(&interaction.user)) {
        shown["member"] = guild::member(world, member);
        shown["member"]["permissions"] = granted(interaction.user).into();
    }
    if guild.is_none() {
        shown["user"] = user::user_by_id(world, interaction.user);
        shown["context"] = 1.into();
    }
    let on = interaction.message.and_then(|message| world.message(interaction.channel, message));
    if let Some(message) = on.filter(|_| matches!(interaction.kind, InteractionKind::Component | InteractionKind::ModalSubmit)) {
        shown["message"] = viewer(world, interaction, base_url).message(message);
    }
    shown
}

/// What the callback answers when it is asked for a body (`with_response`).
pub(crate) fn callback(world: &World, interaction: &Interaction, answer_type: u64, base_url: &str) -> Value {
    let mut shown = json!({"interaction": {
        "id": interaction.id, "type": interaction.kind.number(), "response_message_id": interaction.original,
        "response_message_loading": answer_type == 5, "response_message_ephemeral": false,
    }, "resource": {"type": answer_type}});
    if let Some(message) = interaction.original.and_then(|id| world.message(interaction.channel, id)) {
        shown["interaction"]["response_message_ephemeral"] = message.only_for.is_some().into();
        shown["resource"]["message"] = viewer(world, interaction, base_url).message(message);
    }
    shown
}

fn viewer<'a>(world: &'a World, interaction: &Interaction, base_url: &'a str) -> Viewer<'a> {
    Viewer { world, user: interaction.application, base_url, reads_content: true }
}

/// The users, members, roles, channels and messages that the data names by id.
fn resolved(world: &World, interaction: &Interaction, base_url: &str) -> Option<Value> {
    let mut resolved = json!({});
    let of = world.guild_of(interaction.channel);
    let target = interaction.data["target_id"].as_str().and_then(|id| id.parse().ok());
    if let Some(target) = target {
        match interaction.data["type"].as_i64() {
            Some(2) => add_user(world, of, target, &mut resolved),
            _ => {
                if let Some(message) = world.message(interaction.channel, target) {
                    resolved["messages"][target.to_string()] = viewer(world, interaction, base_url).message(message);
                }
            }
        }
    }
    add_options(world, interaction, &interaction.data["options"], &mut resolved);
    for file in &interaction.attachments {
        resolved["attachments"][file.id.to_string()] = message::attachment(base_url, interaction.channel, file, true);
    }
    add_values(world, interaction, &interaction.data["component_type"], &interaction.data["values"], &mut resolved);
    for part in interaction.data["components"].as_array().into_iter().flatten() {
        let input = &part["component"];
        add_values(world, interaction, &input["type"], &input["values"], &mut resolved);
    }
    (resolved != json!({})).then_some(resolved)
}

/// Who and what was chosen from a select.
fn add_values(world: &World, interaction: &Interaction, kind: &Value, values: &Value, resolved: &mut Value) {
    let of = world.guild_of(interaction.channel);
    for id in values.as_array().into_iter().flatten().filter_map(|value| value.as_str()?.parse().ok()) {
        match kind.as_i64() {
            Some(USER_SELECT | MENTIONABLE_SELECT) if world.user(id).is_some() => add_user(world, of, id, resolved),
            Some(ROLE_SELECT | MENTIONABLE_SELECT) => add_role(world, id, resolved),
            Some(CHANNEL_SELECT) => add_channel(world, id, interaction.user, resolved),
            _ => {}
        }
    }
}

fn add_options(world: &World, interaction: &Interaction, options: &Value, resolved: &mut Value) {
    let of = world.guild_of(interaction.channel);
    for option in options.as_array().into_iter().flatten() {
        add_options(world, interaction, &option["options"], resolved);
        let Some(id) = option["value"].as_str().and_then(|id| id.parse().ok()) else { continue };
        match option["type"].as_i64() {
            Some(6 | 9) if world.user(id).is_some() => add_user(world, of, id, resolved),
            Some(7) => add_channel(world, id, interaction.user, resolved),
            Some(8 | 9) => add_role(world, id, resolved),
            _ => {}
        }
    }
}

fn add_user(world: &World, of: Option<&Guild>, id: Snowflake, resolved: &mut Value) {
    resolved["users"][id.to_string()] = user::user_by_id(world, id);
    if let Some((guild, member)) = of.and_then(|guild| Some((guild, guild.members.get(&id)?))) {
        resolved["members"][id.to_string()] = guild::member_part(member);
        resolved["members"][id.to_string()]["permissions"] = guild::known(world.permissions(guild.id, id)).to_string().into();
    }
}

fn add_role(world: &World, id: Snowflake, resolved: &mut Value) {
    if let Some(role) = world.role(id) {
        resolved["roles"][id.to_string()] = guild::role(role);
    }
}

fn add_channel(world: &World, id: Snowflake, user: Snowflake, resolved: &mut Value) {
    if let Some(known) = world.channel(id) {
        let mut shown = channel::channel(world, known);
        // What the person, not the bot, may do there.
        shown["permissions"] = guild::known(world.permissions_in(user, known)).to_string().into();
        resolved["channels"][id.to_string()] = shown;
    }
}
