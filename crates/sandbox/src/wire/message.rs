//! Messages, for one viewer.

use serde_json::{Value, json};

use super::{channel, guild, media, timestamp, user};
use crate::world::{
    World,
    guild::Guild,
    message::{Attachment, Message, MessageInteraction, MessageKind, SUPPRESS_EMBEDS},
    snowflake::Snowflake,
};

/// Writes messages for one viewer.
#[derive(Clone, Copy)]
pub(crate) struct Viewer<'a> {
    pub(crate) world: &'a World,
    pub(crate) user: Snowflake,
    /// Where the attachments can be fetched, without a slash at the end.
    pub(crate) base_url: &'a str,
    /// Whether the viewer may read what others write: false for a gateway session without the `MESSAGE_CONTENT` intent.
    pub(crate) reads_content: bool,
}

impl<'a> Viewer<'a> {
    /// The message, as REST gives it.
    pub(crate) fn message(self, message: &Message) -> Value {
        let mut shown = self.without_reference(message);
        if let Some(to) = message.reference {
            shown["message_reference"] = json!({"type": u8::from(to.forward), "channel_id": to.channel, "guild_id": self.world.guild_of(to.channel).map(|guild| guild.id)});
            if let Some(id) = to.message {
                shown["message_reference"]["message_id"] = id.to_string().into();
            }
            if let Some(snapshot) = &message.snapshot {
                shown["message_snapshots"] = json!([{"message": snapshot}]);
            }
            if message.kind == MessageKind::ThreadStarter {
                let start = to.message.and_then(|id| self.world.message(to.channel, id));
                shown["referenced_message"] = start.map(|start| self.without_reference(start)).into();
            }
        }
        if let Some(reply_to) = message.reply_to {
            let referenced = self.world.message(message.channel, reply_to);
            shown["message_reference"] = json!({"type": 0, "channel_id": message.channel, "message_id": reply_to, "guild_id": self.guild_of(message).map(|guild| guild.id)});
            if message.kind == MessageKind::Reply {
                shown["referenced_message"] = referenced.map(|referenced| self.without_reference(referenced)).into();
            }
        }
        shown
    }

    /// The message as its author gets it when he posts it: with his nonce, which history does not give back.
    pub(crate) fn posted(self, message: &Message) -> Value {
        let mut shown = self.message(message);
        if let Some(nonce) = message.nonce.as_ref().filter(|_| message.author == self.user) {
            shown["nonce"] = nonce.clone();
        }
        shown
    }

    /// The message as a gateway event gives it: with the guild and the author's membership.
    pub(crate) fn event(self, message: &Message) -> Value {
        let mut shown = self.posted(message);
        let Some(guild) = self.guild_of(message) else { return shown };
        shown["guild_id"] = guild.id.to_string().into();
        if let Some(member) = guild.members.get(&message.author) {
            shown["member"] = guild::member_part(member);
        }
        for mention in shown["mentions"].as_array_mut().into_iter().flatten() {
            let member = mention["id"].as_str().and_then(|id| id.parse().ok()).and_then(|id| guild.members.get(&id));
            mention["member"] = member.map(guild::member_part).into();
        }
        shown
    }

    fn guild_of(self, message: &Message) -> Option<&'a Guild> {
        self.world.guild_of(message.channel)
    }

    /// A webhook has no account: its name stands on each of its messages.
    fn author(self, message: &Message) -> Value {
        match &message.webhook {
            Some(webhook) => user::webhook(webhook),
            None => user::user_by_id(self.world, message.author),
        }
    }

    fn without_reference(self, message: &Message) -> Value {
        let readable = self.reads_content || message.author == self.user || message.mentions.contains(&self.user);
        let embeds = if message.flags & SUPPRESS_EMBEDS == 0 { message.embeds.as_slice() } else { &[] };
        let reactions = message.reactions.iter().map(|reaction| {
            json!({
                "emoji": {"id": null, "name": reaction.emoji.as_str()}, "count": reaction.users.len(), "me": reaction.users.contains(&self.user),
                "count_details": {"burst": 0, "normal": reaction.users.len()}, "burst_colors": [], "me_burst": false, "burst_me": false, "burst_count": 0,
            })
        });
        let mut shown = json!({
            "id": message.id, "channel_id": message.channel, "type": message.kind.number(), "author": self.author(message),
            "content": if readable { message.content.as_str() } else { "" },
            "embeds": if readable { embeds } else { &[] },
            "components": if readable { message.components.iter().map(|part| media::shown(part, self.base_url, message)).collect() } else { Vec::new() },
            "attachments": if readable { message.attachments.iter().map(|file| attachment(self.base_url, message.channel, file, message.only_for.is_some())).collect() } else { Vec::new() },
            "mentions": message.mentions.iter().map(|id| user::user_by_id(self.world, *id)).collect::<Vec<_>>(),
            "mention_roles": message.mention_roles, "mention_everyone": message.mention_everyone, "pinned": message.pinned_at.is_some(), "tts": message.tts,
            "timestamp": timestamp(message.posted_at()), "edited_timestamp": message.edited_at.map(timestamp), "flags": message.flags,
        });
        if let Some(thread) = self.world.channel(message.id).filter(|channel| channel.thread.is_some()) {
            shown["thread"] = channel::channel(self.world, thread);
        }
        if !message.reactions.is_empty() {
            shown["reactions"] = reactions.collect();
        }
        if let Some(webhook) = &message.webhook {
            shown["webhook_id"] = webhook.id.to_string().into();
            if let Some(application) = webhook.application {
                shown["application_id"] = application.to_string().into();
            }
        }
        if let Some(interaction) = &message.interaction {
            shown["webhook_id"] = message.author.to_string().into();
            shown["application_id"] = message.author.to_string().into();
            shown["interaction_metadata"] = self.interaction_metadata(message, interaction);
            if interaction.kind == 2 {
                shown["interaction"] =
                    json!({"id": interaction.id, "type": 2, "name": interaction.name, "user": shown["interaction_metadata"]["user"]});
            }
        }
        shown
    }

    fn interaction_metadata(self, message: &Message, interaction: &MessageInteraction) -> Value {
        let by = user::user_by_id(self.world, interaction.user);
        let mut shown = json!({"id": interaction.id, "type": interaction.kind, "user": by, "authorizing_integration_owners": {"0": self.guild_of(message).map(|guild| guild.id)}});
        if let Some(on) = interaction.on {
            shown["interacted_message_id"] = on.to_string().into();
        }
        if let Some(opener) = &interaction.opened_by {
            shown["triggering_interaction_metadata"] = self.interaction_metadata(message, opener);
        }
        shown
    }
}

/// A file of a message or interaction in a channel.
pub(super) fn attachment(base_url: &str, channel: Snowflake, file: &Attachment, ephemeral: bool) -> Value {
    let url = media::attachment_url(base_url, channel, file);
    let mut shown = json!({
        "id": file.id, "filename": file.filename, "size": file.size, "url": url, "proxy_url": url,
        "content_type": file.content_type, "ephemeral": ephemeral,
    });
    if let Some(description) = &file.description {
        shown["description"] = description.as_str().into();
    }
    shown
}
