//! What becomes of threads: renamed, locked, archived by hand or by time, taken out by who writes in them.

use chrono::{DateTime, TimeDelta, Utc};

use super::{World, event::Event, message::MessageKind, permission, snowflake::Snowflake};
use crate::{
    form::channel::{ChannelDraft, PINNED},
    refusal::Refusal,
};

impl World {
    /// Changes a thread: its owner may rename and archive it, others need a permission; whoever may write in it may take it out again.
    pub(super) fn change_thread(&mut self, now: DateTime<Utc>, user: Snowflake, id: Snowflake, draft: ChannelDraft) -> Result<(), Refusal> {
        let channel = self.channel_for(user, id, 0)?;
        let granted = self.permissions_in(user, channel);
        let mut changed = channel.clone();
        let thread = changed.thread.as_mut().ok_or_else(Refusal::wrong_channel_type)?;
        let manages = granted & permission::MANAGE_THREADS != 0;
        let moderates = draft.locked.is_some() || draft.slow_mode_seconds.is_some() || draft.flags.is_some();
        let only_takes_out = draft.archived == Some(false) && draft.is_about_archiving_alone() && !thread.locked;
        let may_take_out = only_takes_out && granted & permission::SEND_MESSAGES_IN_THREADS != 0;
        let may_change = manages || (thread.owner == user && !moderates && !thread.locked);
        if !may_change && !may_take_out {
            return Err(Refusal::missing_permissions());
        }
        if thread.archived && draft.archived != Some(false) {
            return Err(Refusal::thread_is_archived());
        }
        if let Some(tags) = &draft.applied_tags {
            let forum = changed.parent.and_then(|parent| self.channels.get(&parent)).ok_or_else(Refusal::wrong_channel_type)?;
            let fresh: Vec<_> = tags.iter().filter(|tag| !thread.applied_tags.contains(tag)).copied().collect();
            self.check_tags(user, forum, if fresh.is_empty() { tags } else { &fresh })?;
            thread.applied_tags.clone_from(tags);
        }
        if let Some(archived) = draft.archived.filter(|archived| *archived != thread.archived) {
            thread.set_archived(archived, now);
        }
        if let Some(minutes) = draft.auto_archive_minutes {
            thread.auto_archive_minutes = minutes;
            thread.archive_changed_at = now;
        }
        thread.locked = draft.locked.unwrap_or(thread.locked);
        thread.invitable = draft.invitable.unwrap_or(thread.invitable);
        thread.pinned = draft.flags.map_or(thread.pinned, |flags| flags & PINNED != 0);
        changed.slow_mode_seconds = draft.slow_mode_seconds.unwrap_or(changed.slow_mode_seconds);
        let renamed = draft.name.filter(|name| *name != changed.name);
        changed.name = renamed.clone().unwrap_or(changed.name);
        self.channels.insert(id, changed);
        self.happened(Event::ChannelUpdated { channel: id });
        if let Some(name) = renamed {
            self.tell(now, user, id, MessageKind::NameChange, name, None);
        }
        Ok(())
    }

    /// Before somebody writes in a thread: a locked one refuses, an archived one is taken out.
    pub(super) fn enter_thread(&mut self, now: DateTime<Utc>, user: Snowflake, id: Snowflake) -> Result<(), Refusal> {
        let Some(channel) = self.channels.get(&id).filter(|channel| channel.thread.is_some()) else { return Ok(()) };
        let manages = self.permissions_in(user, channel) & permission::MANAGE_THREADS != 0;
        let Some(thread) = self.channels.get_mut(&id).and_then(|channel| channel.thread.as_mut()) else { return Ok(()) };
        if thread.locked && !manages {
            return Err(Refusal::thread_is_locked());
        }
        let is_new = thread.add(user, now);
        let was_archived = thread.archived;
        if was_archived {
            thread.set_archived(false, now);
        }
        if is_new {
            self.happened(Event::ThreadMembersChanged { channel: id, added: vec![user], removed: Vec::new() });
        }
        if was_archived {
            self.happened(Event::ChannelUpdated { channel: id });
        }
        Ok(())
    }

    /// Refuses what can't be done to messages of an archived thread.
    pub(super) fn check_not_archived(&self, id: Snowflake) -> Result<(), Refusal> {
        let archived = self.channels.get(&id).and_then(|channel| channel.thread.as_ref()).is_some_and(|thread| thread.archived);
        if archived { Err(Refusal::thread_is_archived()) } else { Ok(()) }
    }

    /// Counts a message that was sent in a thread; the first of a post and the line at the beginning don't count.
    pub(super) fn count_in_thread(&mut self, now: DateTime<Utc>, channel: Snowflake, message: Snowflake, kind: MessageKind) {
        let Some(thread) = self.channels.get_mut(&channel).and_then(|channel| channel.thread.as_mut()) else { return };
        if message != channel && kind != MessageKind::ThreadStarter {
            thread.total_sent += 1;
            thread.active_at = Some(now);
        }
    }

    /// Whether the time of a thread is over, or that of somebody's silence.
    pub(crate) fn is_time_for_something(&self, now: DateTime<Utc>) -> bool {
        let over = |until: Option<DateTime<Utc>>| until.is_some_and(|until| until <= now);
        self.channels.values().filter_map(|channel| channel.thread.as_ref()).any(|thread| !thread.archived && thread.quiet_until() <= now)
            || self.guilds.values().flat_map(|guild| guild.members.values()).any(|member| over(member.timed_out_until))
    }

    /// Archives the threads in which nothing has happened for their time, and lets those speak again whose silence is over.
    pub(crate) fn let_time_pass(&mut self, now: DateTime<Utc>) {
        let quiet = |thread: &super::thread::Thread| !thread.archived && thread.quiet_until() <= now;
        let over: Vec<_> =
            self.channels.values().filter(|channel| channel.thread.as_ref().is_some_and(quiet)).map(|channel| channel.id).collect();
        for id in over {
            if let Some(thread) = self.channels.get_mut(&id).and_then(|channel| channel.thread.as_mut()) {
                thread.set_archived(true, now);
            }
            self.happened(Event::ChannelUpdated { channel: id });
        }
        let mut spoken = Vec::new();
        for guild in self.guilds.values_mut() {
            for member in guild.members.values_mut().filter(|member| member.timed_out_until.is_some_and(|until| until <= now)) {
                member.timed_out_until = None;
                spoken.push(Event::MemberUpdated { guild: guild.id, user: member.user });
            }
        }
        self.events.extend(spoken);
    }

    /// Makes all threads older by so many minutes, as if nothing had happened in them for that long.
    pub(crate) fn age_threads(&mut self, now: DateTime<Utc>, minutes: u32) {
        let by = TimeDelta::minutes(i64::from(minutes));
        for thread in self.channels.values_mut().filter_map(|channel| channel.thread.as_mut()).filter(|thread| !thread.archived) {
            thread.archive_changed_at -= by;
            thread.active_at = thread.active_at.map(|at| at - by);
        }
        self.let_time_pass(now);
    }
}
