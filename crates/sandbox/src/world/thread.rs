//! Threads and forums: what they know of themselves.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::snowflake::Snowflake;

/// How a thread stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Thread {
    /// Who started it.
    pub owner: Snowflake,
    /// Whether it is put away; writing in it takes it out again.
    pub archived: bool,
    /// Whether only those who manage threads may write in it.
    pub locked: bool,
    /// After how many quiet minutes it is archived.
    pub auto_archive_minutes: u32,
    /// When it was last archived or taken out, or its time changed.
    pub archive_changed_at: DateTime<Utc>,
    /// Who follows it, in the order in which they came.
    pub followers: Vec<Snowflake>,
    /// When each of them came; those of earlier versions came when it began.
    #[serde(default)]
    pub(crate) joined: BTreeMap<Snowflake, DateTime<Utc>>,
    /// When somebody last wrote in it.
    #[serde(default)]
    pub(crate) active_at: Option<DateTime<Utc>>,
    /// How many messages were sent in it, the first not counted; deleted ones are.
    #[serde(default)]
    pub total_sent: usize,
    /// How many of those were deleted.
    #[serde(default)]
    pub(crate) deleted: usize,
    /// Of a private one: whether others than moderators may add people.
    #[serde(default = "yes")]
    pub invitable: bool,
    /// Of a forum's post: the tags that it has.
    #[serde(default)]
    pub applied_tags: Vec<Snowflake>,
    /// Of a forum's post: whether it stands above the others.
    #[serde(default)]
    pub pinned: bool,
}

fn yes() -> bool {
    true
}

impl Thread {
    /// A thread that begins now, followed by who starts it.
    pub(crate) fn new(owner: Snowflake, now: DateTime<Utc>, auto_archive_minutes: u32) -> Self {
        Self {
            owner,
            archived: false,
            locked: false,
            auto_archive_minutes,
            archive_changed_at: now,
            followers: vec![owner],
            joined: BTreeMap::from([(owner, now)]),
            active_at: Some(now),
            total_sent: 0,
            deleted: 0,
            invitable: true,
            applied_tags: Vec::new(),
            pinned: false,
        }
    }

    /// How many messages are in it, the first not counted.
    pub fn message_count(&self) -> usize {
        self.total_sent.saturating_sub(self.deleted)
    }

    /// When its time is over, if nothing happens in it.
    pub(crate) fn quiet_until(&self) -> DateTime<Utc> {
        let active = self.active_at.unwrap_or(self.archive_changed_at).max(self.archive_changed_at);
        active + TimeDelta::minutes(i64::from(self.auto_archive_minutes))
    }

    /// Archives it, or takes it out.
    pub(crate) fn set_archived(&mut self, archived: bool, now: DateTime<Utc>) {
        self.archived = archived;
        self.archive_changed_at = now;
        if !archived {
            self.active_at = Some(now);
        }
    }

    /// Has somebody follow it; tells whether that is new.
    pub(crate) fn add(&mut self, user: Snowflake, now: DateTime<Utc>) -> bool {
        if self.followers.contains(&user) {
            return false;
        }
        self.followers.push(user);
        self.joined.insert(user, now);
        true
    }

    /// Has somebody follow it no longer; tells whether he did.
    pub(crate) fn remove(&mut self, user: Snowflake) -> bool {
        let before = self.followers.len();
        self.followers.retain(|known| *known != user);
        self.joined.remove(&user);
        self.followers.len() < before
    }
}

/// What a forum asks of its posts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Forum {
    /// The tags that posts can have.
    pub tags: Vec<Tag>,
    /// Whether a post needs at least one.
    pub requires_tag: bool,
}

/// A tag of a forum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// Its id.
    pub id: Snowflake,
    /// Its name.
    pub name: String,
    /// Whether only moderators may give it.
    pub moderated: bool,
    /// A Unicode emoji before the name.
    pub emoji: Option<String>,
}
