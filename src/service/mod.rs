//! The wiring: parts are made, joined and ended here, and nowhere else.

pub mod build;
pub mod lifecycle;
pub mod pipeline;

use std::path::PathBuf;

use orchestrator_core::{intake::read_back::ReadBackError, ports::chat::ChatError, queue::QueueError};
use thiserror::Error;

use crate::{
    adapters::{discord::SenderConfigError, sqlite::OpenError},
    config::MissingSettings,
    surfaces::discord::gateway::GatewayError,
};

/// The service could not start, or had to end. Each says what to do.
#[derive(Debug, Error)]
pub enum ServiceError {
    /// Settings without which there is no Discord.
    #[error(transparent)]
    Missing(#[from] MissingSettings),
    /// Another process serves this store.
    #[error(transparent)]
    NotAlone(#[from] lifecycle::NotAlone),
    /// The store can't be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// A folder can't be made.
    #[error("{} can't be made or read: {source}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The sender can't be made from the settings.
    #[error(transparent)]
    Sender(#[from] SenderConfigError),
    /// Discord refused the token.
    #[error("Discord does not accept the bot token (HTTP 401). Check `ORCHESTRATOR_AGENT_TOKEN`: copy it anew from the page \"Bot\" of your application in Discord's developer portal")]
    TokenRefused,
    /// Discord can't be read.
    #[error("{0}")]
    Chat(ChatError),
    /// The task channel can't be read.
    #[error(transparent)]
    ReadBack(ReadBackError),
    /// The gateway ended for good.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The queue failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl From<ChatError> for ServiceError {
    fn from(error: ChatError) -> Self {
        if error == ChatError::Unauthorized { Self::TokenRefused } else { Self::Chat(error) }
    }
}

impl From<ReadBackError> for ServiceError {
    fn from(error: ReadBackError) -> Self {
        match error {
            ReadBackError::Chat { source: ChatError::Unauthorized, .. } => Self::TokenRefused,
            other => Self::ReadBack(other),
        }
    }
}
