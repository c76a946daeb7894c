//! Turns serenity's events into [`Incoming`], and notices those that serenity could not read.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, PoisonError, RwLock, atomic::Ordering::Relaxed},
};

use orchestrator_core::{
    domain::{
        actor::Actor,
        id::{ChannelId, MessageId},
        task::MessageRef,
    },
    ports::chat::{Chat, Heard},
};
use serde_json::Value;
use serenity::{
    async_trait,
    client::{Context, RawEventHandler},
    model::{
        Permissions, Timestamp,
        channel::Reaction,
        event::{Event, UnknownEvent},
        guild::{Guild, Role},
        id::{GuildId, RoleId, UserId},
    },
};
use tokio::sync::{Mutex, mpsc};

use super::{
    health::{Health, Pulse},
    incoming::{About, Incoming, edited, emoji, place, roles, user, written},
};

/// So many deletions and edits are remembered, so that what was said before them is not heard after them.
const REMEMBERED: usize = 1_024;
/// Kinds of events that matter here: not being able to read one of these is worth a line.
const OUR_KINDS: [&str; 11] = [
    "READY",
    "RESUMED",
    "GUILD_CREATE",
    "GUILD_ROLE_UPDATE",
    "MESSAGE_CREATE",
    "MESSAGE_UPDATE",
    "MESSAGE_DELETE",
    "MESSAGE_DELETE_BULK",
    "MESSAGE_REACTION_ADD",
    "MESSAGE_REACTION_REMOVE",
    "INTERACTION_CREATE",
];

/// Hears everything.
pub(super) struct Hearing {
    /// Locked while one thing is passed on: serenity runs a task per event, so that they overtake each other.
    order: Mutex<Order>,
    sink: mpsc::Sender<Incoming>,
    chat: Arc<dyn Chat>,
    our_bots: Vec<UserId>,
    guilds: RwLock<HashMap<GuildId, Rulers>>,
    health: Arc<Health>,
    pulse: RwLock<Arc<Pulse>>,
}

#[derive(Default)]
struct Order {
    gone: VecDeque<MessageId>,
    edited: VecDeque<(MessageId, Option<Timestamp>)>,
    sessions: u64,
    us: Option<UserId>,
}

/// Who may do everything in a server.
struct Rulers {
    name: String,
    owner: UserId,
    roles: Vec<RoleId>,
}

impl Hearing {
    pub(super) fn new(sink: mpsc::Sender<Incoming>, chat: Arc<dyn Chat>, our_bots: Vec<UserId>, health: Arc<Health>) -> Self {
        Self {
            order: Mutex::default(),
            sink,
            chat,
            our_bots,
            guilds: RwLock::default(),
            health,
            pulse: RwLock::new(Arc::new(Pulse::new())),
        }
    }

    /// From now on this is the pulse of the connection.
    pub(super) fn watches(&self, pulse: Arc<Pulse>) {
        *self.pulse.write().unwrap_or_else(PoisonError::into_inner) = pulse;
    }

    async fn hear(&self, event: Event) {
        match event {
            Event::Ready(ready) => {
                self.established();
                self.health.sessions.fetch_add(1, Relaxed);
                let mut order = self.order.lock().await;
                order.us = Some(ready.ready.user.id);
                let first = order.sessions == 0;
                order.sessions += 1;
                self.pass_on(Incoming::SessionStarted { first }).await;
            }
            Event::Resumed(_) => {
                self.established();
                self.health.resumes.fetch_add(1, Relaxed);
                let _order = self.order.lock().await;
                self.pass_on(Incoming::Resumed).await;
            }
            Event::GuildCreate(event) => self.guild_seen(&event.guild).await,
            Event::GuildRoleCreate(event) => self.role_seen(&event.role).await,
            Event::GuildRoleUpdate(event) => self.role_seen(&event.role).await,
            Event::MessageCreate(event) => {
                let mut order = self.order.lock().await;
                let heard = self.about(order.us, event.message.guild_id, |told| written(&event.message, told));
                self.message(&mut order, heard).await;
            }
            Event::MessageUpdate(event) => {
                let at = place(event.channel_id, event.id);
                let us = self.order.lock().await.us;
                let whole = match self.about(us, event.guild_id, |told| edited(&event, told)) {
                    Some(whole) => Some(whole),
                    // A part of a message is no basis for anything: the whole is read.
                    None => self.read_back("MESSAGE_UPDATE", at).await,
                };
                if let Some(whole) = whole {
                    let mut order = self.order.lock().await;
                    self.edit(&mut order, whole, event.edited_timestamp).await;
                }
            }
            Event::MessageDelete(event) => self.deleted(vec![place(event.channel_id, event.message_id)]).await,
            Event::MessageDeleteBulk(event) => {
                self.deleted(event.ids.iter().map(|id| place(event.channel_id, *id)).collect()).await;
            }
            Event::ReactionAdd(event) => self.reaction(&event.reaction, true).await,
            Event::ReactionRemove(event) => self.reaction(&event.reaction, false).await,
            Event::Unknown(unknown) => self.not_understood(unknown).await,
            _ => {}
        }
    }

    fn established(&self) {
        self.health.connected.store(true, Relaxed);
        self.pulse().is_established();
    }

    fn pulse(&self) -> Arc<Pulse> {
        Arc::clone(&self.pulse.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn pass_on(&self, incoming: Incoming) {
        // Nobody listens any more only at the end.
        self.sink.send(incoming).await.ok();
    }

    async fn message(&self, order: &mut Order, heard: Heard) {
        let id = heard.at.message;
        if !order.gone.contains(&id) && !order.edited.iter().any(|(edited, _)| *edited == id) {
            self.pass_on(Incoming::Message(heard)).await;
        }
    }

    async fn edit(&self, order: &mut Order, heard: Heard, edited_at: Option<Timestamp>) {
        let id = heard.at.message;
        // What was read back, and so has no time, is the newest there is.
        let outdated = edited_at.is_some() && order.edited.iter().any(|(edited, at)| *edited == id && *at > edited_at);
        if !outdated && !order.gone.contains(&id) {
            order.edited.retain(|(edited, _)| *edited != id);
            remember(&mut order.edited, (id, edited_at));
            self.pass_on(Incoming::Edited(heard)).await;
        }
    }

    async fn deleted(&self, messages: Vec<MessageRef>) {
        let mut order = self.order.lock().await;
        for message in &messages {
            remember(&mut order.gone, message.message);
        }
        self.pass_on(Incoming::Deleted(messages)).await;
    }

    async fn reaction(&self, reaction: &Reaction, added: bool) {
        let Some(by) = reaction.user_id else { return };
        let order = self.order.lock().await;
        let (on, emoji) = (place(reaction.channel_id, reaction.message_id), emoji(&reaction.emoji));
        let ours = order.us == Some(by) || self.our_bots.contains(&by);
        if !added {
            return self.pass_on(Incoming::ReactionRemoved { on, emoji, by: user(by), ours }).await;
        }
        let member = reaction.member.as_ref();
        let held = member.map_or(&[][..], |member| &member.roles);
        let by = Actor::Member {
            user: user(by),
            name: member
                .map_or_else(|| by.to_string(), |member| member.user.global_name.clone().unwrap_or_else(|| member.user.name.clone())),
            roles: roles(held),
            bot: member.is_some_and(|member| member.user.bot),
            administrator: self.may_everything(reaction.guild_id, by, held),
        };
        self.pass_on(Incoming::ReactionAdded { on, emoji, by, ours }).await;
    }

    async fn guild_seen(&self, guild: &Guild) {
        let rulers = Rulers {
            name: guild.name.clone(),
            owner: guild.owner_id,
            roles: guild.roles.values().filter(|role| rules(role)).map(|role| role.id).collect(),
        };
        self.rulers_seen(guild.id, rulers).await;
    }

    async fn role_seen(&self, role: &Role) {
        let known = {
            let guilds = self.guilds.read().unwrap_or_else(PoisonError::into_inner);
            guilds.get(&role.guild_id).map(|known| Rulers { name: known.name.clone(), owner: known.owner, roles: known.roles.clone() })
        };
        let Some(mut rulers) = known else { return };
        if rules(role) == rulers.roles.contains(&role.id) {
            return;
        }
        rulers.roles.retain(|ruling| *ruling != role.id);
        if rules(role) {
            rulers.roles.push(role.id);
        }
        self.rulers_seen(role.guild_id, rulers).await;
    }

    async fn rulers_seen(&self, guild: GuildId, rulers: Rulers) {
        let seen = Incoming::GuildSeen {
            guild: guild.get(),
            name: rulers.name.clone(),
            owner: user(rulers.owner),
            administrators: roles(&rulers.roles),
        };
        self.guilds.write().unwrap_or_else(PoisonError::into_inner).insert(guild, rulers);
        let _order = self.order.lock().await;
        self.pass_on(seen).await;
    }

    fn may_everything(&self, guild: Option<GuildId>, who: UserId, held: &[RoleId]) -> bool {
        let guilds = self.guilds.read().unwrap_or_else(PoisonError::into_inner);
        let rulers = guild.and_then(|guild| guilds.get(&guild));
        rulers.is_some_and(|rulers| rulers.owner == who || rulers.roles.iter().any(|ruling| held.contains(ruling)))
    }

    fn about<T>(&self, us: Option<UserId>, guild: Option<GuildId>, read: impl FnOnce(&About<'_>) -> T) -> T {
        read(&About {
            ours: &|who| us == Some(who) || self.our_bots.contains(&who),
            administrator: &|who, held| self.may_everything(guild, who, held),
        })
    }

    async fn not_understood(&self, event: UnknownEvent) {
        let UnknownEvent { kind, value, .. } = event;
        if !OUR_KINDS.contains(&kind.as_str()) {
            return tracing::debug!(kind, "an event of a kind that does not matter here");
        }
        self.health.not_understood.fetch_add(1, Relaxed);
        tracing::warn!(kind, "the gateway sent a {kind} that could not be read");
        if !kind.starts_with("MESSAGE_") {
            return;
        }
        let Some(channel) = id(&value, "channel_id").map(ChannelId::new) else {
            return self.pass_on(Incoming::Missed { kind, channel: None }).await;
        };
        match (kind.as_str(), id(&value, "id").map(MessageId::new)) {
            ("MESSAGE_CREATE", Some(message)) => {
                if let Some(heard) = self.read_back(&kind, MessageRef { channel, message }).await {
                    let mut order = self.order.lock().await;
                    self.message(&mut order, heard).await;
                }
            }
            ("MESSAGE_UPDATE", Some(message)) => {
                if let Some(heard) = self.read_back(&kind, MessageRef { channel, message }).await {
                    let mut order = self.order.lock().await;
                    self.edit(&mut order, heard, None).await;
                }
            }
            _ => self.pass_on(Incoming::Missed { kind, channel: Some(channel) }).await,
        }
    }

    /// Reads a message that was only half heard; if that fails too, says so.
    async fn read_back(&self, kind: &str, at: MessageRef) -> Option<Heard> {
        match self.chat.message(at).await {
            Ok(heard) => heard,
            Err(error) => {
                tracing::warn!(%error, "message {} could not be read back: {error}", at.message);
                self.pass_on(Incoming::Missed { kind: kind.to_owned(), channel: Some(at.channel) }).await;
                None
            }
        }
    }
}

#[async_trait]
impl RawEventHandler for Hearing {
    async fn raw_event(&self, _: Context, event: Event) {
        self.health.events.fetch_add(1, Relaxed);
        self.pulse().hears();
        self.hear(event).await;
    }
}

fn rules(role: &Role) -> bool {
    role.permissions.contains(Permissions::ADMINISTRATOR)
}

fn id(value: &Value, name: &str) -> Option<u64> {
    let field = &value[name];
    field.as_u64().or_else(|| field.as_str()?.parse().ok()).filter(|id| *id > 0)
}

fn remember<T>(list: &mut VecDeque<T>, what: T) {
    if list.len() >= REMEMBERED {
        list.pop_front();
    }
    list.push_back(what);
}
