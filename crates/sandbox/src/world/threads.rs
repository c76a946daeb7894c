//! Starting threads: on a message, on a channel, as a post of a forum.

use chrono::{DateTime, Utc};

use super::{
    World,
    event::Event,
    guild::{Channel, ChannelKind},
    message::{HAS_THREAD, Message, MessageKind, Reference},
    permission,
    posting::Origin,
    snowflake::Snowflake,
    thread::Thread,
};
use crate::{form::thread::ThreadDraft, refusal::Refusal};

/// Most threads of a guild that are not archived. Not documented; what people report.
const MAX_ACTIVE: usize = 1_000;
/// After how many quiet minutes a thread is archived when nobody says. Source: Discord developer documentation, "Channel Structure".
const ARCHIVED_AFTER: u32 = 1_440;

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
        let needed = if draft.private { permission::CREATE_PRIVATE_THREADS } else { permission::CREATE_PUBLIC_THREADS };
        let on = self.channel_for(user, parent, needed)?;
        if on.kind != ChannelKind::Text {
            return Err(Refusal::wrong_channel_type());
        }
        if let Some(message) = message {
            let on = self.message(parent, message).filter(|known| known.only_for.is_none()).ok_or_else(Refusal::unknown_message)?;
            if self.channels.contains_key(&message) {
                return Err(Refusal::thread_exists());
            }
            if on.kind.is_system() {
                return Err(Refusal::system_message());
            }
        }
        let is_older = message.is_some_and(|message| self.messages(parent).next_back().is_some_and(|newest| newest.id > message));
        let id = message.unwrap_or_else(|| self.new_id(now));
        let (name, private) = (draft.name.clone(), draft.private);
        self.add_thread(now, user, parent, id, draft)?;
        if private {
            return Ok(id);
        }
        match message {
            Some(message) => {
                if let Some(known) = self.message_mut(parent, message) {
                    known.flags |= HAS_THREAD;
                }
                self.happened(Event::MessageUpdated { channel: parent, message });
                let starts = Reference { channel: parent, message: Some(message), forward: false };
                self.tell(now, user, id, MessageKind::ThreadStarter, String::new(), Some(starts));
                if is_older {
                    let to = Reference { channel: id, message: None, forward: false };
                    self.tell(now, user, parent, MessageKind::ThreadCreated, name, Some(to));
                }
            }
            // The line in the channel has the id of the thread that it is about.
            None => {
                let line = Message {
                    content: name,
                    flags: HAS_THREAD,
                    reference: Some(Reference { channel: id, message: None, forward: false }),
                    ..Message::new(id, parent, user, MessageKind::ThreadCreated)
                };
                self.insert(line);
            }
        }
        Ok(id)
    }

    /// Posts in a forum: a thread whose first message has its id.
    pub(crate) fn start_post(
        &mut self,
        now: DateTime<Utc>,
        user: Snowflake,
        forum: Snowflake,
        mut draft: ThreadDraft,
    ) -> Result<Snowflake, Refusal> {
        let post = draft.post.take().ok_or_else(Refusal::empty_message)?;
        let mut needed = permission::SEND_MESSAGES;
        needed |= if post.files.is_empty() { 0 } else { permission::ATTACH_FILES };
        needed |= if post.embeds.as_ref().is_none_or(Vec::is_empty) { 0 } else { permission::EMBED_LINKS };
        let channel = self.channel_for(user, forum, needed)?;
        self.check_tags(user, channel, &draft.applied_tags)?;
        if post.is_empty() {
            return Err(Refusal::empty_message());
        }
        let id = self.new_id(now);
        self.add_thread(now, user, forum, id, draft)?;
        self.put(now, user, id, post, Origin { id: Some(id), ..Origin::ordinary() })
    }

    /// Whether the post may have these tags, and enough of them.
    pub(super) fn check_tags(&self, user: Snowflake, forum: &Channel, applied: &[Snowflake]) -> Result<(), Refusal> {
        let rules = forum.forum.as_ref().ok_or_else(Refusal::wrong_channel_type)?;
        let manages = self.permissions_in(user, forum) & permission::MANAGE_THREADS != 0;
        for id in applied {
            let tag = rules.tags.iter().find(|tag| tag.id == *id).ok_or_else(Refusal::unknown_tag)?;
            if tag.moderated && !manages {
                return Err(Refusal::missing_permissions());
            }
        }
        if rules.requires_tag && applied.is_empty() { Err(Refusal::tag_required()) } else { Ok(()) }
    }

    /// Makes the thread itself; who may and whether it fits has been looked at.
    pub(super) fn add_thread(
        &mut self,
        now: DateTime<Utc>,
        user: Snowflake,
        parent: Snowflake,
        id: Snowflake,
        draft: ThreadDraft,
    ) -> Result<(), Refusal> {
        let on = self.channels.get(&parent).ok_or_else(Refusal::unknown_channel)?;
        let guild = on.guild.ok_or_else(Refusal::wrong_channel_type)?;
        let after = draft.auto_archive_minutes.or(on.default_auto_archive_minutes).unwrap_or(ARCHIVED_AFTER);
        if self.active_threads(guild).count() >= MAX_ACTIVE {
            return Err(Refusal::too_many_active_threads());
        }
        let kind = if draft.private { ChannelKind::PrivateThread } else { ChannelKind::Thread };
        let thread = Thread { invitable: draft.invitable, applied_tags: draft.applied_tags, ..Thread::new(user, now, after) };
        let channel = Channel {
            parent: Some(parent),
            thread: Some(thread),
            slow_mode_seconds: draft.slow_mode_seconds.unwrap_or(0),
            ..Channel::new(id, guild, kind, draft.name)
        };
        self.channels.insert(id, channel);
        self.messages.entry(id).or_default();
        self.happened(Event::ChannelCreated { channel: id });
        self.happened(Event::ThreadMembersChanged { channel: id, added: vec![user], removed: Vec::new() });
        Ok(())
    }

    /// The threads of a guild that are not archived, oldest first.
    fn active_threads(&self, guild: Snowflake) -> impl Iterator<Item = &Channel> {
        let active = |channel: &&Channel| channel.thread.as_ref().is_some_and(|thread| !thread.archived);
        self.channels.values().filter(move |channel| channel.guild == Some(guild)).filter(active)
    }

    /// The threads of a guild that are not archived and that the user sees, oldest first.
    pub(crate) fn open_threads(&self, guild: Snowflake, user: Snowflake) -> impl Iterator<Item = &Channel> {
        self.active_threads(guild).filter(move |channel| self.sees(user, channel.id))
    }

    /// The archived threads of one kind that hang on a channel.
    pub(crate) fn archived_threads(&self, parent: Snowflake, kind: ChannelKind) -> impl Iterator<Item = &Channel> {
        let archived = |channel: &&Channel| channel.thread.as_ref().is_some_and(|thread| thread.archived);
        self.channels.values().filter(move |channel| channel.parent == Some(parent) && channel.kind == kind).filter(archived)
    }

    /// Writes a line as Discord itself.
    pub(super) fn tell(
        &mut self,
        now: DateTime<Utc>,
        by: Snowflake,
        channel: Snowflake,
        kind: MessageKind,
        content: String,
        reference: Option<Reference>,
    ) {
        let id = self.new_id(now);
        self.insert(Message { content, reference, ..Message::new(id, channel, by, kind) });
    }
}
