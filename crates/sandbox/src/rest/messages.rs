//! Messages of a channel.

use super::{answer::Reply, ask::Call};
use crate::{
    form::{self, Errors, Form},
    refusal::Refusal,
    world::{message::Message, permission, snowflake::Snowflake},
};

/// `POST /channels/{channel}/messages`
pub(super) fn create(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, channel) = (call.user()?, call.id("channel")?);
    call.world.channel_for(user, channel, 0)?;
    let draft = form::message::read(&call.body, std::mem::take(&mut call.files))?;
    let id = call.world.post(call.now, user, channel, draft)?;
    let posted = call.world.message(channel, id).ok_or_else(Refusal::unknown_message)?;
    Ok(Reply::json(call.viewer(user).posted(posted)))
}

/// `PATCH /channels/{channel}/messages/{message}`
pub(super) fn edit(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, channel, id) = (call.user()?, call.id("channel")?, call.id("message")?);
    let layout = call.world.message(channel, id).is_some_and(Message::is_layout);
    let draft = form::message::read_change(&call.body, std::mem::take(&mut call.files), layout)?;
    call.world.edit(call.now, user, channel, id, draft)?;
    shown(call, channel, id)
}

/// `DELETE /channels/{channel}/messages/{message}`
pub(super) fn delete(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, channel, id) = (call.user()?, call.id("channel")?, call.id("message")?);
    call.world.delete(user, channel, id)?;
    Ok(Reply::nothing())
}

/// `POST /channels/{channel}/messages/bulk-delete`
pub(super) fn delete_many(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, channel) = (call.user()?, call.id("channel")?);
    let mut errors = Errors::default();
    let listed = Form::body(&call.body)?.list("messages", 0, 1_000, &mut errors).unwrap_or_default();
    let ids: Vec<_> =
        listed.iter().enumerate().filter_map(|(index, id)| form::snowflake(id, &format!("messages.{index}"), &mut errors)).collect();
    errors.verdict()?;
    call.world.delete_many(call.now, user, channel, &ids)?;
    Ok(Reply::nothing())
}

/// `GET /channels/{channel}/messages/{message}`
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (channel, id) = (call.id("channel")?, call.id("message")?);
    call.world.channel_for(call.user()?, channel, permission::READ_MESSAGE_HISTORY)?;
    shown(call, channel, id)
}

/// `GET /channels/{channel}/messages`: newest first, whichever end is asked for.
pub(super) fn list(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, channel) = (call.user()?, call.id("channel")?);
    let limit = call.number("limit", 50, 1, 100)?;
    let (around, before, after) = (call.id_in_query("around")?, call.id_in_query("before")?, call.id_in_query("after")?);
    let known = call.world.channel_for(user, channel, 0)?;
    if !known.kind.holds_messages() {
        return Err(Refusal::wrong_channel_type());
    }
    if call.world.permissions_in(user, known) & permission::READ_MESSAGE_HISTORY == 0 {
        return Ok(Reply::json(serde_json::json!([])));
    }
    let messages = || call.world.messages(channel).filter(|message| message.only_for.is_none());
    let mut picked: Vec<&Message> = match (around, before, after) {
        (Some(around), _, _) => {
            let earlier = messages().rev().filter(|message| message.id < around).take(limit / 2);
            let from = messages().filter(|message| message.id >= around).take(limit - limit / 2);
            earlier.chain(from).collect()
        }
        (None, Some(before), _) => messages().rev().filter(|message| message.id < before).take(limit).collect(),
        (None, None, Some(after)) => messages().filter(|message| message.id > after).take(limit).collect(),
        (None, None, None) => messages().rev().take(limit).collect(),
    };
    picked.sort_unstable_by_key(|message| std::cmp::Reverse(message.id));
    Ok(Reply::json(picked.into_iter().map(|message| call.viewer(user).message(message)).collect()))
}

fn shown(call: &Call<'_>, channel: Snowflake, id: Snowflake) -> Result<Reply, Refusal> {
    let message = call.world.message(channel, id).filter(|message| message.only_for.is_none()).ok_or_else(Refusal::unknown_message)?;
    Ok(Reply::json(call.viewer(call.user()?).message(message)))
}
