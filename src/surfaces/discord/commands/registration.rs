//! Discord is told of our commands: in a loop of our own, until it has taken them.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use orchestrator_core::{domain::retry::Delays, ports::chat::ChatError};
use serde_json::Value;
use tokio::time::sleep;

/// Until the next try of what only a person can put right (the bot was invited without its commands).
const UNTIL_PUT_RIGHT: Duration = Duration::from_secs(120);

/// Where commands are registered.
#[async_trait]
pub trait Registry: Send + Sync {
    /// The server that the task channel is in.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    async fn server(&self) -> Result<u64, ChatError>;

    /// Replaces our commands in that server.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    async fn overwrite(&self, server: u64, definitions: Value) -> Result<(), ChatError>;
}

/// Finds out which server is served, tells whoever waits for it, and registers the commands there; tries again, later and later, until both
/// have succeeded or would never succeed.
///
/// # Cancel safety
///
/// Cancel safe: registering again changes nothing.
pub async fn register(registry: Arc<dyn Registry>, server: Arc<OnceLock<u64>>, definitions: Value, delays: Delays) {
    for retry in 1.. {
        let error = match once(registry.as_ref(), &server, &definitions).await {
            Ok(here) => return tracing::info!("the commands stand in server {here}"),
            Err(error) => error,
        };
        let delay = match &error {
            ChatError::Invalid { .. } => {
                return tracing::error!(%error, "Discord does not take our commands, and never will: {error}");
            }
            ChatError::Forbidden { .. } | ChatError::NotFound { .. } | ChatError::Unauthorized => UNTIL_PUT_RIGHT,
            ChatError::RateLimited { retry_after } => delays.before(retry).max(*retry_after),
            ChatError::Unavailable { .. } | ChatError::NotSent { .. } | ChatError::Unknown { .. } => delays.before(retry),
        };
        let hint =
            if matches!(error, ChatError::Forbidden { .. }) { " (was the bot invited with the scope applications.commands?)" } else { "" };
        tracing::warn!(%error, "the commands could not be registered{hint}; tried again in {} s: {error}", delay.as_secs());
        sleep(delay).await;
    }
}

async fn once(registry: &dyn Registry, server: &OnceLock<u64>, definitions: &Value) -> Result<u64, ChatError> {
    let here = match server.get() {
        Some(known) => *known,
        None => *server.get_or_init({
            let found = registry.server().await?;
            move || found
        }),
    };
    registry.overwrite(here, definitions.clone()).await?;
    Ok(here)
}
