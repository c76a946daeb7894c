//! The local Discord's own routes, for scripts: the log, the world, trouble.

use serde_json::{Value, json};

use super::{answer::Reply, ask::Call};
use crate::{
    refusal::Refusal,
    trouble::Demand,
    wire::{channel, guild, user},
};

/// `GET /sandbox/log`
pub(super) fn log(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let records = call.hub.log.lock();
    let records: Result<Vec<Value>, _> = records.iter().map(serde_json::to_value).collect();
    records.map(|records| Reply::json(records.into())).map_err(|error| Refusal::new(500, 0, error.to_string()))
}

/// `GET /sandbox/world`: everything, ephemeral messages among it, but no tokens.
#[expect(clippy::unnecessary_wraps, reason = "all handlers have one type")]
pub(super) fn world(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    // Without a token it is the owner who looks.
    let viewer = call.viewer(call.user.unwrap_or(call.world.guild().owner));
    let world = viewer.world;
    let channels = world.channels().map(|known| {
        let mut shown = channel::channel(world, known);
        let messages = world.messages(known.id).map(|message| {
            let mut shown = viewer.message(message);
            shown["only_for"] = json!(message.only_for);
            shown
        });
        shown["messages"] = messages.collect();
        shown
    });
    let interactions = world.interactions().map(|known| {
        json!({"id": known.id, "application_id": known.application, "user_id": known.user, "channel_id": known.channel, "type": known.kind.number(),
            "data": known.data, "answer": known.answer, "original": known.original, "follow_ups": known.follow_ups})
    });
    Ok(Reply::json(json!({
        "guild": guild::guild(world.guild()),
        "guilds": world.guilds().map(guild::guild).collect::<Vec<_>>(),
        "users": world.users().map(user::user).collect::<Vec<_>>(),
        "channels": channels.collect::<Vec<_>>(),
        "commands": world.commands().collect::<Vec<_>>(),
        "interactions": interactions.collect::<Vec<_>>(),
    })))
}

/// `POST /sandbox/trouble`: one [`Demand`], or a list of them. It is made once the world is free again.
pub(super) fn trouble(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let demands = Demand::read(std::mem::take(&mut call.body)).map_err(|error| Refusal::new(400, 0, error.to_string()))?;
    for demand in demands {
        crate::trouble::make(call.hub, call.world, call.now, demand);
    }
    Ok(Reply::nothing())
}
