//! Reactions: ✅ before all others, and what follows when one can't be put.

use std::time::Duration;

use super::means::{Lane, Means, Step};
use crate::{
    domain::{
        id::ChannelId,
        outbound::{MarkState, Purpose},
    },
    ports::{
        chat::{ChatError, Remedy},
        rows::MarkRow,
    },
    queue::{
        QueueError,
        marks::{MarkFailure, NextMark},
    },
    wording::alerts,
};

/// Discord's code for "no such message". Source: Discord developer documentation, "JSON Error Codes".
const UNKNOWN_MESSAGE: u32 = 10_008;
/// "No such channel". Source: as above.
const UNKNOWN_CHANNEL: u32 = 10_003;
/// "Too many reactions on this message". Source: as above.
const TOO_MANY_REACTIONS: u32 = 30_010;
/// "The author has blocked you". Source: as above.
const BLOCKED: u32 = 90_001;

/// Puts or lifts the next mark of a channel that is due; in a hurry those that wait for Discord's return are due now.
pub(super) async fn step(means: &Means, channel: ChannelId, hurry: bool) -> Result<Step, QueueError> {
    if hurry {
        means.queue.hurry_marks(channel).await?;
    }
    let next = match means.queue.next_mark(channel).await? {
        NextMark::Later(mark) if !means.settings.delays.is_due(mark.progress.due_at, means.clock.now()) => {
            return Ok(Step::NotBefore(mark.progress.due_at));
        }
        NextMark::Due(mark) | NextMark::Later(mark) => mark,
        NextMark::Nothing => return Ok(Step::Nothing),
    };
    let (on, emoji) = (next.mark.on, next.mark.emoji.as_str());
    let done = if next.state == MarkState::Lifting { means.chat.unreact(on, emoji).await } else { means.chat.react(on, emoji).await };
    means.note_token(Lane::Reactions(channel), done.as_ref().err());
    match done {
        Ok(()) if next.state == MarkState::Lifting => means.queue.mark_lifted(next.id).await?,
        Ok(()) => means.queue.mark_put(next.id).await?,
        Err(error) => {
            tracing::warn!(message.id = %on.message, %error, "{emoji} could not be put on message {}: {error}", on.message);
            let failure = failure(means, &next, &error);
            let later = if let MarkFailure::Later { due_at, .. } = &failure { Some(*due_at) } else { None };
            means.queue.mark_failed(next.id, failure).await?;
            return Ok(later.map_or(Step::Went, Step::Failed));
        }
    }
    Ok(Step::Went)
}

fn failure(means: &Means, mark: &MarkRow, error: &ChatError) -> MarkFailure {
    let claim = mark.mark.purpose == Purpose::Claim;
    let later = |at_least: Duration| MarkFailure::Later {
        due_at: means.clock.now() + means.settings.delays.before(mark.progress.failures + 1).max(at_least),
        reason: error.to_string(),
    };
    match error {
        ChatError::NotFound { code: UNKNOWN_MESSAGE | UNKNOWN_CHANNEL, .. } => MarkFailure::MessageGone,
        ChatError::Forbidden { code: BLOCKED, .. } | ChatError::Invalid { code: TOO_MANY_REACTIONS | BLOCKED, .. } => {
            MarkFailure::Impossible { reason: error.to_string(), reply: claim.then(|| alerts::claimed_without_mark(&error.to_string())) }
        }
        ChatError::Forbidden { code: TOO_MANY_REACTIONS, .. } => {
            MarkFailure::Impossible { reason: error.to_string(), reply: claim.then(|| alerts::claimed_without_mark(&error.to_string())) }
        }
        ChatError::Forbidden { .. } if claim => MarkFailure::Forbidden {
            due_at: means.clock.now() + means.settings.forbidden_pause,
            reason: error.to_string(),
            alert: alerts::marks_forbidden(mark.mark.on.channel, &error.to_string()),
        },
        other => match other.remedy() {
            Remedy::Retry { at_least } => later(at_least),
            Remedy::Never => MarkFailure::Impossible { reason: other.to_string(), reply: None },
        },
    }
}
