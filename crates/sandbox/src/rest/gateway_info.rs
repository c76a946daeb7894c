//! Where the gateway is.

use serde_json::json;

use super::{answer::Reply, ask::Call};
use crate::{limits::identify, refusal::Refusal};

/// `GET /gateway`
#[expect(clippy::unnecessary_wraps, reason = "all handlers have one type")]
pub(super) fn gateway(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    Ok(Reply::json(json!({"url": call.hub.gateway_url})))
}

/// `GET /gateway/bot`
pub(super) fn gateway_bot(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let application = call.world.application(call.user()?).ok_or_else(Refusal::unknown_application)?;
    let (remaining, reset_after) = identify::left(&application.identifies, call.now);
    let limit = json!({"total": identify::PER_DAY, "remaining": remaining, "reset_after": reset_after, "max_concurrency": 1});
    Ok(Reply::json(json!({"url": call.hub.gateway_url, "shards": 1, "session_start_limit": limit})))
}
