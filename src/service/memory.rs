//! What must be remembered of Discord's budgets from one process to the next, kept in the store.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use orchestrator_core::{ports::clock::Clock, queue::Queue};
use tokio_util::sync::CancellationToken;

use crate::{adapters::discord::Sender, surfaces::discord::IdentifyMemory};

/// The fact that holds the count of identifies.
const IDENTIFIES: &str = "gateway.identifies";

/// Keeps the count of identifies as a fact.
pub(super) struct StoredIdentifies(pub(super) Queue);

#[async_trait]
impl IdentifyMemory for StoredIdentifies {
    async fn load(&self) -> Option<String> {
        self.0.fact(IDENTIFIES).await.ok().flatten()
    }

    async fn save(&self, count: String) {
        if let Err(error) = self.0.put_fact(IDENTIFIES, &count).await {
            tracing::warn!(%error, "the count of identifies could not be stored: {error}");
        }
    }
}

/// The fact that holds the refused requests of the last ten minutes, as `<unix second>:<count>,…`.
const REFUSALS: &str = "discord.refusals";
/// Refusals are gathered for so long before they are stored.
const GATHER: Duration = Duration::from_secs(1);

/// Tells the sender what an earlier process was refused: Discord bans an address, not a process.
pub(super) async fn recall_refusals(queue: &Queue, sender: &Sender, clock: &dyn Clock) {
    let stored = match queue.fact(REFUSALS).await {
        Ok(stored) => stored.unwrap_or_default(),
        Err(error) => return tracing::warn!(%error, "the count of refused requests could not be read: {error}"),
    };
    let now = clock.now().timestamp();
    let read = |part: &str| {
        let (second, count) = part.split_once(':')?;
        let ago = u64::try_from(now - second.parse::<i64>().ok()?).unwrap_or(0);
        Some((Duration::from_secs(ago), count.parse().ok()?))
    };
    sender.recall_refusals(&stored.split(',').filter_map(read).collect::<Vec<_>>());
}

/// Stores what is refused, until `soft`.
pub(super) async fn keep_refusals(queue: Queue, sender: Arc<Sender>, clock: Arc<dyn Clock>, soft: CancellationToken) {
    loop {
        tokio::select! {
            () = soft.cancelled() => return,
            () = sender.refused_again() => {}
        }
        tokio::select! {
            () = soft.cancelled() => {}
            () = tokio::time::sleep(GATHER) => {}
        }
        let now = clock.now().timestamp();
        let second = |ago: Duration| now.saturating_sub(i64::try_from(ago.as_secs()).unwrap_or(i64::MAX));
        let told: Vec<String> = sender.refusals().into_iter().map(|(ago, count)| format!("{}:{count}", second(ago))).collect();
        if let Err(error) = queue.put_fact(REFUSALS, &told.join(",")).await {
            tracing::warn!(%error, "the count of refused requests could not be stored: {error}");
        }
    }
}
