//! Webhooks of channels. Their addresses look like those of interactions' tokens: what is no webhook is handed on to them.

use serde_json::{Value, json};

use super::{answer::Reply, ask::Call, webhooks as interaction_tokens};
use crate::{
    form::{self, Errors, Form, thread::ThreadDraft},
    refusal::Refusal,
    wire::user,
    world::{message::Message, permission, snowflake::Snowflake, webhook::Webhook},
};

/// `POST /channels/{channel}/webhooks`
pub(super) fn create(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, channel) = (call.user()?, call.id("channel")?);
    call.world.channel_for(user, channel, permission::MANAGE_WEBHOOKS)?;
    let mut errors = Errors::default();
    let form = Form::body(&call.body)?;
    if form.raw("name").is_none() {
        errors.required("name");
    }
    let name = name(&form, "name", &mut errors).unwrap_or_default();
    errors.verdict()?;
    let id = call.world.add_webhook(call.now, user, channel, name)?;
    let made = call.world.webhook(id).ok_or_else(Refusal::unknown_webhook)?;
    Ok(Reply::json(shown(call, made, true)))
}

/// `GET /channels/{channel}/webhooks`
pub(super) fn of_channel(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, channel) = (call.user()?, call.id("channel")?);
    call.world.channel_for(user, channel, permission::MANAGE_WEBHOOKS)?;
    Ok(Reply::json(call.world.webhooks().filter(|webhook| webhook.channel == channel).map(|webhook| shown(call, webhook, true)).collect()))
}

/// `GET /guilds/{guild}/webhooks`
pub(super) fn of_guild(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, guild) = (call.user()?, call.id("guild")?);
    call.world.guild_for(user, guild)?;
    if call.world.permissions(guild, user) & permission::MANAGE_WEBHOOKS == 0 {
        return Err(Refusal::missing_permissions());
    }
    Ok(Reply::json(call.world.webhooks().filter(|webhook| webhook.guild == guild).map(|webhook| shown(call, webhook, true)).collect()))
}

/// `GET /webhooks/{application}`
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let webhook = call.world.webhook_for(call.user()?, call.id("application")?)?;
    Ok(Reply::json(shown(call, webhook, true)))
}

/// `GET /webhooks/{application}/{token}`
pub(super) fn get_with_token(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let webhook = call.world.webhook_with_token(call.id("application")?, call.text("token"))?;
    Ok(Reply::json(shown(call, webhook, false)))
}

/// `PATCH /webhooks/{application}`
pub(super) fn change(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, id) = (call.user()?, call.id("application")?);
    call.world.webhook_for(user, id)?;
    let mut errors = Errors::default();
    let form = Form::body(&call.body)?;
    let (name, channel) = (name(&form, "name", &mut errors), form.snowflake("channel_id", &mut errors));
    errors.verdict()?;
    if let Some(channel) = channel {
        call.world.move_webhook(user, id, channel)?;
    }
    rename(call, id, name);
    let changed = call.world.webhook(id).ok_or_else(Refusal::unknown_webhook)?;
    Ok(Reply::json(shown(call, changed, true)))
}

/// `PATCH /webhooks/{application}/{token}`: its name only.
pub(super) fn change_with_token(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let id = call.world.webhook_with_token(call.id("application")?, call.text("token"))?.id;
    let mut errors = Errors::default();
    let name = name(&Form::body(&call.body)?, "name", &mut errors);
    errors.verdict()?;
    rename(call, id, name);
    let changed = call.world.webhook(id).ok_or_else(Refusal::unknown_webhook)?;
    Ok(Reply::json(shown(call, changed, false)))
}

/// `DELETE /webhooks/{application}`
pub(super) fn delete(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let id = call.world.webhook_for(call.user()?, call.id("application")?)?.id;
    call.world.remove_webhook(id);
    Ok(Reply::nothing())
}

/// `DELETE /webhooks/{application}/{token}`
pub(super) fn delete_with_token(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let id = call.world.webhook_with_token(call.id("application")?, call.text("token"))?.id;
    call.world.remove_webhook(id);
    Ok(Reply::nothing())
}

/// `POST /webhooks/{application}/{token}`
pub(super) fn execute(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let Some(webhook) = this(call)? else { return interaction_tokens::follow_up(call) };
    let thread = call.id_in_query("thread_id")?;
    let mut errors = Errors::default();
    let mut body = std::mem::take(&mut call.body);
    // Only the webhooks of applications carry what can be pressed; others carry nothing unless they ask for it.
    if webhook.application.is_none() {
        let asked = call.query.get("with_components").is_some_and(|asked| asked == "true");
        match body.get("components").filter(|_| asked) {
            Some(components) if is_interactive(components) => {
                errors.add("components", "WEBHOOK_COMPONENTS_NOT_OWNED", "Only webhooks of applications may have interactive components");
            }
            Some(_) => {}
            None => drop(body.as_object_mut().map(|body| body.remove("components"))),
        }
    }
    let form = Form::body(&body)?;
    let name = name(&form, "username", &mut errors);
    let new_post = new_post(&form, &mut errors);
    let draft = form::message::read_into(&form, std::mem::take(&mut call.files), false, &mut errors)?;
    errors.verdict()?;
    let (channel, id) = call.world.post_with_webhook(call.now, &webhook, thread, new_post, name, draft)?;
    if call.query.get("wait").is_none_or(|wait| wait != "true" && wait != "1") {
        return Ok(Reply::nothing());
    }
    message(call, channel, id)
}

/// `GET /webhooks/{application}/{token}/messages/{message}`
pub(super) fn get_message(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let Some(webhook) = this(call)? else { return interaction_tokens::get(call) };
    let (channel, id) = posted(call, &webhook)?;
    message(call, channel, id)
}

/// `PATCH /webhooks/{application}/{token}/messages/{message}`
pub(super) fn change_message(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let Some(webhook) = this(call)? else { return interaction_tokens::change(call) };
    let (channel, id) = posted(call, &webhook)?;
    let layout = call.world.message(channel, id).is_some_and(Message::is_layout);
    let draft = form::message::read_change(&call.body, std::mem::take(&mut call.files), layout)?;
    call.world.change_webhook_message(call.now, channel, id, draft)?;
    message(call, channel, id)
}

/// `DELETE /webhooks/{application}/{token}/messages/{message}`
pub(super) fn delete_message(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let Some(webhook) = this(call)? else { return interaction_tokens::delete(call) };
    let (channel, id) = posted(call, &webhook)?;
    call.world.remove_webhook_message(channel, id)?;
    Ok(Reply::nothing())
}

/// The webhook of the path; `None` if its id is an application's, whose interaction it is about.
fn this(call: &Call<'_>) -> Result<Option<Webhook>, Refusal> {
    let id = call.id("application")?;
    if call.world.application(id).is_some() {
        return Ok(None);
    }
    call.world.webhook_with_token(id, call.text("token")).cloned().map(Some)
}

fn posted(call: &Call<'_>, webhook: &Webhook) -> Result<(Snowflake, Snowflake), Refusal> {
    let (thread, id) = (call.id_in_query("thread_id")?, call.id("message")?);
    call.world.webhook_message(webhook, thread, id).map(|message| (message.channel, message.id))
}

fn message(call: &Call<'_>, channel: Snowflake, id: Snowflake) -> Result<Reply, Refusal> {
    let message = call.world.message(channel, id).ok_or_else(Refusal::unknown_message)?;
    Ok(Reply::json(call.viewer(message.author).message(message)))
}

fn rename(call: &mut Call<'_>, id: Snowflake, name: Option<String>) {
    if let Some(name) = name {
        call.world.rename_webhook(id, name);
    }
}

/// A new post of a forum, named in the body.
fn new_post(form: &Form<'_>, errors: &mut Errors) -> Option<ThreadDraft> {
    let name = form.text("thread_name", 1, 100, errors)?;
    let applied_tags = form::thread::applied_tags(form, errors).unwrap_or_default();
    Some(ThreadDraft { applied_tags, ..form::thread::named(&name) })
}

/// Source: Discord developer documentation, "Create Webhook" and "Usernames and Nicknames".
fn name(form: &Form<'_>, key: &str, errors: &mut Errors) -> Option<String> {
    let name = form.text(key, 1, 80, errors)?;
    let lower = name.to_lowercase();
    for taken in ["clyde", "discord"] {
        if lower.contains(taken) {
            errors.add(key, "USERNAME_INVALID_CONTAINS", format!("Username cannot contain \"{taken}\""));
        }
    }
    Some(name)
}

/// Whether something in it can be pressed or chosen from, other than a link.
fn is_interactive(component: &Value) -> bool {
    let inner = [component, &component["components"]].into_iter().filter_map(Value::as_array).flatten();
    let itself = match component["type"].as_u64() {
        Some(2) => component["style"] != 5,
        Some(kind) => (3..=8).contains(&kind),
        None => false,
    };
    itself || inner.chain(component.get("accessory")).any(is_interactive)
}

fn shown(call: &Call<'_>, webhook: &Webhook, with_user: bool) -> Value {
    let mut shown = json!({
        "id": webhook.id, "type": 1, "guild_id": webhook.guild, "channel_id": webhook.channel, "name": webhook.name, "avatar": null,
        "token": webhook.token, "application_id": webhook.application,
        "url": format!("{}/api/webhooks/{}/{}", call.hub.base_url, webhook.id, webhook.token),
    });
    if with_user {
        shown["user"] = user::user_by_id(call.world, webhook.creator);
    }
    shown
}
