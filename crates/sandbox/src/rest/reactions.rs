//! Reactions.

use super::{answer::Reply, ask::Call};
use crate::{refusal::Refusal, wire::user};

/// `PUT …/reactions/{emoji}/@me`
pub(super) fn add(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (who, channel, message) = (call.user()?, call.id("channel")?, call.id("message")?);
    let emoji = call.text("emoji").to_owned();
    call.world.react(who, channel, message, &emoji)?;
    Ok(Reply::nothing())
}

/// `DELETE …/reactions/{emoji}/@me`, `DELETE …/reactions/{emoji}/{user}`
pub(super) fn remove(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (who, of, channel, message) = (call.user()?, call.user_or_me("user")?, call.id("channel")?, call.id("message")?);
    let emoji = call.text("emoji").to_owned();
    call.world.unreact(who, channel, message, &emoji, of)?;
    Ok(Reply::nothing())
}

/// `DELETE …/reactions`, `DELETE …/reactions/{emoji}`
pub(super) fn clear(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (who, channel, message) = (call.user()?, call.id("channel")?, call.id("message")?);
    let emoji = Some(call.text("emoji").to_owned()).filter(|emoji| !emoji.is_empty());
    call.world.clear_reactions(who, channel, message, emoji.as_deref())?;
    Ok(Reply::nothing())
}

/// `GET …/reactions/{emoji}`
pub(super) fn list(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (limit, after) = (call.number("limit", 25, 1, 100)?, call.id_in_query("after")?);
    let reacted = call.world.reacted(call.user()?, call.id("channel")?, call.id("message")?, call.text("emoji"))?;
    let page = reacted.into_iter().filter(|id| after.is_none_or(|after| *id > after)).take(limit);
    Ok(Reply::json(page.map(|id| user::user_by_id(call.world, id)).collect()))
}
