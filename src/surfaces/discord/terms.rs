//! On which terms the gateway is kept: what it is told, what it asks of others, and how patient it is.

use std::{fmt, sync::Arc};

use futures_util::future::BoxFuture;
use orchestrator_core::{
    domain::id::UserId,
    ports::{
        chat::{Chat, ChatError},
        clock::Clock,
    },
};
use serenity::{async_trait, framework::Framework, gateway::ShardManager, http::Http};

#[cfg(doc)]
use super::identifies::Identifies;
use super::{health::Health, patience::Patience};

/// Asks the API's base where its gateway is.
pub type FindGateway = Arc<dyn Fn() -> BoxFuture<'static, Result<String, ChatError>> + Send + Sync>;

/// Makes what handles interactions, once serenity's manager of connections is there.
pub type BuildFramework = Box<dyn FnOnce(Arc<ShardManager>, Arc<Http>) -> Arc<dyn Framework> + Send + Sync>;

/// What the gateway is told.
pub struct GatewayConfig {
    /// Where Discord is, for answers to interactions.
    pub api_base: String,
    /// The orchestrator's bot token.
    pub token: String,
    /// Our own sender's `gateway_url`.
    pub find_gateway: FindGateway,
    /// Reads back a message that could not be understood.
    pub chat: Arc<dyn Chat>,
    /// The users behind our other tokens.
    pub our_other_bots: Vec<UserId>,
    /// Tells the time, for the daily budget.
    pub clock: Arc<dyn Clock>,
    /// Keeps the daily count.
    pub memory: Arc<dyn IdentifyMemory>,
    /// Handles interactions; none: nobody answers them.
    pub framework: Option<BuildFramework>,
    /// How long things may take.
    pub patience: Patience,
    /// Shows how it is.
    pub health: Arc<Health>,
}

impl fmt::Debug for GatewayConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayConfig").field("api_base", &self.api_base).field("patience", &self.patience).finish_non_exhaustive()
    }
}

/// Keeps the count of [`Identifies`] from one process to the next.
#[async_trait]
pub trait IdentifyMemory: Send + Sync {
    /// What was stored last; `None`: nothing.
    async fn load(&self) -> Option<String>;

    /// Stores it. What can't be stored is said by whoever stores it; the gateway goes on.
    async fn save(&self, count: String);
}
