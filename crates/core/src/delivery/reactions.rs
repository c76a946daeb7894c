//! Reactions: ✅ before all others, and what follows when one can't be put.

use std::time::Duration;

use super::mailer::{Lane, Mailer, Step};
use crate::{
    domain::{
        id::ChannelId,
        outbound::{MarkState, Purpose},
    },
    ports::{
        chat::{ChatError, Remedy},
        rows::MarkRow,
    },
    queue::{QueueError, marks::MarkFailure},
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

/// Puts the next mark of a channel that is due; in a hurry all that wait for Discord's return, each once, until it fails again.
pub(super) async fn step(mailer: &Mailer, channel: ChannelId, most: u32, hurry: bool) -> Result<Step, QueueError> {
    let now = mailer.clock.now();
    let waiting: Vec<MarkRow> = mailer.queue.wanted_marks(most).await?.into_iter().filter(|mark| mark.mark.on.channel == channel).collect();
    let returned = |mark: &&MarkRow| hurry && mark.progress.waits_for_return();
    let is_due = |mark: &MarkRow| mailer.settings.delays.is_due(mark.progress.due_at, now);
    let due = waiting.iter().find(|mark| is_due(mark)).into_iter();
    let mut went = false;
    for next in due.chain(waiting.iter().filter(|mark| !is_due(mark)).filter(returned)) {
        went = true;
        if !put(mailer, channel, next).await? {
            break;
        }
    }
    let earliest = || waiting.iter().map(|mark| mark.progress.due_at).min().map_or(Step::Nothing, Step::NotBefore);
    Ok(if went { Step::Went } else { earliest() })
}

/// Puts or lifts one mark; tells whether Discord has answered anything but a failure that it would repeat for others.
async fn put(mailer: &Mailer, channel: ChannelId, next: &MarkRow) -> Result<bool, QueueError> {
    let lane = Lane::Reactions(channel);
    let (on, emoji) = (next.mark.on, next.mark.emoji.as_str());
    let done = if next.state == MarkState::Lifting { mailer.chat.unreact(on, emoji).await } else { mailer.chat.react(on, emoji).await };
    mailer.token(lane, done == Err(ChatError::Unauthorized));
    match done {
        Ok(()) if next.state == MarkState::Lifting => mailer.queue.mark_lifted(next.id).await?,
        Ok(()) => mailer.queue.mark_put(next.id).await?,
        Err(error) => {
            tracing::warn!(message.id = %on.message, %error, "{emoji} could not be put on message {}: {error}", on.message);
            mailer.queue.mark_failed(next.id, failure(mailer, next, &error)).await?;
            return Ok(matches!(error.remedy(), Remedy::Never));
        }
    }
    Ok(true)
}

fn failure(mailer: &Mailer, mark: &MarkRow, error: &ChatError) -> MarkFailure {
    let claim = mark.mark.purpose == Purpose::Claim;
    let later = |at_least: Duration| MarkFailure::Later {
        due_at: mailer.clock.now() + mailer.settings.delays.before(mark.progress.failures + 1).max(at_least),
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
            due_at: mailer.clock.now() + mailer.settings.forbidden_pause,
            reason: error.to_string(),
            alert: alerts::marks_forbidden(mark.mark.on.channel, &error.to_string()),
        },
        other => match other.remedy() {
            Remedy::Retry { at_least } => later(at_least),
            Remedy::Never => MarkFailure::Impossible { reason: other.to_string(), reply: None },
        },
    }
}
