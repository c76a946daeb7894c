//! Discord, as the stages need it: posts with a delivery key, reactions, history, files.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::domain::{
    actor::Actor,
    id::{ChannelId, MessageId, ParcelId, RoleId, UserId},
    outbound::{Address, Post},
    task::{Attachment, MessageRef},
};

/// Talks to Discord.
///
/// An adapter promises: one try per call (the caller owns retries); it waits for Discord's limits before it sends, not after it was refused;
/// a post with the same parcel id and body, repeated within 60 s of the first, stands once; nobody is pinged; no token goes anywhere but
/// to the configured base.
#[async_trait]
pub trait Chat: Send + Sync {
    /// Posts a message with the parcel's id as its nonce.
    ///
    /// # Errors
    ///
    /// [`ChatError`]; with [`ChatError::Unknown`] the message may stand.
    async fn post(&self, to: Address, parcel: &ParcelId, post: Post) -> Result<MessageRef, ChatError>;

    /// Changes a message of ours to what a post says; its files stay as they are. Idempotent.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    async fn edit(&self, at: MessageRef, post: &Post) -> Result<(), ChatError>;

    /// Starts a thread beneath a message, which is put away after a week without a word. The thread's id is that of the message. Idempotent.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    async fn start_thread(&self, on: MessageRef, name: &str) -> Result<(), ChatError>;

    /// Puts our bot's reaction on a message. Idempotent.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    async fn react(&self, on: MessageRef, emoji: &str) -> Result<(), ChatError>;

    /// Takes our bot's reaction away. Idempotent.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    async fn unreact(&self, on: MessageRef, emoji: &str) -> Result<(), ChatError>;

    /// Reads up to 100 messages of a channel, oldest first.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    async fn history(&self, channel: ChannelId, from: From, limit: u8) -> Result<Vec<Heard>, ChatError>;

    /// The threads of the server of a channel that are not put away.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    async fn active_threads(&self, _of: ChannelId) -> Result<Vec<ActiveThread>, ChatError> {
        Ok(Vec::new())
    }

    /// Reads one message; `None` if it is gone.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    async fn message(&self, at: MessageRef) -> Result<Option<Heard>, ChatError>;

    /// Fetches an attachment's bytes, at most `limit` of them; no token is sent.
    ///
    /// # Errors
    ///
    /// [`ChatError`]; [`ChatError::Invalid`] if it is larger than `limit` or its address is not one of Discord's.
    async fn fetch(&self, attachment: &Attachment, limit: u64) -> Result<Vec<u8>, ChatError>;

    /// The roles of a member of the server: a message that is read, and not heard, does not tell them. `None`: they can't be known.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    async fn roles(&self, _member: UserId) -> Result<Option<Vec<RoleId>>, ChatError> {
        Ok(None)
    }

    /// Where a person finds a message.
    fn link(&self, at: MessageRef) -> String;
}

/// A thread that is not put away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActiveThread {
    /// It.
    pub id: ChannelId,
    /// The channel that it hangs on.
    pub parent: ChannelId,
    /// The newest message in it, if there was one.
    pub newest: Option<MessageId>,
}

/// Which part of a channel's history is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// What came after a message, beginning with the oldest of it.
    After(MessageId),
    /// What came before a message, ending with the newest of it.
    Before(MessageId),
    /// The newest.
    End,
}

/// A message as it was heard or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Where it stands.
    pub at: MessageRef,
    /// Who wrote it.
    pub author: Actor,
    /// Whether one of our own bots wrote it.
    pub ours: bool,
    /// Its text.
    pub content: String,
    /// Its embeds' texts: our own results may stand in them.
    pub embeds: Vec<String>,
    /// Its files.
    pub attachments: Vec<Attachment>,
    /// Emojis of which one of our own bots has put one.
    pub our_reactions: Vec<String>,
    /// The message that it answers, if it answers one.
    pub reply_to: Option<MessageId>,
    /// When it was written.
    pub written_at: DateTime<Utc>,
    /// Whether it is something that a person or bot wrote, and not a line of Discord's own (a pin, a join).
    pub is_speech: bool,
}

/// Discord did not do it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ChatError {
    /// 401: the token is not accepted.
    #[error("Discord does not accept the bot token (HTTP 401)")]
    Unauthorized,
    /// 429, in spite of the limiter.
    #[error("Discord asks to wait {}.{:03} s (HTTP 429)", retry_after.as_secs(), retry_after.subsec_millis())]
    RateLimited {
        /// How long at least.
        retry_after: Duration,
    },
    /// 403: a permission is missing, or the author of the message has blocked the bot.
    #[error("Discord refuses: {message} (HTTP 403, code {code})")]
    Forbidden {
        /// Discord's code.
        code: u32,
        /// Discord's words.
        message: String,
    },
    /// 404: the channel, message or webhook is gone.
    #[error("Discord knows no such thing: {message} (HTTP 404, code {code})")]
    NotFound {
        /// Discord's code.
        code: u32,
        /// Discord's words.
        message: String,
    },
    /// 400 and other answers that a repetition will not better.
    #[error("Discord does not take it: {message} (HTTP {status}, code {code})")]
    Invalid {
        /// The status.
        status: u16,
        /// Discord's code.
        code: u32,
        /// Discord's words.
        message: String,
    },
    /// 5xx: Discord is not well.
    #[error("Discord is not well (HTTP {status})")]
    Unavailable {
        /// The status.
        status: u16,
    },
    /// The request certainly did not arrive.
    #[error("Discord could not be reached: {reason}")]
    NotSent {
        /// Why.
        reason: String,
    },
    /// The request may have taken effect: its answer was lost or could not be read.
    #[error("Discord's answer was lost: {reason}")]
    Unknown {
        /// What happened.
        reason: String,
    },
}

/// What a failure asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Try again after the rule's delay, and not before this.
    Retry {
        /// The least delay that Discord asked for.
        at_least: Duration,
    },
    /// A repetition would do no good.
    Never,
}

impl ChatError {
    /// Exhaustive on purpose: a new failure does not compile until someone decides this.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::RateLimited { retry_after } => Remedy::Retry { at_least: *retry_after },
            Self::Unauthorized | Self::Unavailable { .. } | Self::NotSent { .. } | Self::Unknown { .. } => {
                Remedy::Retry { at_least: Duration::ZERO }
            }
            Self::Forbidden { .. } | Self::NotFound { .. } | Self::Invalid { .. } => Remedy::Never,
        }
    }

    /// How it is named in a task's log: `HTTP 401`, or the reason in words.
    pub fn short(&self) -> String {
        match self {
            Self::Unauthorized => "HTTP 401".to_owned(),
            Self::RateLimited { .. } => "HTTP 429".to_owned(),
            Self::Forbidden { .. } => "HTTP 403".to_owned(),
            Self::NotFound { .. } => "HTTP 404".to_owned(),
            Self::Invalid { status, .. } | Self::Unavailable { status } => format!("HTTP {status}"),
            Self::NotSent { reason } | Self::Unknown { reason } => reason.clone(),
        }
    }
}
