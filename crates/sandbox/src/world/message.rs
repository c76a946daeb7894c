//! Messages, what hangs on them, and who may see them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{emoji::Emoji, snowflake::Snowflake};

/// The flag of a message that only one person sees. Source: Discord developer documentation, "Message Flags", as the next two.
pub const EPHEMERAL: u64 = 1 << 6;
/// The flag of a deferred reply: "is thinking…".
pub const LOADING: u64 = 1 << 7;
/// The flag of a message that a thread hangs on.
pub const HAS_THREAD: u64 = 1 << 5;
/// The flag of a message that makes no sound.
pub const SUPPRESS_NOTIFICATIONS: u64 = 1 << 12;
/// The flag that hides a message's embeds.
pub const SUPPRESS_EMBEDS: u64 = 1 << 2;

/// The flag by which a message is made of components alone. Source: Discord developer documentation, "Message Flags".
pub(crate) const COMPONENTS_V2: u64 = 1 << 15;

/// A message.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    /// The message's id, which also tells when it was posted.
    pub id: Snowflake,
    /// Where it stands.
    pub channel: Snowflake,
    /// Who wrote it.
    pub author: Snowflake,
    /// What kind of message it is.
    pub kind: MessageKind,
    /// The text, as posted, with its outer white space gone.
    pub content: String,
    /// When it was last edited.
    pub edited_at: Option<DateTime<Utc>>,
    /// The embeds, as on the wire.
    pub embeds: Vec<Value>,
    /// The components, as on the wire.
    pub components: Vec<Value>,
    /// The files.
    pub attachments: Vec<Attachment>,
    /// The reactions, in the order in which their emoji came.
    pub reactions: Vec<Reaction>,
    /// The message that this one answers; it may be gone.
    pub reply_to: Option<Snowflake>,
    /// What else it points to: the start of its thread, a thread, a pinned or a forwarded message.
    #[serde(default)]
    pub reference: Option<Reference>,
    /// For a forwarded message: what it said, as on the wire.
    #[serde(default)]
    pub snapshot: Option<Value>,
    /// When it was pinned, if it is.
    #[serde(default)]
    pub pinned_at: Option<DateTime<Utc>>,
    /// The webhook that posted it.
    #[serde(default)]
    pub webhook: Option<MessageWebhook>,
    /// The flags, as on the wire.
    pub flags: u64,
    /// Read aloud.
    pub tts: bool,
    /// Who was mentioned and notified.
    pub mentions: Vec<Snowflake>,
    /// Which roles were mentioned and notified.
    pub mention_roles: Vec<Snowflake>,
    /// Whether everybody was notified.
    pub mention_everyone: bool,
    /// What the author sent to tell his own message again.
    pub nonce: Option<Value>,
    /// The one person who sees it, for an ephemeral message.
    pub only_for: Option<Snowflake>,
    /// The interaction that it answers.
    pub interaction: Option<MessageInteraction>,
}

/// The kinds of message that the local Discord has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MessageKind {
    /// An ordinary one.
    Default,
    /// One that answers another.
    Reply,
    /// The answer to a slash command.
    ChatInputCommand,
    /// The answer to a command from a context menu.
    ContextMenuCommand,
    /// Tells that somebody was added to a thread.
    RecipientAdd,
    /// Tells that somebody was taken out of a thread.
    RecipientRemove,
    /// Tells that a thread was renamed.
    NameChange,
    /// Tells that a message was pinned.
    PinnedMessage,
    /// Tells a channel that a thread was started.
    ThreadCreated,
    /// Stands at the beginning of a thread for the message that it hangs on.
    ThreadStarter,
}

impl MessageKind {
    /// Whether it can be deleted. Source: Discord developer documentation, "Message Types".
    pub fn can_be_deleted(self) -> bool {
        !matches!(self, Self::RecipientAdd | Self::RecipientRemove | Self::NameChange | Self::ThreadStarter)
    }

    /// Whether Discord itself wrote it.
    pub fn is_system(self) -> bool {
        !matches!(self, Self::Default | Self::Reply | Self::ChatInputCommand | Self::ContextMenuCommand)
    }

    /// The number on the wire.
    pub fn number(self) -> u8 {
        match self {
            Self::Default => 0,
            Self::RecipientAdd => 1,
            Self::RecipientRemove => 2,
            Self::NameChange => 4,
            Self::PinnedMessage => 6,
            Self::ThreadCreated => 18,
            Self::ThreadStarter => 21,
            Self::Reply => 19,
            Self::ChatInputCommand => 20,
            Self::ContextMenuCommand => 23,
        }
    }
}

/// What a message points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// The channel.
    pub channel: Snowflake,
    /// The message in it, if it is about one.
    pub message: Option<Snowflake>,
    /// Whether the message is forwarded, not answered.
    pub forward: bool,
}

/// Under which name a webhook posted a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageWebhook {
    /// The webhook.
    pub id: Snowflake,
    /// The application that owns it.
    pub application: Option<Snowflake>,
    /// The name that is shown.
    pub name: String,
}

/// Which interaction a message answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MessageInteraction {
    /// The interaction's id.
    pub id: Snowflake,
    /// Its type on the wire.
    pub kind: u8,
    /// The command's name; empty for components and modals.
    pub name: String,
    /// Who started it.
    pub user: Snowflake,
    /// The message whose component was used.
    pub on: Option<Snowflake>,
    /// For a modal: the interaction that opened it.
    pub opened_by: Option<Box<MessageInteraction>>,
}

/// A file that hangs on a message; its bytes are kept beside the world.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Attachment {
    /// The attachment's id.
    pub id: Snowflake,
    /// Its file name, made safe.
    pub filename: String,
    /// A description for those who can't see it.
    pub description: Option<String>,
    /// Its media type.
    pub content_type: String,
    /// Its size in bytes.
    pub size: usize,
}

/// One emoji under a message and who put it there.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reaction {
    /// The emoji.
    pub emoji: Emoji,
    /// Who reacted, in order.
    pub users: Vec<Snowflake>,
}

impl Message {
    /// A message in which nothing stands yet.
    pub(crate) fn new(id: Snowflake, channel: Snowflake, author: Snowflake, kind: MessageKind) -> Self {
        Self {
            id,
            channel,
            author,
            kind,
            content: String::new(),
            edited_at: None,
            embeds: Vec::new(),
            components: Vec::new(),
            attachments: Vec::new(),
            reactions: Vec::new(),
            reply_to: None,
            reference: None,
            snapshot: None,
            pinned_at: None,
            webhook: None,
            flags: 0,
            tts: false,
            mentions: Vec::new(),
            mention_roles: Vec::new(),
            mention_everyone: false,
            nonce: None,
            only_for: None,
            interaction: None,
        }
    }
    /// When it was posted.
    pub fn posted_at(&self) -> DateTime<Utc> {
        self.id.made_at()
    }

    /// Whether the user put this emoji on the message.
    pub fn has_reaction(&self, emoji: &str, user: Snowflake) -> bool {
        let emoji = Emoji::parse(emoji);
        self.reactions.iter().any(|reaction| Some(&reaction.emoji) == emoji.as_ref() && reaction.users.contains(&user))
    }

    /// Whether it is made of components alone.
    pub fn is_layout(&self) -> bool {
        self.flags & COMPONENTS_V2 != 0
    }

    /// Whether the user may see it at all, apart from the channel's permissions.
    pub fn is_shown_to(&self, user: Snowflake) -> bool {
        self.only_for.is_none_or(|only| only == user)
    }
}
