//! Talking to Discord without a service: with patience for its limits, and sentences for its refusals.

use std::time::Duration;

use orchestrator_core::{
    domain::retry::{Delays, POST_RETRIES},
    ports::chat::{ChatError, Remedy},
};

use super::{
    exit::{Exit, Failure},
    voice::Voice,
};
use crate::{
    adapters::discord::{Sender, SenderConfig, Token},
    config::{Config, SubmitConfig},
};

/// From this on a wait is told.
const WORTH_TELLING: Duration = Duration::from_secs(2);

/// A sender with the bot's own token alone.
pub(super) fn sender(config: &Config, submit: &SubmitConfig) -> Result<Sender, Failure> {
    let settings = SenderConfig {
        answer_timeout: config.limits.request_timeout,
        guild: config.discord.as_ref().ok().and_then(|discord| discord.guild).map(orchestrator_core::domain::id::GuildId::get),
        ..SenderConfig::new(&submit.api_base, Token::new(submit.token.expose()))
    };
    Sender::new(&settings).map_err(|error| Failure::of(Exit::Usage, &error))
}

/// Asks Discord until it is done or can't be: a 429 is waited out however often it comes, other failures are tried again by the rule of
/// posts. `insist`: also where the token is not accepted, because something half done is to be finished.
pub(super) async fn patiently<T, F: Future<Output = Result<T, ChatError>>>(
    voice: &Voice,
    insist: bool,
    mut ask: impl FnMut() -> F,
) -> Result<T, ChatError> {
    let mut failures = 0;
    loop {
        let error = match ask().await {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let delay = match (&error, error.remedy()) {
            (ChatError::RateLimited { retry_after }, _) => *retry_after,
            (ChatError::Unauthorized, _) if !insist => return Err(error),
            (_, Remedy::Retry { at_least }) if failures < POST_RETRIES => {
                failures += 1;
                Delays::POSTS.before(failures).max(at_least)
            }
            (_, Remedy::Retry { .. } | Remedy::Never) => return Err(error),
        };
        if delay >= WORTH_TELLING {
            voice.note(&format!("{error}: trying again in {} s …", delay.as_secs_f32().ceil()));
        }
        tokio::time::sleep(delay).await;
    }
}

/// Discord's refusal, with the setting or permission that is to blame.
pub(super) fn refused(error: &ChatError, place: &str) -> Failure {
    let way_out = match error {
        ChatError::Unauthorized => {
            return Failure::usage(
                "Discord does not accept the bot token (HTTP 401). Check `ORCHESTRATOR_AGENT_TOKEN`: copy it anew from the page \"Bot\" of your application in Discord's developer portal.",
            );
        }
        ChatError::Forbidden { .. } => {
            format!("Give the bot View Channel, Send Messages and Read Message History in the channel of `{place}`.")
        }
        ChatError::NotFound { .. } => format!("Check `{place}`: the bot knows no such channel."),
        ChatError::Invalid { .. } => "This is a defect; please report it.".to_owned(),
        ChatError::RateLimited { .. } | ChatError::Unavailable { .. } | ChatError::NotSent { .. } | ChatError::Unknown { .. } => {
            "Try again later.".to_owned()
        }
    };
    let exit = match error {
        ChatError::NotFound { .. } | ChatError::Forbidden { .. } => Exit::Usage,
        _ => Exit::Unreachable,
    };
    Failure::new(exit, format!("{error}. {way_out}"))
}
