//! What a bot does with an interaction's token after its first answer.

use super::{answer::Reply, ask::Call};
use crate::{
    form::message,
    refusal::Refusal,
    world::{message::Message, snowflake::Snowflake},
};

/// Which message a path names.
enum Which {
    Original,
    FollowUp(Snowflake),
}

fn which(call: &Call<'_>) -> Result<(Snowflake, String, Which), Refusal> {
    let (application, token) = (call.id("application")?, call.text("token").to_owned());
    let which = if call.text("message") == "@original" { Which::Original } else { Which::FollowUp(call.id("message")?) };
    Ok((application, token, which))
}

/// `POST /webhooks/{application}/{token}`
pub(super) fn follow_up(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (application, token) = (call.id("application")?, call.text("token").to_owned());
    let draft = message::read(&call.body, std::mem::take(&mut call.files))?;
    let place = call.world.follow_up(call.now, application, &token, draft)?;
    shown(call, application, place)
}

/// `GET /webhooks/{application}/{token}/messages/{message}`
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (application, token, which) = which(call)?;
    let place = match which {
        Which::Original => call.world.original_answer(call.now, application, &token)?,
        Which::FollowUp(id) => call.world.follow_up_message(call.now, application, &token, id)?,
    };
    shown(call, application, place)
}

/// `PATCH /webhooks/{application}/{token}/messages/{message}`
pub(super) fn change(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (application, token, which) = which(call)?;
    let (channel, id) = match which {
        Which::Original => call.world.original_answer(call.now, application, &token)?,
        Which::FollowUp(id) => call.world.follow_up_message(call.now, application, &token, id)?,
    };
    let layout = call.world.message(channel, id).is_some_and(Message::is_layout);
    let draft = message::read_change(&call.body, std::mem::take(&mut call.files), layout)?;
    let place = match which {
        Which::Original => call.world.change_original(call.now, application, &token, draft)?,
        Which::FollowUp(id) => call.world.change_follow_up(call.now, application, &token, id, draft)?,
    };
    shown(call, application, place)
}

/// `DELETE /webhooks/{application}/{token}/messages/{message}`
pub(super) fn delete(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (application, token, which) = which(call)?;
    match which {
        Which::Original => call.world.delete_original(call.now, application, &token)?,
        Which::FollowUp(id) => call.world.delete_follow_up(call.now, application, &token, id)?,
    }
    Ok(Reply::nothing())
}

fn shown(call: &Call<'_>, application: Snowflake, (channel, id): (Snowflake, Snowflake)) -> Result<Reply, Refusal> {
    let message = call.world.message(channel, id).ok_or_else(Refusal::unknown_message)?;
    Ok(Reply::json(call.viewer(application).message(message)))
}
