//! Threads: conversations that hang on a message or a channel.

use chrono::{DateTime, Utc};

use super::{
    World,
    event::Event,
    guild::{Channel, ChannelKind, Thread},
    message::HAS_THREAD,
    permission,
    snowflake::Snowflake,
};
use crate::{
    form::channel::{ChannelDraft, ThreadDraft},
    refusal::Refusal,
};

impl World {
    /// Starts a thread on a message, whose id it gets, or on the channel itself.
    pub(crate) fn start_thread(
        &mut self,
        now: DateTime<Utc>,
        user: Snowflake,
        parent: Snowflake,
        message: Option<Snowflake>,
        draft: ThreadDraft,
    ) -> Result<Snowflake, Refusal> {
        let on = self.channel_for(user, parent, permission::CREATE_PUBLIC_THREADS)?;
        let Some(guild) = on.guild.filter(|_| on.kind == ChannelKind::Text) else {
            return Err(Refusal::wrong_channel_type());
        };
        let id = match message {
            Some(message) => {
                self.message(parent, message).filter(|known| known.only_for.is_none()).ok_or_else(Refusal::unknown_message)?;
                if self.channels.contains_key(&message) {
                    return Err(Refusal::thread_exists());
                }
                message
            }
            None => self.new_id(now),
        };
        let thread = Thread {
            owner: user,
            archived: false,
            locked: false,
            auto_archive_minutes: draft.auto_archive_minutes.unwrap_or(1_440),
            archive_changed_at: now,
            followers: vec![user],
        };
        let channel = Channel { parent: Some(parent), thread: Some(thread), ..Channel::new(id, guild, ChannelKind::Thread, draft.name) };
        self.channels.insert(id, channel);
        self.messages.entry(id).or_default();
        self.happened(Event::ChannelCreated { channel: id });
        if let Some(known) = message.and_then(|message| self.message_mut(parent, message)) {
            known.flags |= HAS_THREAD;
            self.happened(Event::MessageUpdated { channel: parent, message: id });
        }
        Ok(id)
    }

    /// Changes a thread: its owner may rename and archive it, others need a permission; whoever may write in it may take it out again.
    pub(super) fn change_thread(&mut self, now: DateTime<Utc>, user: Snowflake, id: Snowflake, draft: ChannelDraft) -> Result<(), Refusal> {
        let channel = self.channel_for(user, id, 0)?;
        let granted = self.permissions_in(user, channel);
        let mut changed = channel.clone();
        let thread = changed.thread.as_mut().ok_or_else(Refusal::wrong_channel_type)?;
        let manages = granted & permission::MANAGE_THREADS != 0;
        let only_takes_out = draft.archived == Some(false) && draft.name.is_none() && draft.locked.is_none() && !thread.locked;
        let may_take_out = only_takes_out && granted & permission::SEND_MESSAGES_IN_THREADS != 0;
        let may_change = manages || (thread.owner == user && draft.locked.is_none());
        if !may_change && !may_take_out {
            return Err(Refusal::missing_permissions());
        }
        if thread.archived && draft.archived != Some(false) {
            return Err(Refusal::thread_is_archived());
        }
        if let Some(archived) = draft.archived {
            thread.archived = archived;
            thread.archive_changed_at = now;
        }
        thread.locked = draft.locked.unwrap_or(thread.locked);
        thread.auto_archive_minutes = draft.auto_archive_minutes.unwrap_or(thread.auto_archive_minutes);
        changed.name = draft.name.unwrap_or(changed.name);
        self.channels.insert(id, changed);
        self.happened(Event::ChannelUpdated { channel: id });
        Ok(())
    }

    /// Has the user follow a thread, or no longer.
    pub(crate) fn follow_thread(&mut self, user: Snowflake, id: Snowflake, follows: bool) -> Result<(), Refusal> {
        self.channel_for(user, id, 0)?;
        let thread = self.channels.get_mut(&id).and_then(|channel| channel.thread.as_mut()).ok_or_else(Refusal::wrong_channel_type)?;
        thread.followers.retain(|known| *known != user);
        if follows {
            thread.followers.push(user);
        }
        self.happened(Event::ChannelUpdated { channel: id });
        Ok(())
    }

    /// The threads of a guild that are not archived and that the user sees, oldest first.
    pub(crate) fn open_threads(&self, guild: Snowflake, user: Snowflake) -> impl Iterator<Item = &Channel> {
        let open = |channel: &&Channel| channel.thread.as_ref().is_some_and(|thread| !thread.archived);
        self.channels.values().filter(open).filter(move |channel| channel.guild == Some(guild) && self.sees(user, channel.id))
    }

    /// Before somebody writes in a thread: a locked one refuses, an archived one is taken out.
    pub(super) fn enter_thread(&mut self, now: DateTime<Utc>, user: Snowflake, id: Snowflake) -> Result<(), Refusal> {
        let Some(channel) = self.channels.get(&id).filter(|channel| channel.thread.is_some()) else { return Ok(()) };
        let manages = self.permissions_in(user, channel) & permission::MANAGE_THREADS != 0;
        let Some(thread) = self.channels.get_mut(&id).and_then(|channel| channel.thread.as_mut()) else { return Ok(()) };
        if thread.locked && !manages {
            return Err(Refusal::thread_is_locked());
        }
        if !thread.followers.contains(&user) {
            thread.followers.push(user);
        }
        if thread.archived {
            thread.archived = false;
            thread.archive_changed_at = now;
            self.happened(Event::ChannelUpdated { channel: id });
        }
        Ok(())
    }

    /// Refuses what can't be done to messages of an archived thread.
    pub(super) fn check_not_archived(&self, id: Snowflake) -> Result<(), Refusal> {
        let archived = self.channels.get(&id).and_then(|channel| channel.thread.as_ref()).is_some_and(|thread| thread.archived);
        if archived { Err(Refusal::thread_is_archived()) } else { Ok(()) }
    }
}
