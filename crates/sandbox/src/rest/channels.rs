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

/// `POST /channels/{channel}/messages/{message}/threads`, `POST /channels/{channel}/threads`
pub(super) fn start_thread(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, parent) = (call.user()?, call.id("channel")?);
    let message = if call.text("message").is_empty() { None } else { Some(call.id("message")?) };
    let draft = form::channel::read_thread(&call.body)?;
    let id = call.world.start_thread(call.now, user, parent, message, draft)?;
    Ok(Reply { status: 201, ..shown(call, id) })
}

/// `PUT /channels/{channel}/thread-members/@me`
pub(super) fn join_thread(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, id) = (call.user()?, call.id("channel")?);
    call.world.follow_thread(user, id, true)?;
    Ok(Reply::nothing())
}

/// `DELETE /channels/{channel}/thread-members/@me`
pub(super) fn leave_thread(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, id) = (call.user()?, call.id("channel")?);
    call.world.follow_thread(user, id, false)?;
    Ok(Reply::nothing())
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
    call.world.change_channel(call.now, user, id, draft)?;
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
    Reply::json(call.world.channel(id).map(|known| channel::channel(call.world, known)).into())
}
