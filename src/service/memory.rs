//! What the gateway must remember from one process to the next, kept in the store.

use async_trait::async_trait;
use orchestrator_core::queue::Queue;

use crate::surfaces::discord::IdentifyMemory;

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
