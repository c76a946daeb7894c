//! One look at the queue: delayed steps whose time has come take their turn, and free slots take steps.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use crate::{
    ports::clock::Clock,
    queue::{Queue, QueueError},
};

/// The scheduler never sleeps longer than this without a look.
const LOOK_AT_LEAST_EVERY: Duration = Duration::from_secs(5);

/// Fills the free slots, as far as something waits; tells when the next delayed step is due.
///
/// # Errors
///
/// [`QueueError::Store`].
pub async fn tick(queue: &Queue) -> Result<Option<DateTime<Utc>>, QueueError> {
    let due = queue.wake_due().await?;
    queue.claim(queue.rules().slots as usize).await?;
    Ok(due)
}

/// Looks whenever the bell rings, when a delayed step is due, and every few seconds, until `soft` is cancelled: then nothing more is claimed.
pub async fn run(queue: Queue, clock: std::sync::Arc<dyn Clock>, soft: CancellationToken) {
    loop {
        let pause = match tick(&queue).await {
            Ok(due) => due.map_or(LOOK_AT_LEAST_EVERY, |due| (due - clock.now()).to_std().unwrap_or_default()).min(LOOK_AT_LEAST_EVERY),
            Err(error) => {
                tracing::error!(%error, "the queue could not be looked at: {error}");
                LOOK_AT_LEAST_EVERY
            }
        };
        tokio::select! {
            biased;
            () = soft.cancelled() => return,
            () = queue.bells().work.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}
