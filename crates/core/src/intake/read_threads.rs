//! Reading threads back: what was said in the threads of tasks while nobody listened.

use std::collections::BTreeSet;

use super::{
    desk::Desk,
    read_back::{OVERLAP_MS, PAGE, ReadBackError, cursor_fact, history},
};
use crate::{
    domain::id::{ChannelId, MessageId},
    ports::chat::{Chat, From, Remedy},
    queue::QueueError,
};

/// The fact that holds from where threads are still to be read; empty: nowhere.
const OWED: &str = "cursor:threads";

impl Desk {
    /// Notes from where threads are to be read, before the task channels' own cursors move on: a thread's messages come between theirs, so
    /// what was heard of those was heard of these.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub(super) async fn owe_threads(&self) -> Result<(), QueueError> {
        if self.queue.fact(OWED).await?.is_some_and(|owed| !owed.is_empty()) {
            return Ok(());
        }
        let mut newest: Option<MessageId> = None;
        for channel in &self.rules.task_channels {
            newest = newest.max(self.queue.fact(&cursor_fact(*channel)).await?.and_then(|id| id.parse().ok()));
        }
        // Where nothing is known, all of a thread is read: there are none yet, or few.
        let from = newest.unwrap_or(MessageId::new(1));
        self.queue.put_fact(OWED, &from.to_string()).await
    }

    /// Reads what was said in the threads of tasks since then. Hearing something again changes nothing.
    ///
    /// # Errors
    ///
    /// [`ReadBackError`]: they are read another time.
    pub(super) async fn read_threads(&self, chat: &dyn Chat) -> Result<(), ReadBackError> {
        let owed = self.queue.fact(OWED).await?.and_then(|owed| owed.parse::<MessageId>().ok());
        let (Some(owed), Some(home)) = (owed, self.rules.task_channels.first()) else { return Ok(()) };
        let since = MessageId::new(owed.get().saturating_sub(OVERLAP_MS << 22).max(1));
        let homes: BTreeSet<ChannelId> = self.rules.task_channels.iter().copied().collect();
        let threads = chat.active_threads(*home).await.map_err(|source| ReadBackError::Chat { channel: *home, source })?;
        for thread in threads.into_iter().filter(|thread| homes.contains(&thread.parent) && thread.newest.is_some_and(|last| last > since))
        {
            // A thread has the id of the message that it hangs on.
            if self.queue.task_of_card(MessageId::new(thread.id.get())).await?.is_none() {
                continue;
            }
            match self.read_thread(chat, thread.id, since).await {
                // One that is not shown to us any more keeps no other from being read.
                Err(ReadBackError::Chat { source, .. }) if source.remedy() == Remedy::Never => {}
                read => read?,
            }
        }
        Ok(self.queue.put_fact(OWED, "").await?)
    }

    async fn read_thread(&self, chat: &dyn Chat, thread: ChannelId, mut since: MessageId) -> Result<(), ReadBackError> {
        loop {
            let page = history(chat, thread, From::After(since)).await?;
            for heard in &page {
                self.hear(heard).await?;
            }
            match page.last() {
                Some(last) if page.len() >= usize::from(PAGE) => since = last.at.message,
                _ => return Ok(()),
            }
        }
    }
}
