//! Discord's objects as far as they are read here. Everything that may be missing may be missing: one odd message must not hide a page.

use chrono::{DateTime, Utc};
use orchestrator_core::{
    domain::{
        actor::Actor,
        id::{ChannelId, MessageId, RoleId, UserId},
        task::{Attachment, MessageRef},
    },
    ports::chat::Heard,
};
use serde::Deserialize;

/// Message types that a person or bot wrote: plain, reply, slash command, context menu command.
/// Source: Discord developer documentation, "Message Types".
const SPEECH: [u8; 4] = [0, 19, 20, 23];
/// Milliseconds from 1970 to the first of a snowflake. Source: same documentation, "Snowflakes".
const DISCORD_EPOCH_MS: u64 = 1_420_070_400_000;

#[derive(Debug, Deserialize)]
pub(super) struct Message {
    pub(super) id: MessageId,
    pub(super) channel_id: ChannelId,
    author: User,
    #[serde(default)]
    member: Option<PartialMember>,
    #[serde(default)]
    content: String,
    #[serde(default)]
    embeds: Vec<Embed>,
    #[serde(default)]
    attachments: Vec<File>,
    #[serde(default)]
    reactions: Vec<Reaction>,
    #[serde(default)]
    timestamp: String,
    #[serde(default, rename = "type")]
    kind: u8,
    #[serde(default)]
    webhook_id: Option<String>,
    #[serde(default, rename = "message_reference")]
    answers: Option<Reference>,
}

/// What a message answers; of a line of Discord's own, and of a message that was passed on, what it is about.
#[derive(Debug, Deserialize)]
struct Reference {
    #[serde(default)]
    message_id: Option<MessageId>,
}

/// A message that was posted: all that is asked of the answer is its id.
#[derive(Debug, Deserialize)]
pub(super) struct Stands {
    pub(super) id: MessageId,
}

/// Threads that are not put away.
#[derive(Debug, Deserialize)]
pub(super) struct ActiveThreads {
    #[serde(default)]
    pub(super) threads: Vec<Thread>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Thread {
    pub(super) id: ChannelId,
    #[serde(default)]
    pub(super) parent_id: Option<ChannelId>,
    #[serde(default)]
    pub(super) last_message_id: Option<MessageId>,
}

#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub(super) id: UserId,
    #[serde(default)]
    pub(super) username: String,
    #[serde(default)]
    global_name: Option<String>,
    #[serde(default)]
    bot: bool,
}

#[derive(Debug, Deserialize)]
struct PartialMember {
    #[serde(default)]
    roles: Vec<RoleId>,
}

#[derive(Debug, Deserialize)]
struct Embed {
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    fields: Vec<Field>,
    #[serde(default)]
    footer: Option<Footer>,
}

#[derive(Debug, Deserialize)]
struct Field {
    #[serde(default)]
    name: String,
    #[serde(default)]
    value: String,
}

#[derive(Debug, Deserialize)]
struct Footer {
    #[serde(default)]
    text: String,
}

#[derive(Debug, Deserialize)]
struct File {
    #[serde(default)]
    filename: String,
    url: String,
    #[serde(default)]
    size: u64,
}

#[derive(Debug, Deserialize)]
struct Reaction {
    #[serde(default)]
    me: bool,
    emoji: Emoji,
}

#[derive(Debug, Deserialize)]
struct Emoji {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

impl Message {
    /// The message as the stages know it. `ours`: the users behind our tokens.
    pub(super) fn heard(self, ours: &[UserId]) -> Heard {
        let written_at =
            DateTime::parse_from_rfc3339(&self.timestamp).map_or_else(|_| written_at(self.id), |time| time.with_timezone(&Utc));
        Heard {
            at: MessageRef { channel: self.channel_id, message: self.id },
            ours: ours.contains(&self.author.id),
            author: Actor::Member {
                user: self.author.id,
                name: self.author.global_name.filter(|name| !name.is_empty()).unwrap_or(self.author.username),
                roles: self.member.map(|member| member.roles).unwrap_or_default(),
                bot: self.author.bot || self.webhook_id.is_some(),
                administrator: false,
            },
            content: self.content,
            embeds: self.embeds.into_iter().map(Embed::text).collect(),
            attachments: self
                .attachments
                .into_iter()
                .map(|file| Attachment { name: file.filename, url: file.url, size: file.size })
                .collect(),
            our_reactions: self
                .reactions
                .into_iter()
                .filter(|reaction| reaction.me)
                .filter_map(|reaction| reaction.emoji.shown())
                .collect(),
            reply_to: self.answers.and_then(|answered| answered.message_id),
            written_at,
            is_speech: SPEECH.contains(&self.kind),
        }
    }
}

impl Embed {
    fn text(self) -> String {
        let fields = self.fields.into_iter().flat_map(|field| [field.name, field.value]);
        let parts = [self.title, self.description].into_iter().flatten().chain(fields).chain(self.footer.map(|footer| footer.text));
        parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
    }
}

impl Emoji {
    fn shown(self) -> Option<String> {
        match (self.id, self.name) {
            (None, name) => name,
            (Some(id), name) => Some(format!("<:{}:{id}>", name.unwrap_or_default())),
        }
    }
}

/// A snowflake holds its time.
fn written_at(id: MessageId) -> DateTime<Utc> {
    let unix_ms = (id.get() >> 22) + DISCORD_EPOCH_MS;
    i64::try_from(unix_ms).ok().and_then(DateTime::from_timestamp_millis).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_with_the_least_there_can_be_is_read() {
        let message: Message =
            serde_json::from_value(json!({"id": "175928847299117063", "channel_id": "2", "author": {"id": "3", "username": "ann"}}))
                .unwrap();

        let heard = message.heard(&[UserId::new(3)]);

        assert!(heard.ours && heard.is_speech && heard.content.is_empty());
        assert_eq!(heard.written_at.to_rfc3339(), "2016-04-30T11:18:25.796+00:00");
    }

    #[test]
    fn only_our_own_reactions_and_all_embed_texts_are_kept() {
        let message: Message = serde_json::from_value(json!({
            "id": "1", "channel_id": "2", "author": {"id": "3", "username": "ann", "global_name": "Ann", "bot": true},
            "member": {"roles": ["77"]}, "content": "x", "type": 6, "timestamp": "2026-01-02T03:04:05.678000+00:00",
            "embeds": [{"title": "t", "description": "d", "fields": [{"name": "n", "value": "v"}], "footer": {"text": "f"}}, {}],
            "reactions": [{"me": true, "emoji": {"id": null, "name": "✅"}}, {"me": false, "emoji": {"name": "🛑"}}],
        }))
        .unwrap();

        let heard = message.heard(&[]);

        assert_eq!(heard.our_reactions, ["✅"]);
        assert_eq!(heard.embeds, ["t\nd\nn\nv\nf", ""]);
        assert_eq!(heard.author.name(), "Ann");
        assert!(!heard.is_speech && !heard.ours);
    }
}
