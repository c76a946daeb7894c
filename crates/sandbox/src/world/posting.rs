//! Posting, editing and deleting messages.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::{
    World,
    draft::{Draft, Forward, Reply},
    event::Event,
    files::content_type,
    guild::ChannelKind,
    message::{
        Attachment, COMPONENTS_V2, EPHEMERAL, LOADING, Message, MessageInteraction, MessageKind, MessageWebhook, Reference, SUPPRESS_EMBEDS,
    },
    permission,
    snowflake::Snowflake,
};
use crate::{
    form::{
        self,
        component::{check_references, texts},
        message::MAX_ATTACHMENTS,
    },
    refusal::Refusal,
};

/// How long a nonce with `enforce_nonce` is remembered; the documentation says "the past few minutes".
const NONCE_MEMORY: TimeDelta = TimeDelta::minutes(5);
/// The flags that an author may set: suppress embeds, ephemeral, suppress notifications, components v2.
const SETTABLE: u64 = SUPPRESS_EMBEDS | EPHEMERAL | (1 << 12) | COMPONENTS_V2;

/// How a message comes to be, other than by its author's own request.
#[derive(Debug)]
pub(super) struct Origin {
    /// The id that the message is to have; without one, a new one.
    pub(super) id: Option<Snowflake>,
    pub(super) kind: MessageKind,
    pub(super) only_for: Option<Snowflake>,
    pub(super) interaction: Option<MessageInteraction>,
    pub(super) reply_to: Option<Snowflake>,
    pub(super) loading: bool,
    pub(super) reference: Option<Reference>,
    pub(super) snapshot: Option<Value>,
    pub(super) webhook: Option<MessageWebhook>,
}

impl Origin {
    /// Somebody writes it.
    pub(super) fn ordinary() -> Self {
        Self {
            id: None,
            kind: MessageKind::Default,
            only_for: None,
            interaction: None,
            reply_to: None,
            loading: false,
            reference: None,
            snapshot: None,
            webhook: None,
        }
    }
}

impl World {
    /// Posts a message on a request of `author`.
    pub(crate) fn post(
        &mut self,
        now: DateTime<Utc>,
        author: Snowflake,
        channel: Snowflake,
        mut draft: Draft,
    ) -> Result<Snowflake, Refusal> {
        let granted = self.check_writing(author, channel, &draft)?;
        self.enter_thread(now, author, channel)?;
        if let Some(earlier) = self.same_nonce(now, author, channel, &draft) {
            return Ok(earlier);
        }
        let forwarded = draft.forward.map(|forward| self.forwarded(author, &draft, forward)).transpose()?;
        let reply_to = draft.reply.map(|reply| self.answered(channel, granted, reply)).transpose()?.flatten();
        draft.flags = draft.flags.map(|flags| flags & !EPHEMERAL);
        let kind = if reply_to.is_some() { MessageKind::Reply } else { MessageKind::Default };
        draft.tts &= granted & permission::SEND_TTS_MESSAGES != 0;
        let (reference, snapshot) = forwarded.unzip();
        self.put(now, author, channel, draft, Origin { kind, reply_to, reference, snapshot, ..Origin::ordinary() })
    }

    /// Puts a message into the channel, whoever is behind it; permissions have been looked at.
    pub(super) fn put(
        &mut self,
        now: DateTime<Utc>,
        author: Snowflake,
        channel: Snowflake,
        draft: Draft,
        origin: Origin,
    ) -> Result<Snowflake, Refusal> {
        let granted = self.channels.get(&channel).map_or(0, |channel| self.permissions_in(author, channel));
        let id = origin.id.unwrap_or_else(|| self.new_id(now));
        let mut flags = draft.flags.unwrap_or(0) & SETTABLE;
        flags |= if origin.only_for.is_some() { EPHEMERAL } else { 0 } | if origin.loading { LOADING } else { 0 };
        let allowed = draft.allowed_mentions.unwrap_or_default();
        let content = draft.content.unwrap_or_default();
        let said = spoken(&content, draft.components.as_deref().unwrap_or_default());
        let mut mentions = self.mentions(self.guild_of(channel), &said, &allowed, granted & permission::MENTION_EVERYONE != 0);
        if let Some(answered) = origin.reply_to.and_then(|reply| self.message(channel, reply)) {
            let answered = answered.author;
            if allowed.replied_user && answered != author && !mentions.users.contains(&answered) {
                mentions.users.push(answered);
            }
        }
        let attachments: Vec<_> = draft.files.into_iter().map(|file| self.keep_file(now, file)).collect();
        let message = Message {
            content,
            embeds: draft.embeds.unwrap_or_default(),
            components: draft.components.unwrap_or_default(),
            attachments,
            reply_to: origin.reply_to,
            reference: origin.reference,
            snapshot: origin.snapshot,
            webhook: origin.webhook,
            flags,
            tts: draft.tts,
            mentions: mentions.users,
            mention_roles: mentions.roles,
            mention_everyone: mentions.everyone,
            nonce: draft.nonce,
            only_for: origin.only_for,
            interaction: origin.interaction,
            ..Message::new(id, channel, author, origin.kind)
        };
        let refused = if is_empty(&message) && !origin.loading {
            Some(Refusal::empty_message())
        } else {
            check_references(&message.components, &message.attachments).err()
        };
        if let Some(refusal) = refused {
            self.forget_files(&message.attachments.iter().map(|file| file.id).collect::<Vec<_>>());
            return Err(refusal);
        }
        if message.only_for.is_none() {
            self.count_in_thread(now, channel, id, message.kind);
        }
        self.insert(message);
        Ok(id)
    }

    /// Puts a finished message where it belongs, and tells of it.
    pub(super) fn insert(&mut self, message: Message) {
        let (channel, id) = (message.channel, message.id);
        if message.only_for.is_none()
            && let Some(channel) = self.channels.get_mut(&channel)
        {
            channel.last_message = Some(id);
        }
        self.messages.entry(channel).or_default().insert(id, message);
        self.happened(Event::MessageCreated { channel, message: id });
    }

    /// Changes a message on a request of `editor`.
    pub(crate) fn edit(
        &mut self,
        now: DateTime<Utc>,
        editor: Snowflake,
        channel: Snowflake,
        id: Snowflake,
        draft: Draft,
    ) -> Result<(), Refusal> {
        let granted = self.channel_for(editor, channel, 0).map(|channel| self.permissions_in(editor, channel))?;
        let message = self.message(channel, id).filter(|message| message.only_for.is_none()).ok_or_else(Refusal::unknown_message)?;
        if message.kind.is_system() {
            return Err(Refusal::system_message());
        }
        if message.author != editor {
            let only_hides_embeds = draft.flags.is_some()
                && draft.content.is_none()
                && draft.embeds.is_none()
                && draft.components.is_none()
                && draft.files.is_empty();
            if !only_hides_embeds {
                return Err(Refusal::not_the_author());
            }
            if granted & permission::MANAGE_MESSAGES == 0 {
                return Err(Refusal::missing_permissions());
            }
        }
        self.check_not_archived(channel)?;
        self.change(now, channel, id, draft)
    }

    /// Changes a message; who may has been looked at.
    pub(super) fn change(&mut self, now: DateTime<Utc>, channel: Snowflake, id: Snowflake, draft: Draft) -> Result<(), Refusal> {
        let mut message = self.message(channel, id).cloned().ok_or_else(Refusal::unknown_message)?;
        let granted = self.channels.get(&channel).map_or(0, |channel| self.permissions_in(message.author, channel));
        let says_in_layout = message.is_layout() && draft.components.is_some();
        if draft.content.is_some() || says_in_layout {
            let content = draft.content.unwrap_or_else(|| message.content.clone());
            let said = spoken(&content, draft.components.as_ref().unwrap_or(&message.components));
            let mentions = self.mentions(
                self.guild_of(channel),
                &said,
                &draft.allowed_mentions.unwrap_or_default(),
                granted & permission::MENTION_EVERYONE != 0,
            );
            message.content = content;
            message.mentions = mentions.users;
            message.mention_roles = mentions.roles;
            message.mention_everyone = mentions.everyone;
        }
        message.embeds = draft.embeds.unwrap_or(message.embeds);
        message.components = draft.components.unwrap_or(message.components);
        if let Some(flags) = draft.flags {
            let editable = SUPPRESS_EMBEDS | COMPONENTS_V2;
            message.flags = (message.flags & !SUPPRESS_EMBEDS) | (flags & editable);
        }
        let mut dropped = Vec::new();
        if let Some(kept) = draft.kept {
            dropped.extend(message.attachments.extract_if(.., |attachment| !kept.contains(&attachment.id)).map(|attachment| attachment.id));
        }
        if message.attachments.len() + draft.files.len() > MAX_ATTACHMENTS {
            return Err(Refusal::too_many_attachments());
        }
        let mut added = Vec::new();
        for file in draft.files {
            let id = self.new_id(now);
            let content_type = content_type(&file);
            message.attachments.push(Attachment {
                id,
                content_type,
                filename: file.filename,
                description: file.description,
                size: file.bytes.len(),
            });
            added.push((id, file.bytes));
        }
        if is_empty(&message) {
            return Err(Refusal::empty_message());
        }
        if message.is_layout() && !(message.content.is_empty() && message.embeds.is_empty()) {
            return Err(form::invalid(
                "flags",
                "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                "The content and the embeds have to be taken away when a message is made of components",
            ));
        }
        check_references(&message.components, &message.attachments)?;
        // A deferred reply that gets its text is not "edited".
        if message.flags & LOADING == 0 {
            message.edited_at = Some(now);
        }
        message.flags &= !LOADING;
        self.forget_files(&dropped);
        self.files.extend(added.into_iter().map(|(id, bytes)| (id, bytes.into())));
        self.messages.entry(channel).or_default().insert(id, message);
        self.happened(Event::MessageUpdated { channel, message: id });
        Ok(())
    }

    /// Tells the channel that somebody writes.
    pub(crate) fn type_in(&mut self, now: DateTime<Utc>, user: Snowflake, channel: Snowflake) -> Result<(), Refusal> {
        self.channel_for(user, channel, self.writing_permission(channel))?;
        self.happened(Event::TypingStarted { channel, user, at: now });
        Ok(())
    }

    /// What it takes to write here.
    pub(crate) fn writing_permission(&self, channel: Snowflake) -> u64 {
        let is_thread = self.channels.get(&channel).is_some_and(|channel| channel.thread.is_some());
        if is_thread { permission::SEND_MESSAGES_IN_THREADS } else { permission::SEND_MESSAGES }
    }

    /// What the author may do, if he may post this draft here.
    fn check_writing(&self, author: Snowflake, channel: Snowflake, draft: &Draft) -> Result<u64, Refusal> {
        let mut needed = self.writing_permission(channel);
        needed |= if draft.files.is_empty() { 0 } else { permission::ATTACH_FILES };
        needed |= if draft.embeds.as_ref().is_none_or(Vec::is_empty) { 0 } else { permission::EMBED_LINKS };
        let channel = self.channel_for(author, channel, needed)?;
        if channel.kind == ChannelKind::Forum {
            return Err(Refusal::message_in_forum());
        }
        if !channel.kind.holds_messages() {
            return Err(Refusal::wrong_channel_type());
        }
        self.check_reachable(author, channel)?;
        Ok(self.permissions_in(author, channel))
    }

    /// Nothing is known any more of the nonces under which messages were posted.
    pub(crate) fn forget_nonces(&mut self) {
        for message in self.messages.values_mut().flat_map(BTreeMap::values_mut) {
            message.nonce = None;
        }
    }

    fn same_nonce(&self, now: DateTime<Utc>, author: Snowflake, channel: Snowflake, draft: &Draft) -> Option<Snowflake> {
        let nonce = draft.nonce.as_ref().filter(|_| draft.enforce_nonce).map(nonce_text)?;
        let recent = self.messages(channel).rev().take_while(|message| now - message.posted_at() < NONCE_MEMORY);
        recent
            .filter(|message| message.author == author)
            .find(|message| message.nonce.as_ref().map(nonce_text).as_ref() == Some(&nonce))
            .map(|message| message.id)
    }

    /// What is forwarded: where it stands and what it says. Nothing else can stand in a message that forwards one.
    fn forwarded(&self, author: Snowflake, draft: &Draft, forward: Forward) -> Result<(Reference, Value), Refusal> {
        if !draft.is_empty() || draft.reply.is_some() {
            let why = "A message that forwards another has nothing of its own";
            return Err(form::invalid("message_reference", "MESSAGE_FORWARD_WITH_CONTENT", why));
        }
        let reads = permission::VIEW_CHANNEL | permission::READ_MESSAGE_HISTORY;
        let readable = self.channel(forward.channel).is_some_and(|from| self.permissions_in(author, from) & reads == reads);
        let known = self.message(forward.channel, forward.message).filter(|message| message.only_for.is_none() && readable);
        let known = known.ok_or_else(|| form::invalid("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message"))?;
        if known.kind.is_system() || known.snapshot.is_some() {
            return Err(Refusal::cannot_forward());
        }
        let snapshot = serde_json::json!({
            "type": known.kind.number(), "content": known.content, "embeds": known.embeds, "components": known.components, "attachments": [],
            "timestamp": known.posted_at().to_rfc3339(), "edited_timestamp": known.edited_at.map(|at| at.to_rfc3339()), "flags": known.flags,
            "mentions": [], "mention_roles": known.mention_roles,
        });
        Ok((Reference { channel: forward.channel, message: Some(forward.message), forward: true }, snapshot))
    }

    fn answered(&self, channel: Snowflake, granted: u64, reply: Reply) -> Result<Option<Snowflake>, Refusal> {
        if granted & permission::READ_MESSAGE_HISTORY == 0 {
            return Err(Refusal::new(400, 160_002, "Cannot reply without permission to read message history"));
        }
        if let Some(answered) = self.message(channel, reply.message).filter(|message| message.only_for.is_none()) {
            if answered.kind.is_system() {
                let why = "Cannot reply to a system message";
                return Err(form::invalid("message_reference", "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE", why));
            }
            return Ok(Some(reply.message));
        }
        if reply.must_exist { Err(form::invalid("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")) } else { Ok(None) }
    }
}

fn is_empty(message: &Message) -> bool {
    message.content.is_empty()
        && message.embeds.is_empty()
        && message.components.is_empty()
        && message.attachments.is_empty()
        && message.snapshot.is_none()
}

/// All that a message says: its text and the texts of its layout.
fn spoken(content: &str, components: &[Value]) -> String {
    components.iter().flat_map(texts).fold(content.to_owned(), |all, text| all + "\n" + text)
}

fn nonce_text(nonce: &Value) -> String {
    nonce.as_str().map_or_else(|| nonce.to_string(), str::to_owned)
}
