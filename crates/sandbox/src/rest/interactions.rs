//! How a person's client starts an interaction.

use serde_json::json;

use super::{answer::Reply, ask::Call};
use crate::refusal::Refusal;

/// `POST /interactions`. Discord answers with nothing; here the id comes back in a header, so that a script can follow what becomes of it.
pub(super) fn start(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let user = call.user()?;
    let body = std::mem::replace(&mut call.body, json!(null));
    let id = call.world.start_interaction(call.now, user, &body, std::mem::take(&mut call.files))?;
    let mut reply = Reply::nothing();
    reply.header("x-sandbox-interaction", id);
    Ok(reply)
}
