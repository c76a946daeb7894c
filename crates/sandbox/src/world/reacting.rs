//! Putting emoji on messages and taking them off.

use super::{
    World,
    emoji::Emoji,
    event::Event,
    message::{Message, Reaction},
    permission,
    snowflake::Snowflake,
};
use crate::refusal::Refusal;

/// Most different emoji on one message. Source: Discord developer documentation, "Opcodes and Status Codes", code 30010.
const MAX_KINDS: usize = 20;

impl World {
    /// Puts the emoji on the message; doing it again changes nothing.
    pub(crate) fn react(&mut self, user: Snowflake, channel: Snowflake, id: Snowflake, emoji: &str) -> Result<(), Refusal> {
        let granted =
            self.channel_for(user, channel, permission::READ_MESSAGE_HISTORY).map(|channel| self.permissions_in(user, channel))?;
        let emoji = Emoji::parse(emoji).ok_or_else(Refusal::unknown_emoji)?;
        self.check_not_archived(channel)?;
        let message = self.open_message(channel, id)?;
        if let Some(reaction) = message.reactions.iter_mut().find(|reaction| reaction.emoji == emoji) {
            if reaction.users.contains(&user) {
                return Ok(());
            }
            reaction.users.push(user);
        } else {
            if granted & permission::ADD_REACTIONS == 0 {
                return Err(Refusal::missing_permissions());
            }
            if message.reactions.len() >= MAX_KINDS {
                return Err(Refusal::too_many_reactions());
            }
            message.reactions.push(Reaction { emoji: emoji.clone(), users: vec![user] });
        }
        self.happened(Event::ReactionAdded { channel, message: id, user, emoji });
        Ok(())
    }

    /// Takes the emoji of `of` off the message.
    pub(crate) fn unreact(
        &mut self,
        user: Snowflake,
        channel: Snowflake,
        id: Snowflake,
        emoji: &str,
        of: Snowflake,
    ) -> Result<(), Refusal> {
        self.channel_for(user, channel, if user == of { 0 } else { permission::MANAGE_MESSAGES })?;
        let emoji = Emoji::parse(emoji).ok_or_else(Refusal::unknown_emoji)?;
        let message = self.open_message(channel, id)?;
        let reaction = message.reactions.iter_mut().find(|reaction| reaction.emoji == emoji).ok_or_else(Refusal::unknown_emoji)?;
        let before = reaction.users.len();
        reaction.users.retain(|reacted| *reacted != of);
        let removed = reaction.users.len() < before;
        message.reactions.retain(|reaction| !reaction.users.is_empty());
        if removed {
            self.happened(Event::ReactionRemoved { channel, message: id, user: of, emoji });
        }
        Ok(())
    }

    /// Takes all emoji off the message, or all of one kind.
    pub(crate) fn clear_reactions(
        &mut self,
        user: Snowflake,
        channel: Snowflake,
        id: Snowflake,
        emoji: Option<&str>,
    ) -> Result<(), Refusal> {
        self.channel_for(user, channel, permission::MANAGE_MESSAGES)?;
        let kind = emoji.map(|emoji| Emoji::parse(emoji).ok_or_else(Refusal::unknown_emoji)).transpose()?;
        let message = self.open_message(channel, id)?;
        let event = match kind {
            None => {
                message.reactions.clear();
                Event::ReactionsCleared { channel, message: id }
            }
            Some(emoji) => {
                message.reactions.retain(|reaction| reaction.emoji != emoji);
                Event::ReactionKindCleared { channel, message: id, emoji }
            }
        };
        self.happened(event);
        Ok(())
    }

    /// Who put the emoji on the message, by id.
    pub(crate) fn reacted(&self, user: Snowflake, channel: Snowflake, id: Snowflake, emoji: &str) -> Result<Vec<Snowflake>, Refusal> {
        self.channel_for(user, channel, permission::READ_MESSAGE_HISTORY)?;
        let emoji = Emoji::parse(emoji).ok_or_else(Refusal::unknown_emoji)?;
        let message = self.message(channel, id).filter(|message| message.only_for.is_none()).ok_or_else(Refusal::unknown_message)?;
        let mut users =
            message.reactions.iter().find(|reaction| reaction.emoji == emoji).map(|reaction| reaction.users.clone()).unwrap_or_default();
        users.sort_unstable();
        Ok(users)
    }

    /// A message that is there for everybody.
    fn open_message(&mut self, channel: Snowflake, id: Snowflake) -> Result<&mut Message, Refusal> {
        self.message_mut(channel, id).filter(|message| message.only_for.is_none()).ok_or_else(Refusal::unknown_message)
    }
}
