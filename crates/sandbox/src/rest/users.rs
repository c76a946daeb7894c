//! Users.

use super::{answer::Reply, ask::Call};
use crate::{
    form::{Errors, Form},
    refusal::Refusal,
    wire::{channel, guild, user},
};

/// `GET /users/{user}`, `GET /users/@me`
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let id = call.user_or_me("user")?;
    let known = call.world.user(id).ok_or_else(Refusal::unknown_user)?;
    Ok(Reply::json(if id == call.user()? { user::own_user(known) } else { user::user(known) }))
}

/// `POST /users/@me/channels`
pub(super) fn open_direct(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let user = call.user()?;
    let mut errors = Errors::default();
    let form = Form::body(&call.body)?;
    if form.raw("recipient_id").is_none() {
        errors.required("recipient_id");
    }
    let with = form.snowflake("recipient_id", &mut errors);
    errors.verdict()?;
    let id = call.world.direct_channel(call.now, user, with.ok_or_else(Refusal::unknown_user)?)?;
    let known = call.world.channel(id).ok_or_else(Refusal::unknown_channel)?;
    Ok(Reply::json(channel::channel_for(call.world, known, user)))
}

/// `GET /users/@me/channels`: a bot is given none, as on Discord.
pub(super) fn directs(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let user = call.user()?;
    let is_bot = call.world.user(user).is_some_and(|user| user.bot);
    let known = call.world.direct_channels(user).filter(|_| !is_bot);
    Ok(Reply::json(known.map(|known| channel::channel_for(call.world, known, user)).collect()))
}

/// `GET /users/@me/guilds`
pub(super) fn guilds(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let user = call.user()?;
    Ok(Reply::json(call.world.guilds_with(user).map(|known| guild::partial(call.world, known, user)).collect()))
}
