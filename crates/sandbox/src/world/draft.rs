//! A message as someone wants it: checked for form, not yet in the world.

use std::collections::BTreeSet;

use serde_json::Value;

use super::snowflake::Snowflake;

/// What a request wants to post or change. `None` leaves a part as it is; something empty clears it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    pub(crate) content: Option<String>,
    pub(crate) embeds: Option<Vec<Value>>,
    pub(crate) components: Option<Vec<Value>>,
    pub(crate) flags: Option<u64>,
    pub(crate) tts: bool,
    pub(crate) nonce: Option<Value>,
    pub(crate) enforce_nonce: bool,
    pub(crate) reply: Option<Reply>,
    pub(crate) forward: Option<Forward>,
    pub(crate) allowed_mentions: Option<AllowedMentions>,
    /// The attachments to keep, by id; `None` keeps all.
    pub(crate) kept: Option<Vec<Snowflake>>,
    pub(crate) files: Vec<Upload>,
}

impl Draft {
    /// Whether nothing would be seen of it.
    pub(crate) fn is_empty(&self) -> bool {
        self.content.as_ref().is_none_or(String::is_empty)
            && self.embeds.as_ref().is_none_or(Vec::is_empty)
            && self.components.as_ref().is_none_or(Vec::is_empty)
            && self.files.is_empty()
    }
}

/// The message that a message answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reply {
    pub(crate) message: Snowflake,
    pub(crate) must_exist: bool,
}

/// The message that a message forwards.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Forward {
    pub(crate) channel: Snowflake,
    pub(crate) message: Snowflake,
}

/// A file that comes with a request.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) filename: String,
    pub(crate) description: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) bytes: Vec<u8>,
}

/// Which mentions in the text may notify.
#[derive(Clone, Debug)]
pub(crate) struct AllowedMentions {
    pub(crate) everyone: bool,
    pub(crate) all_users: bool,
    pub(crate) all_roles: bool,
    pub(crate) users: BTreeSet<Snowflake>,
    pub(crate) roles: BTreeSet<Snowflake>,
    pub(crate) replied_user: bool,
}

impl Default for AllowedMentions {
    /// What holds when a request says nothing: everything notifies.
    fn default() -> Self {
        Self { everyone: true, all_users: true, all_roles: true, users: BTreeSet::new(), roles: BTreeSet::new(), replied_user: true }
    }
}
