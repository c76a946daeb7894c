//! Webhooks: addresses under which anybody who knows them posts into a channel.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    World,
    draft::Draft,
    event::Event,
    guild::{Channel, ChannelKind},
    message::{Message, MessageWebhook},
    permission,
    posting::Origin,
    snowflake::Snowflake,
};
use crate::{form::thread::ThreadDraft, refusal::Refusal};

/// Most webhooks of a channel. Source: Discord developer documentation, "Opcodes and Status Codes", code 30007.
const MAX_WEBHOOKS: usize = 15;

/// A webhook of a channel.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Webhook {
    /// Its id.
    pub id: Snowflake,
    /// Where it posts.
    pub channel: Snowflake,
    /// The guild of the channel.
    pub guild: Snowflake,
    /// The name under which it posts, if a request names no other.
    pub name: String,
    /// What those who use it have to know.
    pub token: String,
    /// Who made it.
    pub creator: Snowflake,
    /// The application whose bot made it.
    pub application: Option<Snowflake>,
}

impl World {
    /// All webhooks, oldest first.
    pub fn webhooks(&self) -> impl Iterator<Item = &Webhook> {
        self.webhooks.values()
    }

    /// A webhook by id.
    pub fn webhook(&self, id: Snowflake) -> Option<&Webhook> {
        self.webhooks.get(&id)
    }

    /// A webhook, for who knows its token.
    pub(crate) fn webhook_with_token(&self, id: Snowflake, token: &str) -> Result<&Webhook, Refusal> {
        let webhook = self.webhooks.get(&id).ok_or_else(Refusal::unknown_webhook)?;
        if webhook.token == token { Ok(webhook) } else { Err(Refusal::invalid_webhook_token()) }
    }

    /// A webhook, for who may manage those of its channel.
    pub(crate) fn webhook_for(&self, user: Snowflake, id: Snowflake) -> Result<&Webhook, Refusal> {
        let webhook = self.webhooks.get(&id).ok_or_else(Refusal::unknown_webhook)?;
        self.channel_for(user, webhook.channel, permission::MANAGE_WEBHOOKS)?;
        Ok(webhook)
    }

    /// Makes a webhook.
    pub(crate) fn add_webhook(
        &mut self,
        now: DateTime<Utc>,
        user: Snowflake,
        channel: Snowflake,
        name: String,
    ) -> Result<Snowflake, Refusal> {
        let guild = self.fitting_for_webhooks(user, channel)?;
        if self.webhooks.values().filter(|webhook| webhook.channel == channel).count() >= MAX_WEBHOOKS {
            return Err(Refusal::too_many_webhooks());
        }
        let (id, token) = (self.new_id(now), self.chance.word(68));
        let application = self.applications.contains_key(&user).then_some(user);
        self.webhooks.insert(id, Webhook { id, channel, guild, name, token, creator: user, application });
        self.happened(Event::WebhooksChanged { channel });
        Ok(id)
    }

    /// Gives a webhook another name; who may has been looked at.
    pub(crate) fn rename_webhook(&mut self, id: Snowflake, name: String) {
        if let Some(webhook) = self.webhooks.get_mut(&id) {
            webhook.name = name;
            let channel = webhook.channel;
            self.happened(Event::WebhooksChanged { channel });
        }
    }

    /// Has a webhook post into another channel of its guild.
    pub(crate) fn move_webhook(&mut self, user: Snowflake, id: Snowflake, channel: Snowflake) -> Result<(), Refusal> {
        let guild = self.fitting_for_webhooks(user, channel)?;
        let webhook = self.webhooks.get_mut(&id).filter(|webhook| webhook.guild == guild).ok_or_else(Refusal::unknown_channel)?;
        let before = std::mem::replace(&mut webhook.channel, channel);
        self.happened(Event::WebhooksChanged { channel: before });
        self.happened(Event::WebhooksChanged { channel });
        Ok(())
    }

    /// Takes a webhook away; who may has been looked at.
    pub(crate) fn remove_webhook(&mut self, id: Snowflake) {
        if let Some(webhook) = self.webhooks.remove(&id) {
            self.happened(Event::WebhooksChanged { channel: webhook.channel });
        }
    }

    fn fitting_for_webhooks(&self, user: Snowflake, channel: Snowflake) -> Result<Snowflake, Refusal> {
        let known = self.channel_for(user, channel, permission::MANAGE_WEBHOOKS)?;
        let fits = matches!(known.kind, ChannelKind::Text | ChannelKind::Announcement | ChannelKind::Forum);
        known.guild.filter(|_| fits).ok_or_else(Refusal::wrong_channel_type)
    }

    /// Posts with a webhook: into its channel, a thread there, or as a new post of its forum.
    pub(crate) fn post_with_webhook(
        &mut self,
        now: DateTime<Utc>,
        webhook: &Webhook,
        thread: Option<Snowflake>,
        new_post: Option<ThreadDraft>,
        name: Option<String>,
        draft: Draft,
    ) -> Result<(Snowflake, Snowflake), Refusal> {
        let channel = self.channels.get(&webhook.channel).ok_or_else(Refusal::unknown_channel)?;
        let is_forum = channel.kind == ChannelKind::Forum;
        if draft.is_empty() {
            return Err(Refusal::empty_message());
        }
        let mut origin = Origin {
            webhook: Some(MessageWebhook {
                id: webhook.id,
                application: webhook.application,
                name: name.unwrap_or_else(|| webhook.name.clone()),
            }),
            ..Origin::ordinary()
        };
        let place = match (thread, new_post) {
            (Some(_), Some(_)) => return Err(Refusal::thread_name_and_id()),
            (None, Some(_)) if !is_forum => return Err(Refusal::posts_need_a_forum()),
            (None, None) if is_forum => return Err(Refusal::forum_needs_a_thread()),
            (None, None) => webhook.channel,
            (Some(thread), None) => {
                let known = self.channels.get(&thread).filter(|known| known.parent == Some(webhook.channel));
                known.filter(|known| known.thread.is_some()).ok_or_else(Refusal::unknown_channel)?;
                self.open_for_webhook(now, thread)?;
                thread
            }
            (None, Some(post)) => {
                check_tags(channel, &post)?;
                let id = self.new_id(now);
                self.add_thread(now, webhook.id, webhook.channel, id, post)?;
                origin.id = Some(id);
                id
            }
        };
        let id = self.put(now, webhook.id, place, draft, origin)?;
        Ok((place, id))
    }

    /// A message that this webhook posted, in its channel or in a thread of it.
    pub(crate) fn webhook_message(&self, webhook: &Webhook, thread: Option<Snowflake>, id: Snowflake) -> Result<&Message, Refusal> {
        let place = thread.unwrap_or(webhook.channel);
        let belongs = place == webhook.channel || self.channels.get(&place).is_some_and(|known| known.parent == Some(webhook.channel));
        let posted = |message: &&Message| message.webhook.as_ref().is_some_and(|by| by.id == webhook.id);
        self.message(place, id).filter(|_| belongs).filter(posted).ok_or_else(Refusal::unknown_message)
    }

    /// Changes a message of a webhook; that it is one has been looked at.
    pub(crate) fn change_webhook_message(
        &mut self,
        now: DateTime<Utc>,
        channel: Snowflake,
        id: Snowflake,
        draft: Draft,
    ) -> Result<(), Refusal> {
        self.check_not_archived(channel)?;
        self.change(now, channel, id, draft)
    }

    /// Takes a message of a webhook away; that it is one has been looked at.
    pub(crate) fn remove_webhook_message(&mut self, channel: Snowflake, id: Snowflake) -> Result<(), Refusal> {
        self.remove(channel, id)
    }

    fn open_for_webhook(&mut self, now: DateTime<Utc>, id: Snowflake) -> Result<(), Refusal> {
        let Some(thread) = self.channels.get_mut(&id).and_then(|channel| channel.thread.as_mut()) else { return Ok(()) };
        if thread.locked && thread.archived {
            return Err(Refusal::thread_is_locked());
        }
        if thread.archived {
            thread.set_archived(false, now);
            self.happened(Event::ChannelUpdated { channel: id });
        }
        Ok(())
    }
}

/// A webhook may give every tag that there is.
fn check_tags(forum: &Channel, post: &ThreadDraft) -> Result<(), Refusal> {
    let rules = forum.forum.as_ref().ok_or_else(Refusal::wrong_channel_type)?;
    if post.applied_tags.iter().any(|id| !rules.tags.iter().any(|tag| tag.id == *id)) {
        return Err(Refusal::unknown_tag());
    }
    if rules.requires_tag && post.applied_tags.is_empty() { Err(Refusal::tag_required()) } else { Ok(()) }
}
