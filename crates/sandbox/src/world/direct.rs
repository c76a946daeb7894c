//! Direct conversations of two.

use chrono::{DateTime, Utc};

use super::{
    World,
    guild::{Channel, ChannelKind},
    snowflake::Snowflake,
};
use crate::refusal::Refusal;

impl World {
    /// The conversation of the two, which begins if there is none yet.
    pub(crate) fn direct_channel(&mut self, now: DateTime<Utc>, user: Snowflake, with: Snowflake) -> Result<Snowflake, Refusal> {
        let other = self.user(with).ok_or_else(Refusal::unknown_user)?.username.clone();
        if user == with {
            return Err(Refusal::cannot_message());
        }
        let own = |channel: &&Channel| channel.kind == ChannelKind::Direct && channel.recipients.contains(&user);
        if let Some(known) = self.channels.values().filter(own).find(|channel| channel.recipients.contains(&with)) {
            return Ok(known.id);
        }
        let me = self.user(user).ok_or_else(Refusal::unknown_user)?.username.clone();
        let id = self.new_id(now);
        let channel = Channel {
            guild: None,
            recipients: vec![user, with],
            // Nobody is shown it; a script finds the conversation by it.
            ..Channel::new(id, id, ChannelKind::Direct, format!("@{me} @{other}"))
        };
        self.channels.insert(id, channel);
        self.messages.entry(id).or_default();
        Ok(id)
    }

    /// The conversations of a user, oldest first.
    pub fn direct_channels(&self, user: Snowflake) -> impl Iterator<Item = &Channel> {
        self.channels.values().filter(move |channel| channel.kind == ChannelKind::Direct && channel.recipients.contains(&user))
    }

    /// Whether a message of `author` would reach the other: they share a guild, and are not both bots.
    pub(super) fn check_reachable(&self, author: Snowflake, channel: &Channel) -> Result<(), Refusal> {
        if channel.kind != ChannelKind::Direct {
            return Ok(());
        }
        let is_bot = |id: &Snowflake| self.user(*id).is_none_or(|user| user.bot);
        let together = self.guilds_with(author).any(|guild| channel.recipients.iter().all(|id| guild.members.contains_key(id)));
        match (together, channel.recipients.iter().all(is_bot)) {
            (true, false) => Ok(()),
            (false, _) => Err(Refusal::no_mutual_guild()),
            (true, true) => Err(Refusal::cannot_message()),
        }
    }
}
