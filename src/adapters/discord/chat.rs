//! The port [`Chat`] over the sender.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use orchestrator_core::{
    domain::{
        component::Row,
        id::{ChannelId, ParcelId, RoleId, UserId},
        outbound::{Address, Identity, Post},
        task::{Attachment, MessageRef},
    },
    ports::chat::{ActiveThread, Chat, ChatError, From, Heard},
};
use reqwest::{Method, StatusCode, Url};
use serde_json::{Value, json};
use serenity::{
    builder::{CreateAllowedMentions, CreateEmbed, CreateMessage, EditMessage},
    model::{
        channel::{MessageFlags, MessageReference, MessageReferenceKind, Nonce},
        id as serenity_id,
    },
};

use super::{
    answer,
    route::Route,
    sender::{Body, Sender, Unread, read_up_to},
    text, wire,
};

/// Where Discord keeps attachments, beside the API's own origin.
const FILE_HOSTS: [&str; 2] = ["cdn.discordapp.com", "media.discordapp.net"];
/// Most messages in one answer. Source: Discord developer documentation, "Get Channel Messages".
const MAX_PAGE: u8 = 100;
/// "Unknown Channel", "Unknown Message", "Unknown Emoji". Source: same documentation, "JSON Error Codes".
const UNKNOWN_CHANNEL: u32 = 10_003;
const UNKNOWN_MESSAGE: u32 = 10_008;
const UNKNOWN_EMOJI: u32 = 10_014;
/// "A thread has already been created for this message". Source: as above.
const THREAD_EXISTS: u32 = 160_004;
/// The longest time without a word after which Discord puts a thread away. Source: same documentation, "Start Thread from Message".
const WEEK_MINUTES: u32 = 10_080;

#[async_trait]
impl Chat for Sender {
    async fn post(&self, to: Address, parcel: &ParcelId, post: Post) -> Result<MessageRef, ChatError> {
        text::check(parcel, &post).map_err(|too_much| invalid(too_much.to_string()))?;
        let route = Route::channel(Method::POST, "/channels/{channel}/messages", to.channel, "/messages");
        let payload = payload(parcel, &post)?;
        let texts = post.files.into_iter().map(|file| (file.name, file.text.into_bytes()));
        let files: Vec<_> = texts.chain(post.left.into_iter().map(|file| (file.name, file.bytes))).collect();
        let body = if files.is_empty() { Body::Json(payload) } else { Body::Files(payload, files) };
        let message: wire::Stands = self.call(to.identity, &route, body).await?.json()?;
        Ok(MessageRef { channel: to.channel, message: message.id })
    }

    async fn edit(&self, at: MessageRef, post: &Post) -> Result<(), ChatError> {
        text::check_content(post).map_err(|too_much| invalid(too_much.to_string()))?;
        let rest = format!("/messages/{}", at.message);
        let route = Route::channel(Method::PATCH, "/channels/{channel}/messages/{message}", at.channel, &rest);
        self.call(Identity::Orchestrator, &route, Body::Json(changed(post)?)).await.map(drop)
    }

    async fn start_thread(&self, on: MessageRef, name: &str) -> Result<(), ChatError> {
        let rest = format!("/messages/{}/threads", on.message);
        let route = Route::channel(Method::POST, "/channels/{channel}/messages/{message}/threads", on.channel, &rest);
        let body = Body::Json(json!({"name": name, "auto_archive_duration": WEEK_MINUTES}));
        match self.call(Identity::Orchestrator, &route, body).await {
            Ok(_) | Err(ChatError::Invalid { code: THREAD_EXISTS, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn react(&self, on: MessageRef, emoji: &str) -> Result<(), ChatError> {
        let route = Route::reaction(Method::PUT, on.channel, on.message, emoji);
        self.call(Identity::Orchestrator, &route, Body::None).await.map(|_| ())
    }

    async fn unreact(&self, on: MessageRef, emoji: &str) -> Result<(), ChatError> {
        let route = Route::reaction(Method::DELETE, on.channel, on.message, emoji);
        match self.call(Identity::Orchestrator, &route, Body::None).await {
            Ok(_) | Err(ChatError::NotFound { code: UNKNOWN_EMOJI, .. } | ChatError::Invalid { code: UNKNOWN_EMOJI, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn history(&self, channel: ChannelId, from: From, limit: u8) -> Result<Vec<Heard>, ChatError> {
        let limit = limit.clamp(1, MAX_PAGE);
        let from = match from {
            From::After(message) => format!("&after={message}"),
            From::Before(message) => format!("&before={message}"),
            From::End => String::new(),
        };
        let ours = self.our_users().await?;
        let route = Route::channel(Method::GET, "/channels/{channel}/messages", channel, &format!("/messages?limit={limit}{from}"));
        let page: Vec<Value> = self.call(Identity::Orchestrator, &route, Body::None).await?.json()?;
        let mut heard = Vec::with_capacity(page.len());
        for message in page {
            match serde_json::from_value::<wire::Message>(message) {
                Ok(message) => heard.push(message.heard(&ours)),
                Err(error) => tracing::warn!(%channel, %error, "a message in {channel} could not be read and is passed over"),
            }
        }
        // Discord sends the newest first, whichever way it was asked.
        heard.sort_unstable_by_key(|message| message.at.message);
        Ok(heard)
    }

    async fn roles(&self, member: UserId) -> Result<Option<Vec<RoleId>>, ChatError> {
        let guild = self.guild.load(Ordering::Relaxed);
        if guild == 0 {
            return Ok(None);
        }
        match self.member(guild, member).await {
            Ok(member) => Ok(Some(member.roles.into_iter().filter(|role| *role > 0).map(RoleId::new).collect())),
            // Whoever has left has no roles.
            Err(ChatError::NotFound { .. }) => Ok(Some(Vec::new())),
            Err(error) => Err(error),
        }
    }

    async fn active_threads(&self, of: ChannelId) -> Result<Vec<ActiveThread>, ChatError> {
        let guild = match self.guild.load(Ordering::Relaxed) {
            0 => self.channel(of).await?.guild,
            known => Some(known),
        };
        let Some(guild) = guild else { return Ok(Vec::new()) };
        let route = Route::guild(Method::GET, "/guilds/{guild}/threads/active", guild, "/threads/active");
        let active: wire::ActiveThreads = self.call(Identity::Orchestrator, &route, Body::None).await?.json()?;
        let here =
            |thread: wire::Thread| thread.parent_id.map(|parent| ActiveThread { id: thread.id, parent, newest: thread.last_message_id });
        Ok(active.threads.into_iter().filter_map(here).collect())
    }

    async fn message(&self, at: MessageRef) -> Result<Option<Heard>, ChatError> {
        let ours = self.our_users().await?;
        let rest = format!("/messages/{}", at.message);
        let route = Route::channel(Method::GET, "/channels/{channel}/messages/{message}", at.channel, &rest);
        match self.call(Identity::Orchestrator, &route, Body::None).await {
            Ok(answer) => Ok(Some(answer.json::<wire::Message>()?.heard(&ours))),
            Err(ChatError::NotFound { code: UNKNOWN_MESSAGE | UNKNOWN_CHANNEL, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn fetch(&self, attachment: &Attachment, limit: u64) -> Result<Vec<u8>, ChatError> {
        let url = self.file_url(&attachment.url)?;
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let too_large = || invalid(format!("`{}` is larger than {limit} bytes", attachment.name));
        if attachment.size > limit {
            return Err(too_large());
        }
        let response = self.client().get(url).send().await.map_err(answer::lost)?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::TOO_MANY_REQUESTS => return Err(ChatError::Unavailable { status: 429 }),
            status => return Err(answer::refused(status, None, &super::pace::Pace::default())),
        }
        read_up_to(response, most).await.map_err(|unread| match unread {
            Unread::TooLong => too_large(),
            Unread::Lost(error) => answer::lost(error),
        })
    }

    fn link(&self, at: MessageRef) -> String {
        let MessageRef { channel, message } = at;
        match self.guild.load(Ordering::Relaxed) {
            0 => format!("{}/channels/@me/{channel}/{message}", self.base()),
            guild => format!("{}/channels/{guild}/{channel}/{message}", self.base()),
        }
    }
}

impl Sender {
    /// The users behind our tokens. A worker of whom nothing can be learnt is left out: only notices are posted under its name.
    async fn our_users(&self) -> Result<Vec<UserId>, ChatError> {
        let mut ours = Vec::new();
        for identity in self.identities() {
            match (self.user(identity).await, identity) {
                (Ok(Some(user)), _) => ours.push(user),
                (Err(error), Identity::Orchestrator) => return Err(error),
                (Ok(None), _) => {}
                (Err(error), Identity::Worker(slot)) => {
                    tracing::debug!(%error, "who slot {slot}'s bot is could not be asked: {error}");
                }
            }
        }
        Ok(ours)
    }

    /// An attachment's address, if it is one of Discord's.
    fn file_url(&self, given: &str) -> Result<Url, ChatError> {
        let foreign = || invalid("the attachment's address is not one of Discord's".to_owned());
        let url = Url::parse(given).map_err(|_| foreign())?;
        let discords = url.scheme() == "https" && url.port().is_none() && url.host_str().is_some_and(|host| FILE_HOSTS.contains(&host));
        let own = url.origin() == self.base.origin();
        let named = !url.username().is_empty() || url.password().is_some();
        if (discords || own) && !named { Ok(url) } else { Err(foreign()) }
    }
}

/// Says that Discord would not take it; nothing was sent.
fn invalid(message: String) -> ChatError {
    ChatError::Invalid { status: 400, code: 0, message }
}

/// The body of a post. The same parcel and post make the same bytes, so that the nonce protects a repetition.
fn payload(parcel: &ParcelId, post: &Post) -> Result<Value, ChatError> {
    let embeds = post.embeds.iter().map(|embed| CreateEmbed::new().description(&embed.description).colour(embed.colour & 0x00FF_FFFF));
    let mut message = CreateMessage::new()
        .content(&post.content)
        .embeds(embeds.collect())
        .allowed_mentions(nobody())
        .nonce(Nonce::String(parcel.0.clone()))
        .enforce_nonce(true);
    if let Some(answered) = post.reply_to {
        let channel = serenity_id::ChannelId::new(answered.channel.get());
        message = message.reference_message(
            MessageReference::new(MessageReferenceKind::Default, channel)
                .message_id(serenity_id::MessageId::new(answered.message.get()))
                .fail_if_not_exists(false),
        );
    }
    if post.silent {
        message = message.flags(MessageFlags::SUPPRESS_NOTIFICATIONS);
    }
    let mut payload = serde_json::to_value(message).map_err(|error| invalid(error.to_string()))?;
    let names = post.files.iter().map(|file| &file.name).chain(post.left.iter().map(|file| &file.name));
    let files = names.enumerate().map(|(id, name)| json!({"id": id, "filename": name}));
    payload["attachments"] = Value::Array(files.collect());
    if !post.rows.is_empty() {
        payload["components"] = post.rows.iter().map(Row::on_the_wire).collect();
    }
    Ok(payload)
}

/// The body of an edit: what stands there is replaced, but for its files.
fn changed(post: &Post) -> Result<Value, ChatError> {
    let embeds = post.embeds.iter().map(|embed| CreateEmbed::new().description(&embed.description).colour(embed.colour & 0x00FF_FFFF));
    let message = EditMessage::new().content(&post.content).embeds(embeds.collect()).allowed_mentions(nobody());
    let mut payload = serde_json::to_value(message).map_err(|error| invalid(error.to_string()))?;
    payload["components"] = post.rows.iter().map(Row::on_the_wire).collect();
    Ok(payload)
}

/// Nobody is pinged: not by `@everyone`, not by name, not by being answered.
pub(super) fn nobody() -> CreateAllowedMentions {
    CreateAllowedMentions::new().replied_user(false)
}
