//! Guilds: what they are, and their channels.

use serde_json::json;

use super::{answer::Reply, ask::Call};
use crate::{
    form::{Errors, Form, role},
    refusal::Refusal,
    wire::{channel, guild},
};

/// `GET /guilds/{guild}`
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let known = call.world.guild_for(call.user()?, call.id("guild")?)?;
    let mut shown = guild::guild(known);
    if call.query.get("with_counts").is_some_and(|asked| asked == "true") {
        shown["approximate_member_count"] = known.members.len().into();
        shown["approximate_presence_count"] = known.members.len().into();
    }
    Ok(Reply::json(shown))
}

/// `GET /guilds/{guild}/preview`
pub(super) fn preview(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let known = call.world.guild_for(call.user()?, call.id("guild")?)?;
    Ok(Reply::json(json!({
        "id": known.id, "name": known.name, "icon": null, "splash": null, "discovery_splash": null, "emojis": [], "features": [],
        "approximate_member_count": known.members.len(), "approximate_presence_count": known.members.len(), "description": null, "stickers": [],
    })))
}

/// `PATCH /guilds/{guild}`: its name.
pub(super) fn change(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, guild) = (call.user()?, call.id("guild")?);
    call.world.guild_for(user, guild)?;
    let mut errors = Errors::default();
    let name = Form::body(&call.body)?.text("name", 2, 100, &mut errors);
    errors.verdict()?;
    let name = name.unwrap_or_else(|| call.world.guild_by_id(guild).map(|guild| guild.name.clone()).unwrap_or_default());
    call.world.rename_guild(user, guild, name)?;
    get(call)
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

/// `PATCH /guilds/{guild}/channels`
pub(super) fn move_channels(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, guild) = (call.user()?, call.id("guild")?);
    call.world.guild_for(user, guild)?;
    let moves = role::positions(&call.body)?;
    call.world.move_channels(user, guild, &moves)?;
    Ok(Reply::nothing())
}
