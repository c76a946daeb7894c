//! Roles.

use super::{answer::Reply, ask::Call};
use crate::{form::role, refusal::Refusal, wire::guild, world::snowflake::Snowflake};

/// `GET /guilds/{guild}/roles`
pub(super) fn list(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let known = call.world.guild_for(call.user()?, call.id("guild")?)?;
    Ok(Reply::json(known.roles.values().map(guild::role).collect()))
}

/// `GET /guilds/{guild}/roles/{role}`
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, guild, role) = (call.user()?, call.id("guild")?, call.id("role")?);
    shown(call, user, guild, role)
}

/// `POST /guilds/{guild}/roles`
pub(super) fn create(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, guild) = (call.user()?, call.id("guild")?);
    call.world.guild_for(user, guild)?;
    let draft = role::read(&call.body)?;
    let id = call.world.create_role(call.now, user, guild, draft)?;
    shown(call, user, guild, id)
}

/// `PATCH /guilds/{guild}/roles/{role}`
pub(super) fn change(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, guild, role) = (call.user()?, call.id("guild")?, call.id("role")?);
    call.world.guild_for(user, guild)?;
    let draft = role::read(&call.body)?;
    call.world.change_role(user, guild, role, draft)?;
    shown(call, user, guild, role)
}

/// `PATCH /guilds/{guild}/roles`
pub(super) fn rank(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, guild) = (call.user()?, call.id("guild")?);
    call.world.guild_for(user, guild)?;
    let moves: Vec<_> = role::positions(&call.body)?.into_iter().filter_map(|place| Some((place.id, place.position?))).collect();
    call.world.move_roles(user, guild, &moves)?;
    list(call)
}

/// `DELETE /guilds/{guild}/roles/{role}`
pub(super) fn delete(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, guild, role) = (call.user()?, call.id("guild")?, call.id("role")?);
    call.world.delete_role(user, guild, role)?;
    Ok(Reply::nothing())
}

fn shown(call: &Call<'_>, user: Snowflake, guild: Snowflake, role: Snowflake) -> Result<Reply, Refusal> {
    let known = call.world.guild_for(user, guild)?.roles.get(&role).ok_or_else(Refusal::unknown_role)?;
    Ok(Reply::json(guild::role(known)))
}
