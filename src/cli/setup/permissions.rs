//! What the bot needs in Discord: for the invite link, and per channel for `doctor`.

use crate::adapters::discord::permissions::Permissions;
use orchestrator_core::{domain::id::UserId, ports::chat::ChatError};

use crate::adapters::discord::{
    Sender,
    permissions::permissions,
    server::{Channel, Guild, Member},
};

/// What one bot may do in a server: asked for once, then told of each channel.
pub(crate) struct Rights {
    guild: Guild,
    member: Member,
}

impl Rights {
    /// Asks for them: two requests.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    pub(crate) async fn of(sender: &Sender, guild: u64, user: UserId) -> Result<Self, ChatError> {
        Ok(Self { guild: sender.guild(guild).await?, member: sender.member(guild, user).await? })
    }

    /// What of `needs` is lacking in a channel, in Discord's words; none: all of it is there.
    pub(crate) fn lacking(&self, channel: &Channel, needs: Permissions) -> Option<String> {
        let lacks = needs - permissions(&self.guild, channel, &self.member);
        (!lacks.is_empty()).then(|| lacks.get_permission_names().join(", "))
    }
}

/// In the channel whose messages are tasks: read them, mark them, answer them.
pub(crate) const TASK_QUEUE: Permissions =
    union(&[Permissions::VIEW_CHANNEL, Permissions::SEND_MESSAGES, Permissions::READ_MESSAGE_HISTORY, Permissions::ADD_REACTIONS]);

/// For the cards of tasks, in the channel whose messages are tasks.
pub(crate) const CARDS: Permissions = Permissions::EMBED_LINKS;

/// For the threads beneath them.
pub(crate) const THREADS: Permissions = union(&[Permissions::CREATE_PUBLIC_THREADS, Permissions::SEND_MESSAGES_IN_THREADS]);

/// In the channel of results: post them with files, and look whether a post stands already.
pub(crate) const RESULTS: Permissions = union(&[
    Permissions::VIEW_CHANNEL,
    Permissions::SEND_MESSAGES,
    Permissions::READ_MESSAGE_HISTORY,
    Permissions::ATTACH_FILES,
    Permissions::EMBED_LINKS,
]);

/// In a channel of notices.
pub(crate) const NOTICES: Permissions = union(&[Permissions::VIEW_CHANNEL, Permissions::SEND_MESSAGES, Permissions::READ_MESSAGE_HISTORY]);

/// What the invite link asks for: the above, and threads for detail. Never Administrator.
pub(crate) const INVITE: Permissions = union(&[TASK_QUEUE, RESULTS, NOTICES, CARDS, THREADS]);

/// Beside them, where the bot is to make the channels; it may be taken away afterwards.
pub(crate) const MAKE_CHANNELS: Permissions = Permissions::MANAGE_CHANNELS;

const fn union(parts: &[Permissions]) -> Permissions {
    let (mut all, mut at) = (Permissions::empty(), 0);
    while at < parts.len() {
        all = all.union(parts[at]);
        at += 1;
    }
    all
}

/// The page on which somebody lets the bot into a server.
pub(crate) fn invite_link(api_base: &str, application: u64, permissions: Permissions) -> String {
    format!("{api_base}/oauth2/authorize?client_id={application}&scope=bot+applications.commands&permissions={}", permissions.bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_asks_for_what_is_needed_and_nothing_that_rules() {
        assert!(INVITE.contains(TASK_QUEUE) && INVITE.contains(RESULTS) && INVITE.contains(NOTICES));
        assert!(!INVITE.contains(Permissions::ADMINISTRATOR) && !INVITE.contains(Permissions::MANAGE_CHANNELS));
        assert_eq!(
            invite_link("https://discord.com", 42, NOTICES),
            "https://discord.com/oauth2/authorize?client_id=42&scope=bot+applications.commands&permissions=68608"
        );
    }
}
