//! How Discord says no: an HTTP status, a code of its own and a sentence.

use std::fmt;

use serde_json::{Value, json};

/// A refused request, with the body that Discord would answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// Discord's own error code; 0 where it has none.
    pub code: u32,
    /// The sentence that goes with the code.
    pub message: String,
    /// For an invalid form: which fields are wrong, as a tree.
    pub errors: Option<Value>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}, code {}: {}", self.status, self.code, self.message)?;
        self.errors.as_ref().map_or(Ok(()), |errors| write!(f, " {errors}"))
    }
}

impl std::error::Error for Refusal {}

macro_rules! refusals {
    ($($name:ident = $status:literal $code:literal $message:literal),* $(,)?) => {
        $(pub(crate) fn $name() -> Self { Self::new($status, $code, $message) })*
    };
}

impl Refusal {
    /// A refusal with a status, a code and a sentence.
    pub fn new(status: u16, code: u32, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), errors: None }
    }

    /// The JSON body as Discord writes it.
    pub fn body(&self) -> Value {
        let mut body = json!({"message": self.message, "code": self.code});
        if let Some(errors) = &self.errors {
            body["errors"] = errors.clone();
        }
        body
    }

    // Source: Discord developer documentation, "Opcodes and Status Codes".
    refusals! {
        unauthorized = 401 0 "401: Unauthorized",
        not_found = 404 0 "404: Not Found",
        method_not_allowed = 405 0 "405: Method Not Allowed",
        unknown_application = 404 10002 "Unknown Application",
        unknown_channel = 404 10003 "Unknown Channel",
        unknown_guild = 404 10004 "Unknown Guild",
        unknown_member = 404 10007 "Unknown Member",
        unknown_message = 404 10008 "Unknown Message",
        unknown_role = 404 10011 "Unknown Role",
        unknown_user = 404 10013 "Unknown User",
        unknown_emoji = 400 10014 "Unknown Emoji",
        unknown_webhook = 404 10015 "Unknown Webhook",
        unknown_interaction = 404 10062 "Unknown interaction",
        unknown_command = 404 10063 "Unknown application command",
        unknown_ban = 404 10026 "Unknown Ban",
        invalid_role = 400 50028 "Invalid Role",
        invalid_guild = 400 50055 "Invalid Guild",
        cannot_message = 403 50007 "Cannot send messages to this user",
        no_mutual_guild = 403 50278 "Cannot send messages to this user due to having no mutual guilds",
        too_many_roles = 400 30005 "Maximum number of guild roles reached (250)",
        unknown_tag = 404 10087 "Unknown tag",
        bots_only = 403 20002 "Only bots can use this endpoint",
        people_only = 403 20001 "Bots cannot use this endpoint",
        too_many_reactions = 400 30010 "Maximum number of reactions reached (20)",
        too_many_creates = 400 30034 "Maximum number of daily application command creates has been reached (200)",
        unknown_command_permissions = 404 10066 "Unknown application command permissions",
        too_many_commands = 400 30032 "Maximum number of application commands reached (100).",
        too_many_channels = 400 30013 "Maximum number of guild channels reached (500)",
        too_many_attachments = 400 30015 "Maximum number of attachments in a message reached (10)",
        request_too_large = 413 40005 "Request entity too large",
        already_acknowledged = 400 40060 "Interaction has already been acknowledged.",
        missing_access = 403 50001 "Missing Access",
        not_the_author = 403 50005 "Cannot edit a message authored by another user",
        empty_message = 400 50006 "Cannot send an empty message",
        thread_is_archived = 400 50083 "Thread is archived",
        thread_exists = 400 160_004 "A thread has already been created for this message",
        tag_required = 400 40067 "A tag is required to create a forum post in this channel",
        message_in_forum = 400 40058 "Cannot send a message in a forum channel",
        direct_channel = 403 50003 "Cannot execute action on a DM channel",
        too_old_for_bulk_delete = 400 50034 "A message provided was too old to bulk delete",
        cannot_forward = 400 160_014 "You cannot forward a message whose content you cannot read",
        no_polls_here = 400 520_002 "Invalid channel type for poll creation",
        too_many_pins = 400 30003 "Maximum number of pins reached for the channel (250)",
        too_many_webhooks = 400 30007 "Maximum number of webhooks reached (15)",
        posts_need_a_forum = 400 220_003 "Webhooks can only create threads in forum channels",
        forum_needs_a_thread = 400 220_001 "Webhooks posted to forum channels must have a thread_name or thread_id",
        thread_name_and_id = 400 220_002 "Webhooks posted to forum channels cannot have both a thread_name and thread_id",
        too_many_thread_members = 400 30033 "Maximum number of thread participants reached (1000)",
        too_many_active_threads = 400 160_006 "Maximum number of active threads reached",
        system_message = 403 50021 "Cannot execute action on a system message",
        thread_is_locked = 403 160_005 "This thread is locked",
        wrong_channel_type = 400 50024 "Cannot execute action on this channel type",
        missing_permissions = 403 50013 "Missing Permissions",
        bad_bulk_delete = 400 50016 "Provided too few or too many messages to delete. Must provide between 2 and 100 messages to delete.",
        invalid_webhook_token = 401 50027 "Invalid Webhook Token",
        invalid_json = 400 50109 "The request body contains invalid JSON.",
    }
}
