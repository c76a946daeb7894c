//! Reading a channel back: what was said, edited and deleted while nobody listened.

use std::{borrow::Cow, collections::BTreeMap};

use super::desk::Desk;
use super::hear::Heed;
use crate::{
    domain::{
        actor::Actor,
        id::{ChannelId, MessageId, RoleId, UserId},
        lease::Fence,
        task::{MessageRef, Origin},
    },
    ports::{
        chat::{Chat, ChatError, From, Heard, Remedy},
        rows::TaskFilter,
    },
    queue::{
        QueueError,
        marks::{CLAIMED, REFUSED},
    },
    wording::{age, alerts},
};

/// Messages in one page. Source: Discord developer documentation, "Get Channel Messages", parameter `limit`.
pub(super) const PAGE: u8 = 100;
/// How far back a channel is read that was never read before.
const FIRST_PAGES: usize = 20;
/// Old messages that are asked about when a channel is read for the first time: the newest of them.
const ASKED_AT_FIRST: usize = 10;
/// How far behind the cursor a channel is read again, in milliseconds: live messages may be heard in another order than they were written,
/// so that one just before the cursor may not have been heard when the process was killed.
pub(super) const OVERLAP_MS: u64 = 60_000;
/// Waiting tasks whose messages are looked at again: so many that are next, and so many that came last.
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
    /// Messages read that are new.
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

/// The fact that holds why Discord refuses to show a channel.
fn refused_fact(channel: ChannelId) -> String {
    format!("unreadable:{channel}")
}

impl Desk {
    /// Reads all task channels from where they were last heard (or, the first time, a bounded way back), oldest first, and looks at the
    /// messages of waiting tasks again. A channel that can't be read does not keep the others from being read; one that Discord refuses to
    /// show is named to the operator, once, and is no error as long as another is shown.
    ///
    /// # Errors
    ///
    /// [`ReadBackError`], the first of them.
    pub async fn read_back(&self, chat: &dyn Chat) -> Result<Found, ReadBackError> {
        let mut found = Found::default();
        self.owe_threads().await?;
        let mut unclaimed = self.unclaimed().await?;
        let (mut first_error, mut refused) = (None, Vec::new());
        for channel in self.rules.task_channels.clone() {
            let read = self.read_channel(chat, channel, unclaimed.remove(&channel).unwrap_or_default(), &mut found).await;
            match read {
                Ok(()) => self.queue.put_fact(&refused_fact(channel), "").await?,
                Err(ReadBackError::Chat { source, .. }) if source.remedy() == Remedy::Never => refused.push((channel, source)),
                Err(error @ ReadBackError::Chat { .. }) => drop(first_error.get_or_insert(error)),
                Err(error @ ReadBackError::Queue(_)) => return Err(error),
            }
        }
        match self.read_threads(chat).await {
            Err(error @ ReadBackError::Chat { .. }) => drop(first_error.get_or_insert(error)),
            read => read?,
        }
        for (channel, error) in &refused {
            let told = self.queue.fact(&refused_fact(*channel)).await?.is_some_and(|error| !error.is_empty());
            if !told {
                self.queue.put_fact(&refused_fact(*channel), &error.to_string()).await?;
                self.queue.tell_operator(alerts::channel_refused(*channel, &error.to_string())).await?;
            }
        }
        if refused.len() == self.rules.task_channels.len() {
            first_error = refused.into_iter().next().map(|(channel, source)| ReadBackError::Chat { channel, source });
        }
        first_error.map_or(Ok(found), Err)
    }

    /// Everything up to this message has been heard.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn heard_up_to(&self, channel: ChannelId, message: MessageId) -> Result<(), QueueError> {
        self.queue.put_fact(&cursor_fact(channel), &message.to_string()).await
    }

    async fn read_channel(
        &self,
        chat: &dyn Chat,
        channel: ChannelId,
        unclaimed: BTreeMap<MessageId, MessageRef>,
        found: &mut Found,
    ) -> Result<(), ReadBackError> {
        self.look_again(chat, channel, unclaimed).await?;
        let cursor = self.queue.fact(&cursor_fact(channel)).await?.and_then(|id| id.parse::<MessageId>().ok());
        let Some(cursor) = cursor else { return self.read_first(chat, channel, found).await };
        // The upper bits of an id are the time in milliseconds. Source: Discord developer documentation, "Reference", "Snowflakes".
        let mut last = MessageId::new(cursor.get().saturating_sub(OVERLAP_MS << 22).max(1));
        loop {
            let page = history(chat, channel, From::After(last)).await?;
            // What is old and before the cursor was asked about, or deliberately not.
            let settled = |heard: &Heard| heard.at.message <= cursor && self.is_old(heard);
            found.read += page.iter().filter(|heard| heard.at.message > cursor).count();
            self.hear_all(chat, page.iter().filter(|heard| !settled(heard)), found).await?;
            let Some(newest) = page.last() else { return Ok(()) };
            last = newest.at.message;
            self.heard_up_to(channel, last).await?;
            if page.len() < usize::from(PAGE) {
                return Ok(());
            }
        }
    }

    /// A channel that was never read: what waits in it is taken, but nobody is asked about all that was ever said there.
    async fn read_first(&self, chat: &dyn Chat, channel: ChannelId, found: &mut Found) -> Result<(), ReadBackError> {
        let (mut pages, mut from) = (Vec::new(), From::End);
        while pages.len() < FIRST_PAGES {
            let page = history(chat, channel, from).await?;
            let Some(oldest) = page.first() else { break };
            from = From::Before(oldest.at.message);
            let short = page.len() < usize::from(PAGE);
            pages.push(page);
            if short {
                break;
            }
        }
        let is_old = |heard: &Heard| {
            let unsigned = !heard.our_reactions.iter().any(|emoji| emoji == CLAIMED || emoji == REFUSED);
            unsigned && heard.is_speech && !heard.ours && self.is_old(heard)
        };
        let old: Vec<_> = pages.iter().rev().flatten().filter(|heard| is_old(heard)).map(|heard| heard.at.message).collect();
        let left_alone = old.len().saturating_sub(ASKED_AT_FIRST);
        let from_here = old.get(left_alone).copied();
        for page in pages.iter().rev() {
            let taken: Vec<_> =
                page.iter().filter(|heard| !is_old(heard) || from_here.is_some_and(|from| heard.at.message >= from)).collect();
            found.read += taken.len();
            self.hear_all(chat, taken, found).await?;
            if let Some(newest) = page.last() {
                self.heard_up_to(channel, newest.at.message).await?;
            }
        }
        if left_alone > 0 {
            self.queue.tell_operator(age::left_alone(channel, left_alone)).await?;
        }
        Ok(())
    }

    /// Whether a message is so old that it would be asked about.
    fn is_old(&self, heard: &Heard) -> bool {
        self.clock.now() - heard.written_at > chrono::Duration::from_std(self.rules.ask_after).unwrap_or(chrono::Duration::MAX)
    }

    async fn hear_all(&self, chat: &dyn Chat, page: impl IntoIterator<Item = &Heard>, found: &mut Found) -> Result<(), ReadBackError> {
        let mut members = BTreeMap::new();
        for heard in page {
            let heard = self.with_roles(chat, heard, &mut members).await?;
            match self.hear(&heard).await? {
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

    /// A message that was read, with its author's roles where they matter and Discord has not told them with it.
    async fn with_roles<'a>(
        &self,
        chat: &dyn Chat,
        heard: &'a Heard,
        members: &mut BTreeMap<UserId, Option<Vec<RoleId>>>,
    ) -> Result<Cow<'a, Heard>, ReadBackError> {
        let Actor::Member { user, roles, bot: false, .. } = &heard.author else { return Ok(Cow::Borrowed(heard)) };
        if !roles.is_empty() || !self.asks_for_roles() {
            return Ok(Cow::Borrowed(heard));
        }
        if !members.contains_key(user) {
            let roles = chat.roles(*user).await.map_err(|source| ReadBackError::Chat { channel: heard.at.channel, source })?;
            members.insert(*user, roles);
        }
        let Some(known) = members.get(user).cloned().flatten() else { return Ok(Cow::Borrowed(heard)) };
        let mut heard = heard.clone();
        if let Actor::Member { roles, .. } = &mut heard.author {
            *roles = known;
        }
        Ok(Cow::Owned(heard))
    }

    /// The messages of tasks that were never claimed, held ones and those that are asked about included, by channel.
    async fn unclaimed(&self) -> Result<BTreeMap<ChannelId, BTreeMap<MessageId, MessageRef>>, QueueError> {
        let open = TaskFilter { open: Some(true), limit: LOOKED_AT_AGAIN, ..TaskFilter::default() };
        let next = self.queue.waiting(LOOKED_AT_AGAIN).await?;
        let newest = self.queue.list(open).await?;
        let mut unclaimed: BTreeMap<ChannelId, BTreeMap<MessageId, MessageRef>> = BTreeMap::new();
        for view in next.into_iter().chain(newest) {
            if let (Origin::Message(at), Fence(0)) = (view.row.task.origin, view.step.fence) {
                unclaimed.entry(at.channel).or_default().insert(at.message, at);
            }
        }
        Ok(unclaimed)
    }

    /// Unclaimed tasks whose messages were edited or deleted meanwhile.
    async fn look_again(
        &self,
        chat: &dyn Chat,
        channel: ChannelId,
        mut unclaimed: BTreeMap<MessageId, MessageRef>,
    ) -> Result<(), ReadBackError> {
        while let Some((first, _)) = unclaimed.first_key_value() {
            // One page often holds many of them.
            let page = history(chat, channel, From::After(MessageId::new(first.get().saturating_sub(1).max(1)))).await?;
            let end = if page.len() < usize::from(PAGE) { None } else { page.last().map(|heard| heard.at.message) };
            for heard in &page {
                if unclaimed.remove(&heard.at.message).is_some() {
                    self.edited(heard).await?;
                }
            }
            let missing: Vec<_> = unclaimed.iter().filter(|(id, _)| end.is_none_or(|end| **id <= end)).map(|(_, at)| *at).collect();
            for at in missing {
                unclaimed.remove(&at.message);
                // Without the permission to read its history Discord shows a channel as empty: only a message asked for by name is surely gone.
                match chat.message(at).await {
                    Ok(Some(heard)) => drop(self.edited(&heard).await?),
                    Ok(None) => self.deleted(at).await?,
                    Err(error) if error.remedy() == Remedy::Never => {
                        tracing::warn!(message.id = %at.message, %error, "waiting messages can't be looked at again: {error}");
                        return Ok(());
                    }
                    Err(source) => return Err(ReadBackError::Chat { channel, source }),
                }
            }
        }
        Ok(())
    }
}

pub(super) async fn history(chat: &dyn Chat, channel: ChannelId, from: From) -> Result<Vec<Heard>, ReadBackError> {
    chat.history(channel, from, PAGE).await.map_err(|source| ReadBackError::Chat { channel, source })
}
