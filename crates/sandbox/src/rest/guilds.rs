//! The guild: what it is, its roles, channels and members.

use super::{answer::Reply, ask::Call};
use crate::{
    form::{Errors, Form},
    refusal::Refusal,
    wire::{self, channel},
};

/// `GET /guilds/{guild}`
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let known = call.world.guild_for(call.user()?, call.id("guild")?)?;
    let mut shown = wire::guild::guild(known);
    if call.query.get("with_counts").is_some_and(|asked| asked == "true") {
        shown["approximate_member_count"] = known.members.len().into();
        shown["approximate_presence_count"] = known.members.len().into();
    }
    Ok(Reply::json(shown))
}

/// `GET /guilds/{guild}/roles`
pub(super) fn roles(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let known = call.world.guild_for(call.user()?, call.id("guild")?)?;
    Ok(Reply::json(known.roles.values().map(wire::guild::role).collect()))
}

/// `PATCH /guilds/{guild}/roles/{role}`: its permissions only.
pub(super) fn change_role(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, guild, role) = (call.user()?, call.id("guild")?, call.id("role")?);
    call.world.guild_for(user, guild)?;
    let mut errors = Errors::default();
    let permissions = Form::body(&call.body)?.bits("permissions", &mut errors);
    errors.verdict()?;
    if let Some(permissions) = permissions {
        call.world.set_permissions(user, guild, role, permissions)?;
    }
    Ok(Reply::json(call.world.guild_for(user, guild)?.roles.get(&role).map(wire::guild::role).into()))
}

/// `GET /guilds/{guild}/channels`
pub(super) fn channels(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, guild) = (call.user()?, call.id("guild")?);
    call.world.guild_for(user, guild)?;
    // A bot is told of channels that it does not see; a person's client is not.
    let is_bot = call.world.user(user).is_some_and(|user| user.bot);
    let shown = call.world.channels_of(guild).filter(|known| is_bot || call.world.sees(user, known.id));
    Ok(Reply::json(shown.map(|known| channel::channel(call.world, known)).collect()))
}

/// `GET /guilds/{guild}/threads/active`
pub(super) fn threads(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, guild) = (call.user()?, call.id("guild")?);
    call.world.guild_for(user, guild)?;
    let threads: Vec<_> = call.world.open_threads(guild, user).map(|known| channel::channel(call.world, known)).collect();
    Ok(Reply::json(serde_json::json!({"threads": threads, "members": []})))
}

/// `GET /guilds/{guild}/members`
pub(super) fn members(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let limit = call.number("limit", 1, 1, 1_000)?;
    let after = call.id_in_query("after")?;
    let known = call.world.guild_for(call.user()?, call.id("guild")?)?;
    let members = known.members.values().filter(|member| after.is_none_or(|after| member.user > after)).take(limit);
    Ok(Reply::json(members.map(|member| wire::guild::member(call.world, member)).collect()))
}

/// `GET /guilds/{guild}/members/{user}`
pub(super) fn member(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (guild_id, id) = (call.id("guild")?, call.user_or_me("user")?);
    let known = call.world.guild_for(call.user()?, guild_id)?;
    let member = known.members.get(&id).ok_or_else(Refusal::unknown_member)?;
    Ok(Reply::json(wire::guild::member(call.world, member)))
}

/// `PUT /guilds/{guild}/members/{user}/roles/{role}`
pub(super) fn give_role(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    set_role(call, true)
}

/// `DELETE /guilds/{guild}/members/{user}/roles/{role}`
pub(super) fn take_role(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    set_role(call, false)
}

fn set_role(call: &mut Call<'_>, held: bool) -> Result<Reply, Refusal> {
    let (user, guild, member, role) = (call.user()?, call.id("guild")?, call.id("user")?, call.id("role")?);
    call.world.guild_for(user, guild)?;
    call.world.set_role(user, guild, member, role, held)?;
    Ok(Reply::nothing())
}
