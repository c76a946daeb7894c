//! The commands of an application, global ones and those of the guild.

use serde_json::{Value, json};

use super::{answer::Reply, ask::Call};
use crate::{
    form::{Errors, Form, command},
    options::Limits,
    refusal::Refusal,
    world::{Exception, ExceptionKind, Scope, snowflake::Snowflake},
};

/// Whose commands, and where. An application's commands are its own; people may read them, to use them.
fn subject(call: &Call<'_>) -> Result<(Snowflake, Scope), Refusal> {
    let (user, application) = (call.user()?, call.id("application")?);
    let is_bot = call.world.user(user).is_some_and(|user| user.bot);
    call.world.application(application).ok_or_else(Refusal::unknown_application)?;
    if is_bot && user != application {
        return Err(Refusal::new(403, 20012, "You are not authorized to perform this action on this application"));
    }
    if call.text("guild").is_empty() {
        return Ok((application, Scope::Global));
    }
    let guild = call.id("guild")?;
    call.world.guild_for(user, guild)?;
    Ok((application, Scope::Guild(guild)))
}

/// `GET …/commands`
pub(super) fn list(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (application, scope) = subject(call)?;
    let mut commands = call.world.commands_of(application, scope);
    // A list tells names in other languages only if it is asked to.
    if !call.query.get("with_localizations").is_some_and(|asked| asked == "true" || asked == "1") {
        commands.iter_mut().for_each(forget_localizations);
    }
    Ok(Reply::json(commands.into()))
}

fn forget_localizations(part: &mut Value) {
    if let Value::Object(object) = part {
        object.remove("name_localizations");
        object.remove("description_localizations");
    }
    for key in ["options", "choices"] {
        part.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten().for_each(forget_localizations);
    }
}

/// Without limits there is no budget either.
fn spend(call: &mut Call<'_>, application: Snowflake, scope: Scope, commands: &[Value]) -> Result<(), Refusal> {
    if call.hub.options.limits == Limits::Off { Ok(()) } else { call.world.spend_creates(call.now, application, scope, commands) }
}

/// `GET …/guilds/{guild}/commands/permissions`
pub(super) fn permissions(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let ((application, _), guild) = (subject(call)?, call.id("guild")?);
    Ok(Reply::json(call.world.command_permissions_of(guild, application).into()))
}

/// `GET …/guilds/{guild}/commands/{command}/permissions`
pub(super) fn permissions_of(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let id = permitted(call)?;
    Ok(Reply::json(call.world.permissions_of_command(call.id("guild")?, id)?))
}

/// `PUT …/guilds/{guild}/commands/{command}/permissions`: for people who manage the guild, never for bots.
pub(super) fn set_permissions(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let ((application, _), guild, id) = (subject(call)?, call.id("guild")?, permitted(call)?);
    let mut errors = Errors::default();
    let mut exceptions = Vec::new();
    for (index, value) in Form::body(&call.body)?.list("permissions", 0, 100, &mut errors).unwrap_or_default().iter().enumerate() {
        let Some(entry) = Form::nested(value, &format!("permissions.{index}"), &mut errors) else { continue };
        for key in ["id", "type", "permission"].into_iter().filter(|key| entry.raw(key).is_none()) {
            errors.required(&entry.at(key));
        }
        let kind = match entry.integer("type", 1, 3, &mut errors) {
            Some(1) => ExceptionKind::Role,
            Some(2) => ExceptionKind::User,
            _ => ExceptionKind::Channel,
        };
        if let (Some(id), Some(allowed)) = (entry.snowflake("id", &mut errors), entry.boolean("permission", &mut errors)) {
            exceptions.push(Exception { id, kind, allowed });
        }
    }
    errors.verdict()?;
    call.world.set_command_permissions(call.user()?, (guild, application, id), exceptions.clone())?;
    let shown: Vec<Value> =
        exceptions.iter().map(|set| json!({"id": set.id, "type": set.kind.number(), "permission": set.allowed})).collect();
    Ok(Reply::json(json!({"id": id, "application_id": application, "guild_id": guild, "permissions": shown})))
}

/// The command in the path, or the application in its place, which stands for all of its commands.
fn permitted(call: &Call<'_>) -> Result<Snowflake, Refusal> {
    let ((application, scope), id) = (subject(call)?, call.id("command")?);
    if id != application && call.world.command(application, scope, id).is_err() {
        call.world.command(application, Scope::Global, id)?;
    }
    Ok(id)
}

/// `PUT …/commands`
pub(super) fn overwrite(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (application, scope) = subject(call)?;
    let commands = command::read_all(&call.body)?;
    spend(call, application, scope, &commands)?;
    Ok(Reply::json(call.world.overwrite_commands(call.now, application, scope, commands).into()))
}

/// `POST …/commands`
pub(super) fn create(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (application, scope) = subject(call)?;
    let new = command::read(&call.body)?;
    let same_kind = call
        .world
        .commands_of(application, scope)
        .into_iter()
        .filter(|known| known["type"] == new["type"] && known["name"] != new["name"])
        .count();
    if same_kind >= if new["type"] == command::CHAT_INPUT { 100 } else { 15 } {
        return Err(Refusal::too_many_commands());
    }
    spend(call, application, scope, std::slice::from_ref(&new))?;
    let (stored, is_new) = call.world.add_command(call.now, application, scope, new);
    Ok(Reply::with_status(if is_new { 201 } else { 200 }, stored))
}

/// `GET …/commands/{command}`
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (application, scope) = subject(call)?;
    Ok(Reply::json(call.world.command(application, scope, call.id("command")?)?.clone()))
}

/// `PATCH …/commands/{command}`
pub(super) fn change(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let ((application, scope), id) = (subject(call)?, call.id("command")?);
    let mut merged = call.world.command(application, scope, id)?.clone();
    if let (Value::Object(merged), Value::Object(changes)) = (&mut merged, &call.body) {
        merged.extend(changes.clone());
    }
    let changed = command::read(&merged)?;
    Ok(Reply::json(call.world.change_command(call.now, application, scope, id, changed)?))
}

/// `DELETE …/commands/{command}`
pub(super) fn delete(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let ((application, scope), id) = (subject(call)?, call.id("command")?);
    call.world.delete_command(application, scope, id)?;
    Ok(Reply::nothing())
}
