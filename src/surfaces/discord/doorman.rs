//! What the gateway heard is brought to the desk, one thing after another, so that nothing overtakes a read-back.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Arc, OnceLock},
    time::Duration,
};

use orchestrator_core::{
    domain::{
        actor::Actor,
        id::{ChannelId, MessageId, UserId},
        retry::Delays,
        task::MessageRef,
    },
    intake::{desk::Desk, hear::Instruction, read_back::ReadBackError},
    ports::chat::{Chat, ChatError},
    queue::QueueError,
};
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, sleep, sleep_until},
};

use super::{Incoming, heeded::Heeded};

/// Between the tries of a read-back that failed.
const READ_BACK_DELAYS: Delays = Delays::new(Duration::from_secs(1), Duration::from_secs(60));

/// After so long without a word the cursors are stored.
const CURSORS: Duration = Duration::from_secs(2);

/// Reactions that are kept while a read-back is owed; more than people put in an outage.
const KEPT: usize = 1_000;

/// A read-back that failed and is to be tried again.
#[derive(Debug)]
struct Owed {
    /// How often it has failed.
    failures: u32,
    /// When it is tried again.
    at: Instant,
    /// Reactions that came meanwhile: the messages on which they stand may not be known yet.
    reactions: Vec<Incoming>,
}

/// Brings what was heard to the desk.
pub struct Doorman {
    desk: Desk,
    chat: Arc<dyn Chat>,
    /// Told when Discord is back: what waits to be said may go.
    back: Arc<dyn Fn() + Send + Sync>,
    /// Rung when somebody wants the channels to be read at once.
    look: Arc<Notify>,
    /// The server of the task channels, once it is known.
    server: Arc<OnceLock<u64>>,
    /// Owners of servers that were seen.
    owners: BTreeMap<u64, UserId>,
    /// The newest message of each channel that was heard since the cursors were last stored. What a crash forgets of it is read back, and
    /// hearing it again changes nothing; so not every message costs a transaction more.
    newest: BTreeMap<ChannelId, MessageId>,
    /// Whether everything before the newest message was heard: only then does the cursor move with live messages.
    caught_up: bool,
    /// Whether some read-back has succeeded.
    was_read: bool,
    /// The read-back that is still to be made, if one has failed. What is written meanwhile is taken all the same.
    owed: Option<Owed>,
    /// Reactions that were obeyed a moment ago.
    heeded: Heeded,
}

impl Doorman {
    /// A doorman for a desk.
    pub fn new(desk: Desk, chat: Arc<dyn Chat>, back: Arc<dyn Fn() + Send + Sync>, look: Arc<Notify>, server: Arc<OnceLock<u64>>) -> Self {
        Self {
            desk,
            chat,
            back,
            look,
            server,
            owners: BTreeMap::new(),
            newest: BTreeMap::new(),
            caught_up: false,
            was_read: false,
            owed: None,
            heeded: Heeded::default(),
        }
    }

    /// Receives until the gateway ends. While a channel's history can't be read, what is written into it is taken all the same, and what was
    /// written before is read as soon as it can be.
    ///
    /// # Errors
    ///
    /// [`ServiceError::TokenRefused`](crate::service::ServiceError::TokenRefused) if the first read-back is refused for the token; nothing else ends it.
    pub async fn receive<E: From<ReadBackError>>(&mut self, mut heard: mpsc::Receiver<Incoming>) -> Result<(), E> {
        loop {
            let again = self.owed.as_ref().map_or_else(Instant::now, |owed| owed.at);
            let incoming = tokio::select! {
                incoming = heard.recv() => incoming,
                () = self.look.notified() => {
                    self.read_back().await?;
                    continue;
                }
                () = sleep_until(again), if self.owed.is_some() => {
                    self.read_back().await?;
                    continue;
                }
                () = sleep(CURSORS), if !self.newest.is_empty() => {
                    self.store_cursors::<E>().await?;
                    continue;
                }
            };
            let Some(incoming) = incoming else { return self.store_cursors().await };
            if let Incoming::SessionStarted { .. } | Incoming::Missed { .. } = incoming {
                (self.back)();
                self.heeded.forget();
                self.read_back().await?;
                continue;
            }
            match (&mut self.owed, &incoming) {
                (Some(owed), Incoming::ReactionAdded { .. } | Incoming::ReactionRemoved { .. }) if owed.reactions.len() < KEPT => {
                    owed.reactions.push(incoming);
                }
                _ => self.take_or_owe(incoming).await?,
            }
        }
    }

    /// Takes what was heard; what the store can't take now is read back later.
    async fn take_or_owe<E: From<ReadBackError>>(&mut self, incoming: Incoming) -> Result<(), E> {
        let Err(error) = self.take(incoming).await else { return Ok(()) };
        tracing::error!(%error, "what was heard could not be taken, and will be read back: {error}");
        self.caught_up = false;
        // The read-back that is owed already will find it too.
        if self.owed.is_some() { Ok(()) } else { self.read_back().await }
    }

    async fn take(&mut self, incoming: Incoming) -> Result<(), QueueError> {
        // Only the owner of the server that is served is an operator; which one that is may be known later than who owns it.
        if let Some(owner) = self.server.get().and_then(|server| self.owners.remove(server)) {
            self.desk.guild_owner(owner);
        }
        match incoming {
            Incoming::Message(heard) => {
                self.desk.hear_live(&heard).await?;
                if self.caught_up && self.serves(heard.at.channel) {
                    let newest = self.newest.entry(heard.at.channel).or_insert(heard.at.message);
                    *newest = heard.at.message.max(*newest);
                }
            }
            Incoming::Edited(heard) => drop(self.desk.edited(&heard).await?),
            Incoming::Deleted(gone) => {
                for at in gone {
                    self.desk.deleted(at).await?;
                }
            }
            Incoming::SessionStarted { .. }
            | Incoming::Missed { .. }
            | Incoming::ReactionAdded { ours: true, .. }
            | Incoming::ReactionRemoved { ours: true, .. } => {}
            Incoming::ReactionAdded { on, emoji, by, .. } => {
                if let Some(instruction) = Instruction::of(&emoji, true) {
                    self.obey(&by, on, &emoji, instruction).await?;
                }
            }
            Incoming::ReactionRemoved { on, emoji, by, .. } => {
                self.heeded.taken_away(on.message, by, &emoji);
                if let Some(instruction) = Instruction::of(&emoji, false) {
                    // Discord tells no roles here: who holds by role alone releases by `retry`.
                    let by = Actor::Member { user: by, name: by.to_string(), roles: Vec::new(), bot: false, administrator: false };
                    self.desk.reaction(&by, on, instruction).await?;
                }
            }
            Incoming::GuildSeen { guild, owner, .. } => drop(self.owners.insert(guild, owner)),
            Incoming::Resumed => (self.back)(),
        }
        Ok(())
    }

    /// Obeys a reaction that was put, unless it is the echo of one that was obeyed.
    async fn obey(&mut self, by: &Actor, on: MessageRef, emoji: &str, instruction: Instruction) -> Result<(), QueueError> {
        let Some(user) = by.user() else { return self.desk.reaction(by, on, instruction).await };
        if self.heeded.is_echo(on.message, user, emoji, Instant::now()) {
            tracing::debug!("{emoji} of {user} on {} was told again: it asks for nothing more", on.message);
            return Ok(());
        }
        self.desk.reaction(by, on, instruction).await?;
        self.heeded.heed(on.message, user, emoji, Instant::now());
        Ok(())
    }

    /// Reads back. If that fails, it is owed and tried again later.
    async fn read_back<E: From<ReadBackError>>(&mut self) -> Result<(), E> {
        match self.desk.read_back(self.chat.as_ref()).await {
            Ok(found) => {
                tracing::info!("read {} messages back, {} new tasks among them", found.read, found.tasks);
                (self.caught_up, self.was_read) = (true, true);
                self.newest.clear();
                for reaction in self.owed.take().map(|owed| owed.reactions).unwrap_or_default() {
                    if let Err(error) = self.take(reaction).await {
                        tracing::error!(%error, "a reaction could not be obeyed: {error}");
                    }
                }
                Ok(())
            }
            Err(error @ ReadBackError::Chat { source: ChatError::Unauthorized, .. }) if !self.was_read => Err(error.into()),
            Err(error) => {
                // What is heard from now on may lie beyond a gap.
                self.caught_up = false;
                let before = self.owed.take();
                let failures = before.as_ref().map_or(0, |owed| owed.failures) + 1;
                let delay = READ_BACK_DELAYS.before(failures);
                tracing::warn!(%error, "{error}; tried again in {} s", delay.as_secs());
                let reactions = before.map(|owed| owed.reactions).unwrap_or_default();
                self.owed = Some(Owed { failures, at: Instant::now() + delay, reactions });
                Ok(())
            }
        }
    }

    fn serves(&self, channel: ChannelId) -> bool {
        self.desk.rules().task_channels.contains(&channel)
    }

    /// Stores how far each channel was heard. That it could not is no loss: more is read back then.
    async fn store_cursors<E>(&mut self) -> Result<(), E> {
        for (channel, message) in mem::take(&mut self.newest) {
            if let Err(error) = self.desk.heard_up_to(channel, message).await {
                tracing::warn!(%error, "how far channel {channel} was heard could not be stored: {error}");
            }
        }
        Ok(())
    }
}
