//! What the verbs need of the service, in one place: how it is run, and how scripts see that it can't.

use std::{path::PathBuf, sync::Arc};

use tokio::task::JoinSet;

use super::exit::{Exit, Failure};
use crate::{
    adapters::sqlite::SqliteStore,
    config::Config,
    service::{
        self, Ran, ServiceError, build,
        lifecycle::{Drain, Lifecycle, NotAlone},
    },
    surfaces::{
        discord::GatewayError,
        http::{Door, SocketError},
    },
};

/// The database of a configuration.
pub(super) fn database(config: &Config) -> PathBuf {
    build::database(config)
}

/// The store of a configuration, for copying it.
pub(super) fn store(config: &Config) -> Result<Arc<SqliteStore>, Failure> {
    Ok(build::store(config)?)
}

/// A desk over the store in this process. It starts nothing; what it changes counts for a service that runs beside it or comes later,
/// because every change is one transaction of the same queue.
pub(super) fn offline(config: &Config) -> Result<Door, Failure> {
    Ok(service::offline(config)?)
}

/// Runs the service until it is told to end.
pub(super) async fn run(config: &Config, drain: Drain) -> Result<Exit, Failure> {
    let (life, _signals) = obedient(drain);
    tell_oddities(config);
    Box::pin(service::run(config, life)).await?;
    Ok(Exit::Done)
}

/// Runs what waits, and ends. `None`: a service runs here already, which does it.
pub(super) async fn once(config: &Config) -> Result<Option<Ran>, Failure> {
    let (life, _signals) = obedient(Drain::of(config));
    tell_oddities(config);
    match service::once(config, life).await {
        Ok(ran) => Ok(Some(ran)),
        Err(ServiceError::NotAlone(NotAlone::Held { .. })) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A lifecycle that listens to SIGTERM and Ctrl-C as long as the set is held.
fn obedient(drain: Drain) -> (Lifecycle, JoinSet<()>) {
    let life = Lifecycle::new(drain);
    let (mut signals, obeyed) = (JoinSet::new(), life.clone());
    signals.spawn(async move {
        if let Err(error) = obeyed.obey_signals().await {
            tracing::error!(%error, "signals can't be listened for: {error}");
        }
    });
    (life, signals)
}

/// What is odd about the configuration is said aloud, once.
fn tell_oddities(config: &Config) {
    for oddity in &config.warnings {
        tracing::warn!("{oddity}");
    }
    for (agent, open) in build::unwalled(config) {
        tracing::warn!("agent `{agent}` is {open}; `orchestrator doctor` says why");
    }
    tracing::info!("{}", config.agents.default_because);
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        // Exhaustive on purpose: a new failure does not compile until someone decides its exit code.
        let exit = match &error {
            ServiceError::Missing(_)
            | ServiceError::Sender(_)
            | ServiceError::TokenRefused
            | ServiceError::Socket(SocketError::TooLong { .. }) => Exit::Usage,
            ServiceError::Gateway(refused) => match refused {
                GatewayError::TokenRefused | GatewayError::MessageContentRefused | GatewayError::IntentsUnknown => Exit::Usage,
                GatewayError::IdentifiesSpent { .. } => Exit::Refused,
                GatewayError::Client { .. } => Exit::Broken,
            },
            ServiceError::NotAlone(NotAlone::Held { .. }) | ServiceError::Socket(SocketError::Served { .. }) => Exit::Refused,
            ServiceError::Chat(_) | ServiceError::ReadBack(_) => Exit::Unreachable,
            ServiceError::NotAlone(NotAlone::Io { .. })
            | ServiceError::Socket(SocketError::Io { .. })
            | ServiceError::Store(_)
            | ServiceError::Folder { .. }
            | ServiceError::Queue(_) => Exit::Broken,
        };
        Self::of(exit, &error)
    }
}
