//! A channel of Discord's in memory, and a desk that listens to it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use orchestrator_core::{
    domain::{
        actor::Actor,
        id::{ChannelId, MessageId, ParcelId, UserId},
        model::{Catalogue, ModelId},
        outbound::{Address, Post},
        task::{Attachment, MessageRef, Priority},
    },
    intake::{
        admit::Policy,
        desk::{Desk, DeskRules, Priorities},
    },
    ports::{
        chat::{Chat, ChatError, From, Heard},
        clock::Clock,
    },
};

use crate::support::{TASKS, World, agent, message, priority};

/// The messages of all channels, as Discord keeps them.
#[derive(Debug, Default)]
pub(crate) struct Room {
    messages: Mutex<BTreeMap<MessageId, Heard>>,
    /// Pages read so far.
    pub(crate) pages: AtomicU32,
    /// A channel that answers with an error.
    pub(crate) broken: Mutex<Option<(ChannelId, ChatError)>>,
    /// Whether the bot may see the channels, but not their history: Discord shows them as empty.
    pub(crate) shows_no_history: Mutex<bool>,
}

impl Room {
    /// Somebody says something.
    pub(crate) fn says(&self, heard: &Heard) {
        self.all().insert(heard.at.message, heard.clone());
    }

    pub(crate) fn deletes(&self, message: u64) {
        self.all().remove(&MessageId::new(message));
    }

    fn all(&self) -> std::sync::MutexGuard<'_, BTreeMap<MessageId, Heard>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fails(&self, channel: ChannelId) -> Result<(), ChatError> {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        broken.as_ref().filter(|(at, _)| *at == channel).map_or(Ok(()), |(_, error)| Err(error.clone()))
    }
}

#[async_trait]
impl Chat for Room {
    async fn post(&self, _to: Address, _parcel: &ParcelId, _post: Post) -> Result<MessageRef, ChatError> {
        panic!("the desk posts nothing")
    }

    async fn edit(&self, _at: MessageRef, _post: &Post) -> Result<(), ChatError> {
        panic!("the desk changes nothing")
    }

    async fn start_thread(&self, _on: MessageRef, _name: &str) -> Result<(), ChatError> {
        panic!("the desk starts no thread")
    }

    async fn react(&self, _on: MessageRef, _emoji: &str) -> Result<(), ChatError> {
        panic!("the desk puts no reaction")
    }

    async fn unreact(&self, _on: MessageRef, _emoji: &str) -> Result<(), ChatError> {
        panic!("the desk takes no reaction away")
    }

    async fn history(&self, channel: ChannelId, from: From, limit: u8) -> Result<Vec<Heard>, ChatError> {
        self.pages.fetch_add(1, Ordering::SeqCst);
        self.fails(channel)?;
        if *self.shows_no_history.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok(vec![]);
        }
        let here: Vec<Heard> = self.all().values().filter(|heard| heard.at.channel == channel).cloned().collect();
        let limit = usize::from(limit);
        let newest = |of: Vec<Heard>| of[of.len().saturating_sub(limit)..].to_vec();
        Ok(match from {
            From::After(last) => here.into_iter().filter(|heard| heard.at.message > last).take(limit).collect(),
            From::Before(first) => newest(here.into_iter().filter(|heard| heard.at.message < first).collect()),
            From::End => newest(here),
        })
    }

    async fn message(&self, at: MessageRef) -> Result<Option<Heard>, ChatError> {
        self.fails(at.channel)?;
        if *self.shows_no_history.lock().unwrap_or_else(PoisonError::into_inner) {
            return Err(ChatError::Forbidden { code: 50_013, message: "Missing Permissions".to_owned() });
        }
        Ok(self.all().get(&at.message).cloned())
    }

    async fn fetch(&self, _attachment: &Attachment, _limit: u64) -> Result<Vec<u8>, ChatError> {
        panic!("the desk fetches nothing")
    }

    fn link(&self, at: MessageRef) -> String {
        format!("https://discord.com/channels/1/{}/{}", at.channel, at.message)
    }
}

/// A person.
pub(crate) fn person(user: u64) -> Actor {
    Actor::Member { user: UserId::new(user), name: format!("user {user}"), roles: vec![], bot: false, administrator: false }
}

/// Another bot, or a webhook.
pub(crate) fn bot(user: u64) -> Actor {
    Actor::Member { user: UserId::new(user), name: format!("bot {user}"), roles: vec![], bot: true, administrator: false }
}

impl World {
    /// What person 1 says now, as message `id`.
    pub(crate) fn heard(&self, id: u64, text: &str) -> Heard {
        Heard {
            at: message(id),
            author: person(1),
            ours: false,
            content: text.to_owned(),
            embeds: vec![],
            attachments: vec![],
            our_reactions: vec![],
            reply_to: None,
            written_at: self.clock.now(),
            is_speech: true,
        }
    }

    /// A desk before this world's queue, where every person may submit.
    pub(crate) fn desk(&self) -> Desk {
        self.desk_by(Policy::default())
    }

    pub(crate) fn desk_by(&self, policy: Policy) -> Desk {
        let mut catalogue = Catalogue::default();
        catalogue.add(&ModelId("openrouter/stepfun/step-3.5-flash:free".to_owned()), Some("cheap".to_owned()), None);
        let rules = DeskRules {
            catalogue,
            agents: vec![agent("x"), agent("y")],
            own_models: std::collections::BTreeMap::new(),
            default_agent: agent("x"),
            time_limit: None,
            max_time_limit: Duration::from_secs(3_600),
            priorities: Priorities { everyone: priority(500), operators: Priority::MAX, roles: BTreeMap::new() },
            budget: None,
            max_budget: None,
            checks: BTreeMap::new(),
            attempts: 1,
            text_limit: 100_000,
            task_channels: vec![ChannelId::new(TASKS), ChannelId::new(TASKS + 1)],
            ask_after: Duration::from_secs(24 * 3_600),
        };
        Desk::new(self.queue.clone(), Arc::clone(&self.clock) as Arc<dyn Clock>, rules, policy)
    }
}
