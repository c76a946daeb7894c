//! Refusals of messages: a ❌ and the reason, each said once.

use chrono::{DateTime, Utc};

use super::{
    signs::{REFUSED, want},
    write_letter,
};
use crate::{
    domain::{
        outbound::{Address, Identity, Letter, MarkState, Purpose},
        task::MessageRef,
    },
    ports::rows::{Rows, RowsError},
};

/// Refuses a message, unless that was said of it.
pub(super) fn refuse(rows: &mut dyn Rows, on: MessageRef, text: &str, now: DateTime<Utc>) -> Result<(), RowsError> {
    let said = said_fact(on);
    let stands = rows.mark_on(on.message, REFUSED)?.is_some_and(|mark| !matches!(mark.state, MarkState::Lifting | MarkState::Lifted));
    if stands && rows.fact(&said)?.is_some_and(|before| before == text) {
        return Ok(());
    }
    rows.put_fact(&said, text)?;
    want(rows, on, REFUSED, None, Purpose::Refusal, now)?;
    let to = Address { channel: on.channel, identity: Identity::Orchestrator };
    write_letter(rows, now, to, None, Letter::Reply { to: on, text: text.to_owned() }).map(drop)
}

/// The fact that holds the text of a message's latest refusal.
fn said_fact(on: MessageRef) -> String {
    format!("refused:{}", on.message)
}
