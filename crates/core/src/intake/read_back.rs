//! Reading a channel back: what was said, edited and deleted while nobody listened.

use std::collections::BTreeMap;

use super::desk::Desk;
use super::hear::Heed;
use crate::{
    domain::{
        id::{ChannelId, MessageId},
        task::Origin,
    },
    ports::chat::{Chat, ChatError, From, Heard},
    queue::QueueError,
};

/// Messages in one page. Source: Discord developer documentation, "Get Channel Messages", parameter `limit`.
const PAGE: u8 = 100;
/// How far back a channel is read that was never read before.
const FIRST_PAGES: usize = 20;
/// Waiting tasks whose messages are looked at again.
const LOOKED_AT_AGAIN: u32 = 500;

/// A channel could not be read back; what was taken so far is taken.
#[derive(Debug, thiserror::Error)]
pub enum ReadBackError {
    /// Discord did not give it.
    #[error("channel {channel} could not be read back: {source}")]
    Chat {
        /// Which channel.
        channel: ChannelId,
        /// Why.
        source: ChatError,
    },
    /// The queue failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// What a read-back found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Messages read.
    pub read: usize,
    /// New tasks among them.
    pub tasks: usize,
    /// Of these, tasks that are asked about because of their age.
    pub asked: usize,
}

/// The fact that holds the newest message of a channel up to which everything was heard.
pub fn cursor_fact(channel: ChannelId) -> String {
    format!("cursor:{channel}")
}

impl Desk {
    /// Reads all task channels from where they were last heard (or, the first time, a bounded way back), oldest first, and looks at the
    /// messages of waiting tasks again.
    ///
    /// # Errors
    ///
    /// [`ReadBackError`].
    pub async fn read_back(&self, chat: &dyn Chat) -> Result<Found, ReadBackError> {
        let mut found = Found::default();
        for channel in self.rules.task_channels.clone() {
            let gave_up = |source| ReadBackError::Chat { channel, source };
            self.look_again(chat, channel).await?;
            let cursor = self.queue.fact(&cursor_fact(channel)).await?.and_then(|id| id.parse::<MessageId>().ok());
            match cursor {
                Some(mut last) => loop {
                    let page = chat.history(channel, From::After(last), PAGE).await.map_err(gave_up)?;
                    self.hear_all(&page, &mut found).await?;
                    let Some(newest) = page.last() else { break };
                    last = newest.at.message;
                    self.queue.put_fact(&cursor_fact(channel), &last.to_string()).await?;
                    if page.len() < usize::from(PAGE) {
                        break;
                    }
                },
                None => {
                    let (mut pages, mut from) = (Vec::new(), From::End);
                    while pages.len() < FIRST_PAGES {
                        let page = chat.history(channel, from, PAGE).await.map_err(gave_up)?;
                        let Some(oldest) = page.first() else { break };
                        from = From::Before(oldest.at.message);
                        let short = page.len() < usize::from(PAGE);
                        pages.push(page);
                        if short {
                            break;
                        }
                    }
                    for page in pages.iter().rev() {
                        self.hear_all(page, &mut found).await?;
                        if let Some(newest) = page.last() {
                            self.queue.put_fact(&cursor_fact(channel), &newest.at.message.to_string()).await?;
                        }
                    }
                }
            }
        }
        Ok(found)
    }

    /// Everything up to this message has been heard.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn heard_up_to(&self, channel: ChannelId, message: MessageId) -> Result<(), QueueError> {
        self.queue.put_fact(&cursor_fact(channel), &message.to_string()).await
    }

    async fn hear_all(&self, page: &[Heard], found: &mut Found) -> Result<(), QueueError> {
        for heard in page {
            found.read += 1;
            match self.hear(heard).await? {
                Heed::Task(_) => found.tasks += 1,
                Heed::Asked(_) => {
                    found.tasks += 1;
                    found.asked += 1;
                }
                Heed::Known(_) | Heed::Refused | Heed::Ignored => {}
            }
        }
        Ok(())
    }

    /// Waiting tasks whose messages were edited or deleted meanwhile.
    async fn look_again(&self, chat: &dyn Chat, channel: ChannelId) -> Result<(), ReadBackError> {
        let gave_up = |source| ReadBackError::Chat { channel, source };
        let mut waiting: BTreeMap<MessageId, _> = BTreeMap::new();
        for view in self.queue.waiting(LOOKED_AT_AGAIN).await? {
            if let Origin::Message(at) = view.row.task.origin
                && at.channel == channel
            {
                waiting.insert(at.message, at);
            }
        }
        // One page often holds many of them: those that it should hold and does not are gone.
        while let Some((first, _)) = waiting.first_key_value().map(|(id, at)| (*id, *at)) {
            let before_it = if first.get() > 1 { MessageId::new(first.get() - 1) } else { first };
            let page = chat.history(channel, From::After(before_it), PAGE).await.map_err(gave_up)?;
            let end = if page.len() < usize::from(PAGE) { None } else { page.last().map(|heard| heard.at.message) };
            for heard in &page {
                if waiting.remove(&heard.at.message).is_some() {
                    self.edited(heard).await?;
                }
            }
            let gone: Vec<_> = waiting.iter().filter(|(id, _)| end.is_none_or(|end| **id <= end)).map(|(id, at)| (*id, *at)).collect();
            for (id, at) in gone {
                waiting.remove(&id);
                self.deleted(at).await?;
            }
        }
        Ok(())
    }
}
