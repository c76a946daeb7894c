//! Channels.

use super::{answer::Reply, ask::Call};
use crate::{form, refusal::Refusal, wire::channel, world::snowflake::Snowflake};

/// `POST /guilds/{guild}/channels`
pub(super) fn create(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, guild) = (call.user()?, call.id("guild")?);
    call.world.guild_for(user, guild)?;
    let draft = form::channel::read(&call.body, true)?;
    let id = call.world.create_channel(call.now, user, guild, draft)?;
    Ok(Reply { status: 201, ..shown(call, id) })
}

/// `GET /channels/{channel}`
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let id = call.id("channel")?;
    call.world.channel_for(call.user()?, id, 0)?;
    Ok(shown(call, id))
}

/// `PATCH /channels/{channel}`
pub(super) fn change(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, id) = (call.user()?, call.id("channel")?);
    let draft = form::channel::read(&call.body, false)?;
    let known = call.world.channel_for(user, id, 0)?;
    let renames = draft.name.as_ref().is_some_and(|name| *name != known.name) && call.world.user(user).is_some_and(|user| user.bot);
    if let Some(wait) = call.hub.limiter().next_rename(id, call.now).filter(|_| renames) {
        return Ok(Reply::shared_limit(wait));
    }
    call.world.change_channel(call.now, user, id, draft)?;
    if renames {
        call.hub.limiter().count_rename(id, call.now);
    }
    Ok(shown(call, id))
}

/// `DELETE /channels/{channel}`
pub(super) fn delete(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, id) = (call.user()?, call.id("channel")?);
    let gone = call.world.delete_channel(user, id)?;
    Ok(Reply::json(channel::channel(call.world, &gone)))
}

/// `PUT /channels/{channel}/permissions/{target}`
pub(super) fn set_overwrite(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, id) = (call.user()?, call.id("channel")?);
    let overwrite = form::channel::read_overwrite(call.id("target")?, &call.body)?;
    call.world.set_overwrite(user, id, overwrite)?;
    Ok(Reply::nothing())
}

/// `DELETE /channels/{channel}/permissions/{target}`
pub(super) fn clear_overwrite(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, id, target) = (call.user()?, call.id("channel")?, call.id("target")?);
    call.world.clear_overwrite(user, id, target)?;
    Ok(Reply::nothing())
}

/// `POST /channels/{channel}/typing`
pub(super) fn typing(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, id) = (call.user()?, call.id("channel")?);
    call.world.type_in(call.now, user, id)?;
    Ok(Reply::nothing())
}

fn shown(call: &Call<'_>, id: Snowflake) -> Reply {
    let user = call.user;
    Reply::json(
        call.world
            .channel(id)
            .map(|known| user.map_or_else(|| channel::channel(call.world, known), |user| channel::channel_for(call.world, known, user)))
            .into(),
    )
}
