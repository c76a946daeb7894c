//! Guilds, people and bots made on request: routes of the local Discord's own, for scripts and the control page.

use serde_json::{Value, json};

use super::{answer::Reply, ask::Call};
use crate::{
    form::{Errors, Form},
    refusal::Refusal,
    wire::user,
    world::{BOT_PERMISSIONS, Standing, World, guild::Guild, people, permission, snowflake::Snowflake},
};

/// `GET /sandbox/guilds`
#[expect(clippy::unnecessary_wraps, reason = "all handlers have one type")]
pub(super) fn guilds(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    Ok(Reply::json(call.world.guilds().map(|known| guild(call.world, known)).collect()))
}

/// `POST /sandbox/guilds`: `name`, `owner` (a person's name or id; without one, the first guild's owner), `channels` (names).
pub(super) fn add_guild(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let mut errors = Errors::default();
    let form = Form::body(&call.body)?;
    let name = form.required_text("name", 2, 100, &mut errors);
    let owner = form.text("owner", 1, 32, &mut errors);
    let listed = form.list("channels", 0, 100, &mut errors).unwrap_or_default();
    let mut channels: Vec<_> = listed.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    if channels.len() < listed.len() || channels.iter().any(|name| name.is_empty() || name.chars().count() > 100) {
        errors.add("channels", "BASE_TYPE_BAD_LENGTH", "A channel's name has between 1 and 100 characters.");
    }
    errors.verdict()?;
    if !form.has("channels") {
        channels.push("general".to_owned());
    }
    let owner = match owner {
        Some(named) => user_named(call.world, &named)?,
        None => call.world.guild().owner,
    };
    let id = call.world.add_guild(call.now, &name, owner, &channels)?;
    let made = call.world.guild_by_id(id).ok_or_else(Refusal::unknown_guild)?;
    Ok(Reply::with_status(201, guild(call.world, made)))
}

/// `GET /sandbox/people`
#[expect(clippy::unnecessary_wraps, reason = "all handlers have one type")]
pub(super) fn people(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    Ok(Reply::json(call.world.users().filter(|user| !user.bot).map(|user| account(call, user)).collect()))
}

/// `POST /sandbox/people`: `name`, `guild` (an id; without one, the first guild; null: none), `standing` (`admin`, `operator`, `stranger`).
pub(super) fn add_person(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let mut errors = Errors::default();
    let form = Form::body(&call.body)?;
    let name = username(&form, &mut errors);
    let standing = standing(&form, &mut errors).unwrap_or_default();
    let guild = guild_in(call.world, &form, &mut errors);
    errors.verdict()?;
    let id = call.world.add_person(call.now, &name)?;
    if let Some(guild) = guild {
        call.world.add_member(call.now, guild, id, standing)?;
    }
    made(call, id)
}

/// `GET /sandbox/bots`
#[expect(clippy::unnecessary_wraps, reason = "all handlers have one type")]
pub(super) fn bots(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    Ok(Reply::json(call.world.users().filter(|user| user.bot).map(|user| account(call, user)).collect()))
}

/// `POST /sandbox/bots`: `name`, `owner`, `guild` as for people, `privileged_intents` (names), `permissions` (names; without them, those of a task bot).
pub(super) fn add_bot(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let mut errors = Errors::default();
    let form = Form::body(&call.body)?;
    let name = username(&form, &mut errors);
    let owner = form.text("owner", 1, 32, &mut errors);
    let intents = names(&form, "privileged_intents", people::intent_named, &mut errors);
    let permissions = names(&form, "permissions", permission::named, &mut errors);
    let guild = guild_in(call.world, &form, &mut errors);
    errors.verdict()?;
    let owner = match owner {
        Some(named) => user_named(call.world, &named)?,
        None => call.world.guild().owner,
    };
    let id = call.world.add_bot(call.now, &name, owner, intents.unwrap_or(people::MESSAGE_CONTENT))?;
    if let Some(guild) = guild {
        call.world.add_bot_member(call.now, guild, id, permissions.unwrap_or(BOT_PERMISSIONS))?;
    }
    made(call, id)
}

/// `PATCH /sandbox/bots/{user}`: its `privileged_intents`.
pub(super) fn change_bot(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let id = user_named(call.world, call.text("user"))?;
    let mut errors = Errors::default();
    let intents = names(&Form::body(&call.body)?, "privileged_intents", people::intent_named, &mut errors);
    errors.verdict()?;
    let application = call.world.application_mut(id).ok_or_else(Refusal::unknown_application)?;
    application.privileged_intents = intents.unwrap_or(application.privileged_intents);
    let changed = call.world.user(id).ok_or_else(Refusal::unknown_user)?;
    Ok(Reply::json(account(call, changed)))
}

/// `PUT /sandbox/guilds/{guild}/members/{user}`: a person with a `standing`, or a bot with `permissions`; who is in it already is changed.
pub(super) fn add_member(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (guild, id) = (call.id("guild")?, user_named(call.world, call.text("user"))?);
    let mut errors = Errors::default();
    let empty = json!({});
    let form = Form::body(if call.body.is_null() { &empty } else { &call.body })?;
    let standing = standing(&form, &mut errors).unwrap_or_default();
    let permissions = names(&form, "permissions", permission::named, &mut errors);
    errors.verdict()?;
    if call.world.user(id).is_some_and(|user| user.bot) {
        call.world.add_bot_member(call.now, guild, id, permissions.unwrap_or(BOT_PERMISSIONS))?;
    } else {
        call.world.add_member(call.now, guild, id, standing)?;
    }
    Ok(Reply::nothing())
}

/// `DELETE /sandbox/guilds/{guild}/members/{user}`
pub(super) fn remove_member(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (guild, id) = (call.id("guild")?, user_named(call.world, call.text("user"))?);
    call.world.remove_member(guild, id)?;
    Ok(Reply::nothing())
}

fn made(call: &Call<'_>, id: Snowflake) -> Result<Reply, Refusal> {
    let made = call.world.user(id).ok_or_else(Refusal::unknown_user)?;
    Ok(Reply::with_status(201, account(call, made)))
}

/// A guild with who is in it.
fn guild(world: &World, guild: &Guild) -> Value {
    let members = guild.members.values().map(|member| {
        let roles = member.roles.iter().filter_map(|role| guild.roles.get(role)).map(|role| role.name.as_str());
        json!({"id": member.user, "username": world.user(member.user).map(|user| user.username.as_str()), "roles": roles.collect::<Vec<_>>()})
    });
    let channels = world.channels_of(guild.id).map(|channel| json!({"id": channel.id, "name": channel.name}));
    json!({
        "id": guild.id, "name": guild.name, "owner": world.user(guild.owner).map(|user| user.username.as_str()),
        "members": members.collect::<Vec<_>>(), "channels": channels.collect::<Vec<_>>(),
    })
}

/// A person or bot with what is needed to act as it.
fn account(call: &Call<'_>, known: &people::User) -> Value {
    let mut shown = user::user(known);
    shown["token"] = known.token.as_str().into();
    shown["guilds"] = call.world.guilds_with(known.id).map(|guild| json!({"id": guild.id, "name": guild.name})).collect();
    if let Some(application) = call.world.application(known.id) {
        shown["privileged_intents"] = json!(people::intent_names(application.privileged_intents));
        shown["owner"] = json!(call.world.user(application.owner).map(|user| user.username.as_str()));
    }
    shown
}

/// A user by id or name.
fn user_named(world: &World, named: &str) -> Result<Snowflake, Refusal> {
    let by_id = named.parse().ok().and_then(|id| world.user(id));
    by_id.or_else(|| world.user_named(named)).map(|user| user.id).ok_or_else(Refusal::unknown_user)
}

/// A user name. Source of its form: Discord developer documentation, "Usernames and Nicknames"; bots' names may have dashes here.
fn username(form: &Form<'_>, errors: &mut Errors) -> String {
    let name = form.required_text("name", 2, 32, errors);
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')) {
        errors.add("name", "USERNAME_INVALID", "A name has letters, digits, dots, dashes and underscores only.");
    }
    name
}

fn standing(form: &Form<'_>, errors: &mut Errors) -> Option<Standing> {
    let read = serde_json::from_value(form.raw("standing")?.clone()).ok();
    if read.is_none() {
        errors.add("standing", "BASE_TYPE_CHOICES", "Value must be one of ('admin', 'operator', 'stranger').");
    }
    read
}

fn guild_in(world: &World, form: &Form<'_>, errors: &mut Errors) -> Option<Snowflake> {
    if !form.has("guild") {
        return Some(world.guild().id);
    }
    let id = form.snowflake("guild", errors)?;
    if world.guild_by_id(id).is_none() {
        errors.add("guild", "GUILD_UNKNOWN", "There is no guild with this id.");
    }
    Some(id)
}

/// The bits of names in a list.
fn names(form: &Form<'_>, key: &str, named: fn(&str) -> Option<u64>, errors: &mut Errors) -> Option<u64> {
    let list = form.list(key, 0, 64, errors)?;
    let mut bits = 0;
    for (index, value) in list.iter().enumerate() {
        match value.as_str().and_then(named) {
            Some(bit) => bits |= bit,
            None => errors.add(&format!("{key}.{index}"), "BASE_TYPE_CHOICES", format!("{value} is no name of {key}.")),
        }
    }
    Some(bits)
}
