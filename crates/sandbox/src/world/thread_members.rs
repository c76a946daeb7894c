//! Who follows a thread.

use chrono::{DateTime, Utc};

use super::{
    World,
    event::Event,
    guild::ChannelKind,
    message::{Message, MessageKind},
    permission,
    snowflake::Snowflake,
    thread::Thread,
};
use crate::refusal::Refusal;

/// Most followers of a thread. Source: Discord developer documentation, "Opcodes and Status Codes", code 30033.
const MAX_FOLLOWERS: usize = 1_000;

impl World {
    /// Adds a user to a thread; adding oneself is joining.
    pub(crate) fn add_to_thread(&mut self, now: DateTime<Utc>, user: Snowflake, id: Snowflake, added: Snowflake) -> Result<(), Refusal> {
        let channel = self.channel_for(user, id, 0)?;
        let granted = self.permissions_in(user, channel);
        let thread = channel.thread.as_ref().ok_or_else(Refusal::wrong_channel_type)?;
        if thread.archived {
            return Err(Refusal::thread_is_archived());
        }
        if user != added {
            if granted & permission::SEND_MESSAGES_IN_THREADS == 0 {
                return Err(Refusal::missing_permissions());
            }
            let manages = granted & permission::MANAGE_THREADS != 0 || thread.owner == user;
            if channel.kind == ChannelKind::PrivateThread && !thread.invitable && !manages {
                return Err(Refusal::missing_permissions());
            }
            let guild = channel.guild.and_then(|guild| self.guilds.get(&guild)).ok_or_else(Refusal::unknown_guild)?;
            guild.members.get(&added).ok_or_else(Refusal::unknown_member)?;
            let parent = channel.parent.ok_or_else(Refusal::wrong_channel_type)?;
            if !self.sees(added, parent) {
                return Err(Refusal::missing_access());
            }
        }
        if thread.followers.len() >= MAX_FOLLOWERS && !thread.followers.contains(&added) {
            return Err(Refusal::too_many_thread_members());
        }
        let is_new = self.thread_mut(id).is_some_and(|thread| thread.add(added, now));
        if is_new {
            self.happened(Event::ThreadMembersChanged { channel: id, added: vec![added], removed: Vec::new() });
            if user != added {
                self.happened(Event::AccessGained { channel: id, user: added });
            }
            self.tell_of_recipient(now, user, id, added, MessageKind::RecipientAdd);
        }
        Ok(())
    }

    /// Takes a user out of a thread; taking oneself out is leaving.
    pub(crate) fn remove_from_thread(
        &mut self,
        now: DateTime<Utc>,
        user: Snowflake,
        id: Snowflake,
        removed: Snowflake,
    ) -> Result<(), Refusal> {
        let channel = self.channel_for(user, id, 0)?;
        let granted = self.permissions_in(user, channel);
        let thread = channel.thread.as_ref().ok_or_else(Refusal::wrong_channel_type)?;
        if thread.archived {
            return Err(Refusal::thread_is_archived());
        }
        let owns_private = channel.kind == ChannelKind::PrivateThread && thread.owner == user;
        if user != removed && granted & permission::MANAGE_THREADS == 0 && !owns_private {
            return Err(Refusal::missing_permissions());
        }
        if !thread.followers.contains(&removed) {
            return if user == removed { Ok(()) } else { Err(Refusal::unknown_member()) };
        }
        self.tell_of_recipient(now, user, id, removed, MessageKind::RecipientRemove);
        if let Some(thread) = self.thread_mut(id) {
            thread.remove(removed);
        }
        self.happened(Event::ThreadMembersChanged { channel: id, added: Vec::new(), removed: vec![removed] });
        Ok(())
    }

    /// A thread that the user sees.
    pub(crate) fn thread_for(&self, user: Snowflake, id: Snowflake) -> Result<&Thread, Refusal> {
        self.channel_for(user, id, 0)?.thread.as_ref().ok_or_else(Refusal::wrong_channel_type)
    }

    fn thread_mut(&mut self, id: Snowflake) -> Option<&mut Thread> {
        self.channels.get_mut(&id)?.thread.as_mut()
    }

    /// Who comes and goes by himself is not told of.
    fn tell_of_recipient(&mut self, now: DateTime<Utc>, by: Snowflake, thread: Snowflake, whom: Snowflake, kind: MessageKind) {
        if by != whom {
            let id = self.new_id(now);
            self.insert(Message { mentions: vec![whom], ..Message::new(id, thread, by, kind) });
        }
    }
}
