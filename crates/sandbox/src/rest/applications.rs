//! The application behind a bot.

use super::{answer::Reply, ask::Call};
use crate::{refusal::Refusal, wire::user};

/// `GET /applications/@me`, `GET /oauth2/applications/@me`
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let application = call.world.application(call.user()?).ok_or_else(Refusal::unknown_application)?;
    Ok(Reply::json(user::application(call.world, application)))
}
