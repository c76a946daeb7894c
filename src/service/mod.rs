//! The wiring: parts are made, joined and ended here, and nowhere else.

pub mod build;
mod disk;
mod door;
pub mod lifecycle;
mod memory;
pub mod pipeline;
pub mod registry;
pub mod trial;

use std::path::PathBuf;

use orchestrator_core::{
    intake::read_back::ReadBackError,
    ports::{chat::ChatError, clock::Clock as _},
    queue::QueueError,
};
use thiserror::Error;

use self::lifecycle::{Lifecycle, OnlyOne};
pub use self::pipeline::Ran;
use crate::{
    adapters::{discord::SenderConfigError, sqlite::OpenError, system_clock::SystemClock},
    config::{Config, MissingSettings},
    surfaces::{
        discord::GatewayError,
        http::{Door, SocketError},
    },
};

/// Serves Discord and the socket in the runtime folder until `life` is cancelled, and hands what runs over to its attendants.
///
/// # Errors
///
/// [`ServiceError`]: why it could not start, or had to end.
pub async fn run(config: &Config, life: Lifecycle) -> Result<(), ServiceError> {
    let discord = config.discord.clone()?;
    let _only = OnlyOne::take(&config.runtime_dir)?;
    let house = build::house(config, &discord)?;
    let store = house.desks.store.clone();
    let (door, bound) = door::open(config, &house, Some(SystemClock.now()))?;
    let ended = tokio::select! {
        ended = pipeline::serve(config, &discord, house, door.look.clone(), door.troubles.clone(), life.clone()) => ended,
        served = bound.serve(door, life.hard.clone()) => match served {
            Ok(()) => Ok(()),
            Err(source) => Err(ServiceError::Folder { path: config.runtime_dir.clone(), source }),
        },
    };
    store.close().await;
    ended
}

/// Runs what is there, waits for all of it that can be run, and ends. Where a service runs already,
/// [`lifecycle::NotAlone::Held`] says so: it does the work.
///
/// # Errors
///
/// [`ServiceError`].
pub async fn once(config: &Config, life: Lifecycle) -> Result<Ran, ServiceError> {
    let discord = config.discord.clone()?;
    let _only = OnlyOne::take(&config.runtime_dir)?;
    let house = build::house(config, &discord)?;
    let store = house.desks.store.clone();
    let ended = pipeline::once(config, house, life).await;
    store.close().await;
    ended
}

/// The door of a command that finds no service: it looks at the store itself, and its writes go through the same desk.
///
/// # Errors
///
/// [`ServiceError`].
pub fn offline(config: &Config) -> Result<Door, ServiceError> {
    let discord = config.discord.clone()?;
    Ok(door::make(config, &build::house(config, &discord)?, None))
}

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
    #[error(
        "Discord does not accept the bot token (HTTP 401). Check `ORCHESTRATOR_AGENT_TOKEN`: copy it anew from the page \"Bot\" of your application in Discord's developer portal"
    )]
    TokenRefused,
    /// Discord can't be read.
    #[error("{0}")]
    Chat(ChatError),
    /// The task channel can't be read.
    #[error(transparent)]
    ReadBack(ReadBackError),
    /// The socket in the runtime folder can't be opened.
    #[error(transparent)]
    Socket(#[from] SocketError),
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
