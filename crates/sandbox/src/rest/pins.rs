//! Pinned messages, by the routes of today and the older ones.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{answer::Reply, ask::Call};
use crate::{
    form,
    refusal::Refusal,
    wire::timestamp,
    world::{message::Message, permission, snowflake::Snowflake},
};

/// `PUT /channels/{channel}/messages/pins/{message}`, `PUT /channels/{channel}/pins/{message}`
pub(super) fn add(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, channel, message) = (call.user()?, call.id("channel")?, call.id("message")?);
    call.world.pin(call.now, user, channel, message)?;
    Ok(Reply::nothing())
}

/// `DELETE` of the same.
pub(super) fn remove(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, channel, message) = (call.user()?, call.id("channel")?, call.id("message")?);
    call.world.unpin(user, channel, message)?;
    Ok(Reply::nothing())
}

/// `GET /channels/{channel}/pins`: at most 50 of them, as a bare list.
pub(super) fn bare(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, channel) = (call.user()?, call.id("channel")?);
    let pins = readable(call, user, channel)?;
    Ok(Reply::json(pins.into_iter().take(50).map(|message| call.viewer(user).message(message)).collect()))
}

/// `GET /channels/{channel}/messages/pins`: page by page, the one pinned last first.
pub(super) fn list(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, channel) = (call.user()?, call.id("channel")?);
    let limit = call.number("limit", 50, 1, 50)?;
    let before = call.query.get("before").map(|text| form::time("before", text)).transpose()?;
    let earlier = |message: &&Message| before.is_none_or(|before: DateTime<Utc>| message.pinned_at.is_some_and(|at| at < before));
    let pins: Vec<_> = readable(call, user, channel)?.into_iter().filter(earlier).collect();
    let items: Vec<Value> = pins
        .iter()
        .take(limit)
        .map(|message| json!({"pinned_at": message.pinned_at.map(timestamp), "message": call.viewer(user).message(message)}))
        .collect();
    Ok(Reply::json(json!({"items": items, "has_more": pins.len() > limit})))
}

/// Who may not read what was written before is given none.
fn readable<'a>(call: &'a Call<'_>, user: Snowflake, channel: Snowflake) -> Result<Vec<&'a Message>, Refusal> {
    let known = call.world.channel_for(user, channel, 0)?;
    let reads = call.world.permissions_in(user, known) & permission::READ_MESSAGE_HISTORY != 0;
    Ok(if reads { call.world.pins(channel) } else { Vec::new() })
}
