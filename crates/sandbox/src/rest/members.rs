//! Members of a guild, and those who may not come back.

use serde_json::{Value, json};

use super::{answer::Reply, ask::Call};
use crate::{
    form::{Errors, Form, role},
    refusal::Refusal,
    wire::{guild, user},
    world::{people::GUILD_MEMBERS, snowflake::Snowflake},
};

/// `GET /guilds/{guild}/members`: only for applications that are allowed the intent for members.
pub(super) fn list(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let limit = call.number("limit", 1, 1, 1_000)?;
    let after = call.id_in_query("after")?;
    let known = call.world.guild_for(call.user()?, call.id("guild")?)?;
    check_intent(call)?;
    let members = known.members.values().filter(|member| after.is_none_or(|after| member.user > after)).take(limit);
    Ok(Reply::json(members.map(|member| guild::member(call.world, member)).collect()))
}

/// Whoever asks for all of somebody's members needs the intent for them.
pub(super) fn check_intent(call: &Call<'_>) -> Result<(), Refusal> {
    let application = call.world.application(call.user()?);
    if application.is_some_and(|known| known.privileged_intents & GUILD_MEMBERS == 0) { Err(Refusal::missing_access()) } else { Ok(()) }
}

/// `GET /guilds/{guild}/members/search`: those whose name here, or else, begins with `query`.
pub(super) fn search(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let limit = call.number("limit", 1, 1, 1_000)?;
    let wanted = call.query.get("query").map(|query| query.to_lowercase());
    let Some(wanted) = wanted else { return Err(crate::form::invalid("query", "BASE_TYPE_REQUIRED", "This field is required")) };
    let known = call.world.guild_for(call.user()?, call.id("guild")?)?;
    let fits = |name: &str| name.to_lowercase().starts_with(&wanted);
    let found = known.members.values().filter(|member| {
        let account = call.world.user(member.user);
        member.nick.as_deref().is_some_and(fits) || account.is_some_and(|user| fits(&user.username) || fits(&user.display_name))
    });
    Ok(Reply::json(found.take(limit).map(|member| guild::member(call.world, member)).collect()))
}

/// `GET /guilds/{guild}/members/{user}`
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, guild, id) = (call.user()?, call.id("guild")?, call.user_or_me("user")?);
    shown(call, user, guild, id)
}

/// `PATCH /guilds/{guild}/members/{user}`
pub(super) fn change(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, guild, of) = (call.user()?, call.id("guild")?, call.user_or_me("user")?);
    call.world.guild_for(user, guild)?;
    let draft = role::member(&call.body, call.now)?;
    call.world.change_member(user, guild, of, draft)?;
    shown(call, user, guild, of)
}

/// `DELETE /guilds/{guild}/members/{user}`
pub(super) fn kick(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, guild, of) = (call.user()?, call.id("guild")?, call.id("user")?);
    call.world.kick(user, guild, of)?;
    Ok(Reply::nothing())
}

/// `DELETE /users/@me/guilds/{guild}`
pub(super) fn leave(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, guild) = (call.user()?, call.id("guild")?);
    call.world.guild_for(user, guild)?;
    call.world.leave(guild, user)?;
    Ok(Reply::nothing())
}

/// `PUT /guilds/{guild}/members/{user}/roles/{role}`
pub(super) fn give_role(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    set_role(call, true)
}

/// `DELETE /guilds/{guild}/members/{user}/roles/{role}`
pub(super) fn take_role(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    set_role(call, false)
}

/// `GET /guilds/{guild}/bans`
pub(super) fn bans(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (limit, before, after) = (call.number("limit", 1_000, 1, 1_000)?, call.id_in_query("before")?, call.id_in_query("after")?);
    let known = call.world.guild_with_bans(call.user()?, call.id("guild")?)?;
    let fits = |id: &Snowflake| before.is_none_or(|before| *id < before) && after.is_none_or(|after| *id > after);
    let page = known.bans.iter().filter(|(id, _)| fits(id)).take(limit);
    Ok(Reply::json(page.map(|(id, reason)| banned(call, *id, reason.as_deref())).collect()))
}

/// `GET /guilds/{guild}/bans/{user}`
pub(super) fn ban(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let of = call.id("user")?;
    let known = call.world.guild_with_bans(call.user()?, call.id("guild")?)?;
    let reason = known.bans.get(&of).ok_or_else(Refusal::unknown_ban)?;
    Ok(Reply::json(banned(call, of, reason.as_deref())))
}

/// `PUT /guilds/{guild}/bans/{user}`
pub(super) fn add_ban(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, guild, of) = (call.user()?, call.id("guild")?, call.id("user")?);
    let mut errors = Errors::default();
    let empty = json!({});
    let form = Form::body(if call.body.is_null() { &empty } else { &call.body })?;
    form.integer("delete_message_seconds", 0, 604_800, &mut errors);
    let reason = form.text("reason", 0, 512, &mut errors);
    errors.verdict()?;
    call.world.ban(user, guild, of, reason)?;
    Ok(Reply::nothing())
}

/// `DELETE /guilds/{guild}/bans/{user}`
pub(super) fn remove_ban(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, guild, of) = (call.user()?, call.id("guild")?, call.id("user")?);
    call.world.unban(user, guild, of)?;
    Ok(Reply::nothing())
}

fn set_role(call: &mut Call<'_>, held: bool) -> Result<Reply, Refusal> {
    let (user, guild, member, role) = (call.user()?, call.id("guild")?, call.user_or_me("user")?, call.id("role")?);
    call.world.guild_for(user, guild)?;
    call.world.set_role(user, guild, member, role, held)?;
    Ok(Reply::nothing())
}

fn shown(call: &Call<'_>, user: Snowflake, guild_id: Snowflake, of: Snowflake) -> Result<Reply, Refusal> {
    let member = call.world.guild_for(user, guild_id)?.members.get(&of).ok_or_else(Refusal::unknown_member)?;
    Ok(Reply::json(guild::member(call.world, member)))
}

fn banned(call: &Call<'_>, of: Snowflake, reason: Option<&str>) -> Value {
    json!({"user": user::user_by_id(call.world, of), "reason": reason})
}
