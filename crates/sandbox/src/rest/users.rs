//! Users.

use super::{answer::Reply, ask::Call};
use crate::{
    refusal::Refusal,
    wire::{guild, user},
};

/// `GET /users/{user}`, `GET /users/@me`
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let id = call.user_or_me("user")?;
    let known = call.world.user(id).ok_or_else(Refusal::unknown_user)?;
    Ok(Reply::json(if id == call.user()? { user::own_user(known) } else { user::user(known) }))
}

/// `GET /users/@me/guilds`
pub(super) fn guilds(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let user = call.user()?;
    Ok(Reply::json(call.world.guilds_with(user).map(|known| guild::partial(call.world, known, user)).collect()))
}
