//! The world: guilds with their channels and messages, people and bots, and every rule about who may do what in it.
//!
//! Comes in: checked drafts and the time. Goes out: events, and refusals in Discord's words. It knows nothing of HTTP, sockets or the page.

mod answering;
mod chance;
mod channels;
mod chosen;
mod command_permissions;
mod commands;
mod deleting;
mod direct;
pub(crate) mod draft;
pub mod emoji;
pub(crate) mod event;
mod file_options;
mod files;
mod founding;
pub mod guild;
mod interacting;
pub mod interaction;
mod members;
mod mention;
pub mod message;
pub mod people;
pub mod permission;
mod pinning;
mod posting;
mod reacting;
mod roles;
pub mod snowflake;
pub mod thread;
mod thread_changes;
mod thread_members;
mod threads;
pub mod webhook;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::{
    command_permissions::CommandPermissions,
    commands::CommandMade,
    event::Event,
    guild::{Channel, ChannelKind, Guild, Role},
    interaction::{Deadlines, Interaction},
    message::{Attachment, Message},
    people::{Application, User},
    snowflake::{Mint, Snowflake},
    webhook::Webhook,
};
use crate::refusal::Refusal;

pub use self::founding::{Standing, WorldSeed};
pub(crate) use self::{
    answering::FirstAnswer,
    chance::{Chance, base64_url},
    command_permissions::{Exception, ExceptionKind},
    commands::Scope,
    founding::BOT_PERMISSIONS,
};

/// Everything that is the case. Read it; it is changed through requests.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct World {
    mint: Mint,
    chance: Chance,
    guilds: BTreeMap<Snowflake, Guild>,
    users: BTreeMap<Snowflake, User>,
    applications: BTreeMap<Snowflake, Application>,
    channels: BTreeMap<Snowflake, Channel>,
    messages: BTreeMap<Snowflake, BTreeMap<Snowflake, Message>>,
    /// Registered commands, as on the wire.
    commands: BTreeMap<Snowflake, Value>,
    /// Who may use which command, where a guild has said so.
    #[serde(default)]
    command_permissions: Vec<CommandPermissions>,
    /// Which commands were made in the last 24 hours.
    #[serde(default)]
    commands_made: Vec<CommandMade>,
    interactions: BTreeMap<Snowflake, Interaction>,
    #[serde(default)]
    webhooks: BTreeMap<Snowflake, Webhook>,
    /// What new interactions are given.
    #[serde(default)]
    pub(crate) deadlines: Deadlines,
    /// The bytes of the attachments; kept beside the world's own file.
    #[serde(skip)]
    files: HashMap<Snowflake, Arc<[u8]>>,
    /// What has happened and was not told yet.
    #[serde(skip)]
    events: Vec<Event>,
}

impl World {
    /// The first guild, with which the world began.
    ///
    /// # Panics
    ///
    /// Never: a world is founded with a guild, and none is ever taken away.
    pub fn guild(&self) -> &Guild {
        self.guilds.values().next().expect("a world is founded with a guild")
    }

    /// All guilds, oldest first.
    pub fn guilds(&self) -> impl Iterator<Item = &Guild> {
        self.guilds.values()
    }

    /// A guild by id.
    pub fn guild_by_id(&self, id: Snowflake) -> Option<&Guild> {
        self.guilds.get(&id)
    }

    /// The guild of a channel.
    pub fn guild_of(&self, channel: Snowflake) -> Option<&Guild> {
        self.guilds.get(&self.channels.get(&channel)?.guild?)
    }

    /// The guilds that the user is in, oldest first.
    pub fn guilds_with(&self, user: Snowflake) -> impl Iterator<Item = &Guild> {
        self.guilds.values().filter(move |guild| guild.members.contains_key(&user))
    }

    /// A role by id, whatever guild has it.
    pub fn role(&self, id: Snowflake) -> Option<&Role> {
        self.guilds.values().find_map(|guild| guild.roles.get(&id))
    }

    /// All people and bots.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    /// A user by id.
    pub fn user(&self, id: Snowflake) -> Option<&User> {
        self.users.get(&id)
    }

    /// A user by unique name.
    pub fn user_named(&self, username: &str) -> Option<&User> {
        self.users.values().find(|user| user.username == username)
    }

    /// Who logs in with this token.
    pub(crate) fn user_with_token(&self, token: &str) -> Option<&User> {
        self.users.values().find(|user| user.token == token)
    }

    /// All applications, one for each bot.
    pub fn applications(&self) -> impl Iterator<Item = &Application> {
        self.applications.values()
    }

    /// An application by its id, which is its bot's.
    pub fn application(&self, id: Snowflake) -> Option<&Application> {
        self.applications.get(&id)
    }

    pub(crate) fn application_mut(&mut self, id: Snowflake) -> Option<&mut Application> {
        self.applications.get_mut(&id)
    }

    /// All channels, by id.
    pub fn channels(&self) -> impl Iterator<Item = &Channel> {
        self.channels.values()
    }

    /// A channel by id.
    pub fn channel(&self, id: Snowflake) -> Option<&Channel> {
        self.channels.get(&id)
    }

    /// A channel by name, with or without `#`.
    pub fn channel_named(&self, name: &str) -> Option<&Channel> {
        let name = name.strip_prefix('#').unwrap_or(name);
        self.channels.values().find(|channel| channel.name == name)
    }

    /// The messages of a channel given by name, oldest first, ephemeral ones among them.
    pub fn messages_in(&self, name: &str) -> impl DoubleEndedIterator<Item = &Message> {
        self.channel_named(name).and_then(|channel| self.messages.get(&channel.id)).into_iter().flat_map(BTreeMap::values)
    }

    /// The messages of a channel, oldest first, ephemeral ones among them.
    pub fn messages(&self, channel: Snowflake) -> impl DoubleEndedIterator<Item = &Message> {
        self.messages.get(&channel).into_iter().flat_map(BTreeMap::values)
    }

    /// A message by its channel and id.
    pub fn message(&self, channel: Snowflake, id: Snowflake) -> Option<&Message> {
        self.messages.get(&channel)?.get(&id)
    }

    fn message_mut(&mut self, channel: Snowflake, id: Snowflake) -> Option<&mut Message> {
        self.messages.get_mut(&channel)?.get_mut(&id)
    }

    /// The registered commands, as on the wire.
    pub fn commands(&self) -> impl Iterator<Item = &Value> {
        self.commands.values()
    }

    /// All interactions, oldest first.
    pub fn interactions(&self) -> impl DoubleEndedIterator<Item = &Interaction> {
        self.interactions.values()
    }

    /// An interaction by id.
    pub fn interaction(&self, id: Snowflake) -> Option<&Interaction> {
        self.interactions.get(&id)
    }

    /// The bytes of an attachment.
    pub fn file(&self, attachment: Snowflake) -> Option<Arc<[u8]>> {
        self.files.get(&attachment).cloned()
    }

    /// Puts back the bytes of an attachment of a world that was read from a file.
    pub(crate) fn restore_file(&mut self, attachment: Snowflake, bytes: Vec<u8>) {
        self.files.insert(attachment, bytes.into());
    }

    /// Every attachment of every message and interaction.
    pub(crate) fn attachments(&self) -> impl Iterator<Item = Snowflake> {
        let of_messages = self.messages.values().flat_map(BTreeMap::values).flat_map(|message| &message.attachments);
        of_messages.chain(self.interactions.values().flat_map(|interaction| &interaction.attachments)).map(|attachment| attachment.id)
    }

    /// An attachment of a message in this channel, or of an interaction there.
    pub(crate) fn attachment(&self, channel: Snowflake, id: Snowflake) -> Option<&Attachment> {
        let of_messages = self.messages(channel).flat_map(|message| &message.attachments);
        let of_interactions = self
            .interactions
            .values()
            .filter(|interaction| interaction.channel == channel)
            .flat_map(|interaction| &interaction.attachments);
        of_messages.chain(of_interactions).find(|attachment| attachment.id == id)
    }

    /// What the user may do in the channel.
    pub fn permissions_in(&self, user: Snowflake, channel: &Channel) -> u64 {
        let Some(guild) = channel.guild else {
            return if channel.recipients.contains(&user) { permission::DIRECT } else { 0 };
        };
        let Some(guild) = self.guilds.get(&guild) else { return 0 };
        let Some(thread) = &channel.thread else { return permission::in_channel(guild, channel, user, permission::SEND_MESSAGES) };
        // A thread has no permissions of its own: those of its channel hold.
        let parent = channel.parent.and_then(|parent| self.channels.get(&parent)).unwrap_or(channel);
        let granted = permission::in_channel(guild, parent, user, permission::SEND_MESSAGES_IN_THREADS);
        let is_shut = channel.kind == ChannelKind::PrivateThread && !thread.followers.contains(&user);
        if is_shut && granted & permission::MANAGE_THREADS == 0 { 0 } else { granted }
    }

    /// What the user may do in a guild as a whole.
    pub fn permissions(&self, guild: Snowflake, user: Snowflake) -> u64 {
        self.guilds.get(&guild).map_or(0, |guild| permission::in_guild(guild, user))
    }

    /// Whether the user sees the channel.
    pub(crate) fn sees(&self, user: Snowflake, channel: Snowflake) -> bool {
        self.channels.get(&channel).is_some_and(|channel| self.permissions_in(user, channel) & permission::VIEW_CHANNEL != 0)
    }

    /// The channel, if the user sees it and has all of `needed` there.
    pub(crate) fn channel_for(&self, user: Snowflake, channel: Snowflake, needed: u64) -> Result<&Channel, Refusal> {
        let channel = self.channels.get(&channel).ok_or_else(Refusal::unknown_channel)?;
        let granted = self.permissions_in(user, channel);
        if granted & permission::VIEW_CHANNEL == 0 {
            return Err(Refusal::missing_access());
        }
        if granted & needed == needed { Ok(channel) } else { Err(Refusal::missing_permissions()) }
    }

    /// The guild, if there is one with this id and the user is in it.
    pub(crate) fn guild_for(&self, user: Snowflake, guild: Snowflake) -> Result<&Guild, Refusal> {
        let guild = self.guilds.get(&guild).ok_or_else(Refusal::unknown_guild)?;
        if guild.members.contains_key(&user) { Ok(guild) } else { Err(Refusal::missing_access()) }
    }

    /// The guild, to be changed, if the user is in it and has all of `needed`.
    fn guild_for_change(&mut self, user: Snowflake, guild: Snowflake, needed: u64) -> Result<&mut Guild, Refusal> {
        let granted = permission::in_guild(self.guild_for(user, guild)?, user);
        if granted & needed != needed {
            return Err(Refusal::missing_permissions());
        }
        self.guilds.get_mut(&guild).ok_or_else(Refusal::unknown_guild)
    }

    pub(crate) fn new_id(&mut self, now: DateTime<Utc>) -> Snowflake {
        self.mint.next(now)
    }

    /// A hexadecimal word that nobody guesses by accident.
    pub(crate) fn new_secret(&mut self, length: usize) -> String {
        self.chance.hex(length)
    }

    /// Gives the bot a new token: the old one is void, as after too many IDENTIFYs.
    pub(crate) fn reset_token(&mut self, user: Snowflake, now: DateTime<Utc>) {
        let token = founding::token(&mut self.chance, user, now);
        if let Some(user) = self.users.get_mut(&user) {
            user.token = token;
        }
    }

    fn happened(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Takes what has happened since the last call.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
}
