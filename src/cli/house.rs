//! What the verbs need of the service, in one place: how it is run, and a desk over its store where none runs.

use std::{path::PathBuf, sync::Arc};

use orchestrator_core::ports::{agent_runner::AgentRunner, chat::Chat};
use tokio::{sync::Notify, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{
    Context,
    exit::{Exit, Failure},
};
use crate::{
    adapters::{discord::Sender, process::ProcessRunner, system_clock::SystemClock, system_entropy::SystemEntropy},
    config::Config,
    service::{self, ServiceError, build, lifecycle},
    surfaces::{
        discord::GatewayError,
        http::{About, Door, SocketError},
    },
};

/// The database of a configuration.
pub(super) fn database(config: &Config) -> PathBuf {
    build::database(config)
}

/// A desk over the store in this process. It starts nothing; what it changes counts for a service that runs beside it or comes later,
/// because every change is one transaction of the same queue.
pub(super) fn offline(config: &Config) -> Result<Door, Failure> {
    let discord = config.discord.clone()?;
    let desks = build::desks(config, &discord)?;
    let sender = Sender::new(&build::sender_config(config, &discord)).map_err(|error| Failure::of(Exit::Usage, &error))?;
    let runner = ProcessRunner::new(&config.runtime_dir).map_err(|error| Failure::of(Exit::Broken, &error))?;
    Ok(Door {
        desk: desks.desk,
        queue: desks.queue,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        chat: Some(Arc::new(sender) as Arc<dyn Chat>),
        stopper: Some(Arc::new(runner) as Arc<dyn AgentRunner>),
        workers: config.workers_dir.clone(),
        look: Arc::new(Notify::new()),
        about: About { service: false, started_at: None },
        troubles: Arc::new(Vec::new),
        closing: CancellationToken::new(),
    })
}

/// The store alone, for copies.
pub(super) fn store(config: &Config) -> Result<Arc<crate::adapters::sqlite::SqliteStore>, Failure> {
    Ok(build::desks(config, &config.discord.clone()?)?.store)
}

/// Runs the service until it is told to end.
pub(super) async fn run(config: Config) -> Result<Exit, Failure> {
    let (life, _signals) = obedient();
    tell_oddities(&config);
    service::run(&config, life).await?;
    Ok(Exit::Done)
}

/// Runs what waits, and ends.
pub(super) async fn once(context: &Context, config: Config) -> Result<Exit, Failure> {
    let (life, _signals) = obedient();
    tell_oddities(&config);
    match service::once(&config, life).await {
        Ok(0) => context.voice.line("No pending tasks"),
        Ok(ended) => context.voice.line(&format!("{ended} tasks ended")),
        // Beside a running service nothing is run twice: it does the work.
        Err(ServiceError::NotAlone(lifecycle::NotAlone::Held { process, .. })) => {
            context.voice.line(&format!("Another orchestrator (process {process}) runs here and does the work"));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(Exit::Done)
}

/// A lifecycle that listens to SIGTERM and Ctrl-C as long as the set is held.
fn obedient() -> (lifecycle::Lifecycle, JoinSet<()>) {
    let life = lifecycle::Lifecycle::default();
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
    tracing::info!("{}", config.agents.default_because);
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        // Exhaustive on purpose: a new failure does not compile until someone decides its exit code.
        let exit = match &error {
            ServiceError::Missing(_) | ServiceError::Sender(_) | ServiceError::TokenRefused | ServiceError::Socket(SocketError::TooLong { .. }) => {
                Exit::Usage
            }
            ServiceError::Gateway(refused) => match refused {
                GatewayError::TokenRefused | GatewayError::MessageContentRefused | GatewayError::IntentsUnknown => Exit::Usage,
                GatewayError::IdentifiesSpent { .. } => Exit::Refused,
                GatewayError::Client { .. } => Exit::Broken,
            },
            ServiceError::NotAlone(lifecycle::NotAlone::Held { .. }) | ServiceError::Socket(SocketError::Served { .. }) => Exit::Refused,
            ServiceError::Chat(_) | ServiceError::ReadBack(_) => Exit::Unreachable,
            ServiceError::NotAlone(lifecycle::NotAlone::Io { .. })
            | ServiceError::Socket(SocketError::Io { .. })
            | ServiceError::Store(_)
            | ServiceError::Folder { .. }
            | ServiceError::Queue(_) => Exit::Broken,
        };
        Self::of(exit, &error)
    }
}
