//! What is heard over the gateway, in our own words.

use chrono::{DateTime, Utc};
use orchestrator_core::{
    domain::{
        actor::Actor,
        id::{ChannelId, MessageId, RoleId, UserId},
        task::{Attachment, MessageRef},
    },
    ports::chat::Heard,
};
use serenity::model::{
    channel::{Embed, Message, MessageReaction, MessageReference, MessageType, ReactionType},
    event::MessageUpdateEvent,
    guild::PartialMember,
    id as serenity_id,
    user::User,
};

/// Something that happened in Discord.
///
/// Order: what concerns one message comes in an order that makes sense (nothing of a message after its deletion, no older text after a newer
/// one). Otherwise two things that happened within a moment may come the other way round. The same thing may come twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A message was written.
    Message(Heard),
    /// A message has another text, or other embeds, now. Its writing may not have been heard.
    Edited(Heard),
    /// Messages are gone.
    Deleted(Vec<MessageRef>),
    /// Somebody put a reaction.
    ReactionAdded {
        /// On which message.
        on: MessageRef,
        /// Which.
        emoji: String,
        /// Who did.
        by: Actor,
        /// Whether it was one of our own bots.
        ours: bool,
    },
    /// A reaction was taken away.
    ReactionRemoved {
        /// From which message.
        on: MessageRef,
        /// Which.
        emoji: String,
        /// Whose it was.
        by: UserId,
        /// Whether it was one of our own bots'.
        ours: bool,
    },
    /// A new session has begun: whatever happened between the last one and this was not heard and must be read back.
    SessionStarted {
        /// Whether it is the first since the program began.
        first: bool,
    },
    /// A session goes on; what happened meanwhile has been heard.
    Resumed,
    /// A server is there.
    GuildSeen {
        /// Discord's id of it.
        guild: u64,
        /// What it is called.
        name: String,
        /// Whose it is.
        owner: UserId,
        /// The roles that may do everything.
        administrators: Vec<RoleId>,
    },
    /// Something was said that could not be understood, nor read back: the channel, or all of them, must be read back.
    Missed {
        /// What kind of event it was.
        kind: String,
        /// In which channel, if so much could be read.
        channel: Option<ChannelId>,
    },
}

/// A message's place.
pub(super) fn place(channel: serenity_id::ChannelId, message: serenity_id::MessageId) -> MessageRef {
    MessageRef { channel: ChannelId::new(channel.get()), message: MessageId::new(message.get()) }
}

/// A user as the stages know it.
pub(super) fn user(id: serenity_id::UserId) -> UserId {
    UserId::new(id.get())
}

/// Roles as the stages know them.
pub(super) fn roles(roles: &[serenity_id::RoleId]) -> Vec<RoleId> {
    roles.iter().map(|role| RoleId::new(role.get())).collect()
}

/// An emoji as it is shown, and as it is given back when a reaction is put.
pub(super) fn emoji(reaction: &ReactionType) -> String {
    match reaction {
        ReactionType::Unicode(emoji) => emoji.clone(),
        ReactionType::Custom { id, name, .. } => format!("<:{}:{id}>", name.as_deref().unwrap_or_default()),
        // More kinds may come; none of them is one of ours.
        _ => String::new(),
    }
}

/// A new message.
pub(super) fn written(message: &Message, told: &About<'_>) -> Heard {
    Heard {
        at: place(message.channel_id, message.id),
        author: author(&message.author, message.member.as_deref(), message.webhook_id.is_some(), told),
        ours: (told.ours)(message.author.id),
        content: message.content.clone(),
        embeds: message.embeds.iter().map(embed_text).collect(),
        attachments: attachments(&message.attachments),
        our_reactions: our_reactions(&message.reactions),
        reply_to: message.message_reference.as_ref().and_then(answered),
        written_at: time(message.timestamp),
        is_speech: is_speech(message.kind),
    }
}

/// A changed message, if Discord has sent all of it, as it now does.
pub(super) fn edited(update: &MessageUpdateEvent, told: &About<'_>) -> Option<Heard> {
    let (by, content, written_at) = (update.author.as_ref()?, update.content.clone()?, update.timestamp?);
    let member = update.member.as_ref().and_then(Option::as_deref);
    Some(Heard {
        at: place(update.channel_id, update.id),
        author: author(by, member, update.webhook_id.flatten().is_some(), told),
        ours: (told.ours)(by.id),
        content,
        embeds: update.embeds.as_deref()?.iter().map(embed_text).collect(),
        attachments: attachments(update.attachments.as_deref()?),
        our_reactions: our_reactions(update.reactions.as_deref().unwrap_or_default()),
        reply_to: update.message_reference.as_ref().and_then(Option::as_ref).and_then(answered),
        written_at: time(written_at),
        is_speech: is_speech(update.kind.unwrap_or_default()),
    })
}

fn answered(reference: &MessageReference) -> Option<MessageId> {
    reference.message_id.map(|message| MessageId::new(message.get()))
}

/// What is known about the speakers beside their message.
pub(super) struct About<'a> {
    pub(super) ours: &'a dyn Fn(serenity_id::UserId) -> bool,
    pub(super) administrator: &'a dyn Fn(serenity_id::UserId, &[serenity_id::RoleId]) -> bool,
}

fn author(by: &User, member: Option<&PartialMember>, webhook: bool, told: &About<'_>) -> Actor {
    let held = member.map_or(&[][..], |member| &member.roles);
    Actor::Member {
        user: user(by.id),
        name: by.global_name.clone().filter(|name| !name.is_empty()).unwrap_or_else(|| by.name.clone()),
        roles: roles(held),
        bot: by.bot || webhook,
        administrator: (told.administrator)(by.id, held),
    }
}

fn attachments(files: &[serenity::model::channel::Attachment]) -> Vec<Attachment> {
    files.iter().map(|file| Attachment { name: file.filename.clone(), url: file.url.clone(), size: u64::from(file.size) }).collect()
}

fn our_reactions(reactions: &[MessageReaction]) -> Vec<String> {
    reactions.iter().filter(|reaction| reaction.me).map(|reaction| emoji(&reaction.reaction_type)).collect()
}

fn embed_text(embed: &Embed) -> String {
    let fields = embed.fields.iter().flat_map(|field| [field.name.as_str(), field.value.as_str()]);
    let head = [embed.title.as_deref(), embed.description.as_deref()].into_iter().flatten();
    let parts = head.chain(fields).chain(embed.footer.as_ref().map(|footer| footer.text.as_str()));
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

fn is_speech(kind: MessageType) -> bool {
    matches!(kind, MessageType::Regular | MessageType::InlineReply | MessageType::ChatInputCommand | MessageType::ContextMenuCommand)
}

fn time(timestamp: serenity::model::Timestamp) -> DateTime<Utc> {
    *timestamp
}
