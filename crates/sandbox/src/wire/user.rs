//! People, bots and applications.

use serde_json::{Value, json};

use crate::world::{
    World,
    message::MessageWebhook,
    people::{Application, User},
    snowflake::Snowflake,
};

/// A user as everybody sees him.
pub(crate) fn user(user: &User) -> Value {
    json!({
        "id": user.id, "username": user.username, "global_name": if user.bot { None } else { Some(&user.display_name) },
        "discriminator": if user.bot { "0001" } else { "0" }, "avatar": null, "bot": user.bot, "public_flags": 0,
    })
}

/// A user by id; one who is unknown has only his id.
pub(crate) fn user_by_id(world: &World, id: Snowflake) -> Value {
    world.user(id).map_or_else(|| json!({"id": id, "username": "unknown", "discriminator": "0", "avatar": null, "bot": false}), user)
}

/// A webhook, in the place of a user.
pub(crate) fn webhook(webhook: &MessageWebhook) -> Value {
    json!({
        "id": webhook.id, "username": webhook.name, "global_name": null, "discriminator": "0000", "avatar": null, "bot": true,
        "public_flags": 0, "flags": 0,
    })
}

/// A user as he sees himself.
pub(crate) fn own_user(known: &User) -> Value {
    let mut shown = user(known);
    shown["verified"] = true.into();
    shown["mfa_enabled"] = false.into();
    shown["locale"] = "en-US".into();
    shown["flags"] = 0.into();
    shown["email"] = Value::Null;
    shown
}

/// An application, for its bot.
pub(crate) fn application(world: &World, application: &Application) -> Value {
    json!({
        "id": application.id, "name": application.name, "description": "", "icon": null, "summary": "", "type": null, "bot_public": false,
        "bot_require_code_grant": false, "verify_key": "0".repeat(64), "flags": application.flags(), "tags": [], "hook": true,
        "owner": user_by_id(world, application.owner), "team": null, "bot": user_by_id(world, application.id),
        "approximate_guild_count": world.guilds_with(application.id).count(), "interactions_endpoint_url": null, "redirect_uris": [], "rpc_origins": [],
    })
}
