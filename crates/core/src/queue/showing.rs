//! How much each channel shows of its tasks: the configuration's word, unless somebody has set another for the channel.

use super::{Queue, QueueError, Rules};
use crate::{
    domain::{id::ChannelId, showing::Showing},
    ports::{
        rows::{Look, RowsError},
        store::Urgency,
    },
};

impl Queue {
    /// How much a channel shows of its tasks.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn showing(&self, channel: ChannelId) -> Result<Showing, QueueError> {
        let rules = self.rules.clone();
        self.read(move |look| of(look, &rules, channel)).await
    }

    /// Sets how much a channel shows of the tasks that are accepted from now on.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn show_in(&self, channel: ChannelId, showing: Showing) -> Result<(), QueueError> {
        let told = serde_json::to_string(&showing).unwrap_or_default();
        self.write(Urgency::Usual, move |rows| Ok(rows.put_fact(&fact(channel), &told)?)).await
    }
}

/// How much a channel shows. What can't be read (a later version may have written it) is as if it were not there.
pub(super) fn of(look: &(impl Look + ?Sized), rules: &Rules, channel: ChannelId) -> Result<Showing, RowsError> {
    let set = look.fact(&fact(channel))?.and_then(|told| serde_json::from_str(&told).ok());
    Ok(set.unwrap_or(rules.showing))
}

fn fact(channel: ChannelId) -> String {
    format!("showing:{channel}")
}
