//! What the verbs need of the service, in one place.

use std::{path::PathBuf, sync::Arc};

use super::exit::{Exit, Failure};
use crate::{
    adapters::sqlite::SqliteStore,
    config::Config,
    service::{self, ServiceError, build, lifecycle::Lifecycle},
    surfaces::http::Door,
};

/// The database of a configuration.
pub(super) fn database(config: &Config) -> PathBuf {
    build::database(config)
}

/// The store of a configuration, for copying it.
pub(super) fn store(config: &Config) -> Result<Arc<SqliteStore>, Failure> {
    build::store(config).map_err(failure)
}

/// A desk over the store in this process: nothing is started by it.
pub(super) fn offline(config: &Config) -> Result<Door, Failure> {
    service::offline(config).map_err(failure)
}

/// Runs the service until it is told to end.
pub(super) async fn run(config: &Config) -> Result<Exit, Failure> {
    let life = Lifecycle::default();
    let served = tokio::select! {
        served = service::run(config, life.clone()) => served,
        broken = obey(life) => return Err(broken),
    };
    served.map(|()| Exit::Done).map_err(failure)
}

/// Runs what waits, and ends: how many tasks have ended. `None`: a service runs here already, which does it.
pub(super) async fn once(config: &Config) -> Result<Option<u64>, Failure> {
    let life = Lifecycle::default();
    let ran = tokio::select! {
        ran = service::once(config, life.clone()) => ran,
        broken = obey(life) => return Err(broken),
    };
    match ran {
        Ok(ended) => Ok(Some(ended)),
        Err(ServiceError::NotAlone(_)) => Ok(None),
        Err(error) => Err(failure(error)),
    }
}

/// Listens for signals for as long as the service runs; tells only that it can't.
pub(super) async fn obey(life: Lifecycle) -> Failure {
    match life.obey_signals().await {
        Err(error) => Failure::of(Exit::Broken, &error),
        // Both ways of stopping were asked for: the service is ending.
        Ok(()) => std::future::pending().await,
    }
}

/// Exhaustive on purpose: a new way to fail does not compile until someone decides how scripts see it.
pub(super) fn failure(error: ServiceError) -> Failure {
    let exit = match &error {
        ServiceError::Missing(_) | ServiceError::Sender(_) | ServiceError::TokenRefused | ServiceError::Gateway(_) => Exit::Usage,
        ServiceError::NotAlone(_) | ServiceError::Socket(_) => Exit::Refused,
        ServiceError::Chat(_) | ServiceError::ReadBack(_) => Exit::Unreachable,
        ServiceError::Store(_) | ServiceError::Folder { .. } | ServiceError::Queue(_) => Exit::Broken,
    };
    Failure::of(exit, &error)
}
