//! The disk's low-water mark: while less is free, nothing is started.

use std::{path::PathBuf, time::Duration};

use orchestrator_core::{
    queue::{Queue, QueueError},
    wording::alerts,
};
use tokio_util::sync::CancellationToken;

use crate::{adapters::disk, config::Config};

/// Between looks at the disk.
const LOOKS: Duration = Duration::from_secs(5);

/// What is watched.
#[derive(Clone, Debug)]
pub(super) struct Water {
    /// Folders that agents and the store fill; they may be on different disks.
    folders: [PathBuf; 2],
    /// Bytes that are kept free.
    mark: u64,
}

impl Water {
    pub(super) fn of(config: &Config) -> Self {
        Self { folders: [config.workers_dir.clone(), config.runtime_dir.clone()], mark: config.limits.disk_low_water }
    }

    /// The fuller of the disks: its folder and what is free there. A folder that can't be looked at (it is not made yet) counts for nothing.
    fn lowest(&self) -> Option<(&PathBuf, u64)> {
        let standing = |folder: &PathBuf| folder.ancestors().find(|dir| dir.is_dir()).and_then(|dir| disk::free(dir).ok());
        self.folders.iter().filter_map(|folder| Some((folder, standing(folder)?))).min_by_key(|(_, free)| *free)
    }
}

/// Looks once.
///
/// # Errors
///
/// [`QueueError::Store`].
pub(super) async fn tick(queue: &Queue, water: &Water) -> Result<(), QueueError> {
    let Some((folder, free)) = water.lowest() else { return Ok(()) };
    let shown = folder.display().to_string();
    if free < water.mark {
        let alert = alerts::disk_low(&shown, free, water.mark);
        if queue.disk(Some(alerts::disk_low_because(&shown, free, water.mark)), alert).await? {
            tracing::error!(free, "the disk of {shown} is nearly full ({free} bytes are free): nothing is started");
        }
    } else if queue.disk(None, alerts::disk_is_well(&shown, free)).await? {
        tracing::info!(free, "there is room on the disk of {shown} again ({free} bytes): tasks are started");
    }
    Ok(())
}

/// Looks now and then, until `soft` is cancelled.
pub(super) async fn run(queue: Queue, water: Water, soft: CancellationToken) {
    loop {
        if let Err(error) = tick(&queue, &water).await {
            tracing::error!(%error, "how full the disk is could not be recorded: {error}");
        }
        tokio::select! {
            () = soft.cancelled() => return,
            () = tokio::time::sleep(LOOKS) => {}
        }
    }
}
