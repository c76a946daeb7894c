//! Sessions outlive their connections: they go on collecting events, so that a bot that comes back misses nothing.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::mpsc;

use super::{
    identify::Shard,
    payload::{self, CloseCode},
};
use crate::{
    wire::{
        event::{self, Dispatch},
        message::Viewer,
    },
    world::{World, event::Event, snowflake::Snowflake},
};

/// How many events a session keeps for a RESUME. Discord does not say; a bot that was away for longer than this many has to identify.
const BACKLOG: usize = 2_000;
/// How long a session without a connection is kept. Discord does not say; a few minutes are what bots see.
const PATIENCE: TimeDelta = TimeDelta::minutes(3);

/// What a connection is told to do.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    Send(Arc<str>),
    Reconnect,
    InvalidSession { resumable: bool },
    Close(CloseCode),
    Drop,
}

/// The end of a connection that a session holds.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(super) connection: u64,
    pub(super) orders: mpsc::UnboundedSender<Order>,
}

/// One bot's session.
#[derive(Debug)]
struct Session {
    user: Snowflake,
    intents: u64,
    shard: Shard,
    seq: u64,
    backlog: VecDeque<(u64, Arc<str>)>,
    link: Option<Link>,
    /// Since when there is no connection.
    left_at: Option<DateTime<Utc>>,
}

/// Why a RESUME is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ResumeRefusal {
    /// The session is unknown, another's, or has forgotten what is asked for: op 9.
    Gone,
    /// The client claims to have seen what was never sent: close 4007.
    InvalidSequence,
}

/// All sessions by their id.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    sessions: HashMap<String, Session>,
    connections: u64,
}

impl Sessions {
    /// Numbers a new connection.
    pub(super) fn next_connection(&mut self) -> u64 {
        self.connections += 1;
        self.connections
    }

    /// Opens a session; old ones that nobody came back to are forgotten.
    pub(super) fn open(&mut self, id: String, user: Snowflake, (intents, shard): (u64, Shard), link: Link, now: DateTime<Utc>) {
        self.sessions.retain(|_, session| session.left_at.is_none_or(|left| now - left < PATIENCE));
        self.sessions.insert(id, Session { user, intents, shard, seq: 0, backlog: VecDeque::new(), link: Some(link), left_at: None });
    }

    /// Gives the session a new connection and sends it what came after `seq`, and `again` so many that came before; tells how many events that were.
    pub(super) fn resume(&mut self, id: &str, user: Snowflake, seq: u64, again: u32, link: Link) -> Result<usize, ResumeRefusal> {
        let session = self.sessions.get_mut(id).filter(|session| session.user == user).ok_or(ResumeRefusal::Gone)?;
        if seq > session.seq {
            self.sessions.remove(id);
            return Err(ResumeRefusal::InvalidSequence);
        }
        let oldest = session.backlog.front().map_or(session.seq + 1, |(oldest, _)| *oldest);
        if seq + 1 < oldest {
            self.sessions.remove(id);
            return Err(ResumeRefusal::Gone);
        }
        // READY, the first, begins a session: a RESUME of one that a client has seen begin never brings it.
        let seen = seq.saturating_sub(u64::from(again)).max(seq.min(1));
        let missed: Vec<_> = session.backlog.iter().filter(|(number, _)| *number > seen).map(|(_, frame)| frame.clone()).collect();
        let count = missed.len();
        for frame in missed {
            // The connection is this task's own and still there.
            let _ = link.orders.send(Order::Send(frame));
        }
        if let Some(old) = session.link.replace(link) {
            let _ = old.orders.send(Order::Close(CloseCode(4000)));
        }
        session.left_at = None;
        session.push("RESUMED", &serde_json::json!({"_trace": []}));
        Ok(count)
    }

    /// The connection is gone; the session waits, or ends with it.
    pub(super) fn leave(&mut self, id: &str, connection: u64, ended: bool, now: DateTime<Utc>) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        if session.link.as_ref().is_none_or(|link| link.connection != connection) {
            return;
        }
        session.link = None;
        session.left_at = Some(now);
        if ended {
            self.sessions.remove(id);
        }
    }

    /// Sends one dispatch to one session.
    pub(super) fn push(&mut self, id: &str, (name, data): &Dispatch) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.push(name, data);
        }
    }

    /// The intents of a session.
    pub(super) fn intents(&self, id: &str) -> u64 {
        self.sessions.get(id).map_or(0, |session| session.intents)
    }

    /// Tells every session what happened, as far as it may know.
    pub(crate) fn tell(&mut self, world: &World, base_url: &str, events: &[Event]) {
        for session in self.sessions.values_mut() {
            let viewer = Viewer { world, user: session.user, base_url, reads_content: true };
            let (intents, shard) = (session.intents, session.shard);
            let its_own = events.iter().filter(|event| shard.holds(event.place(world)));
            for (name, data) in its_own.filter_map(|event| event::dispatch(event, viewer, intents)) {
                session.push(name, &data);
            }
        }
    }

    /// Gives an order to the connections of one bot, or of all; tells how many there were.
    pub(crate) fn order(&self, user: Option<Snowflake>, order: &Order) -> usize {
        let linked = self
            .sessions
            .values()
            .filter(|session| user.is_none_or(|user| session.user == user))
            .filter_map(|session| session.link.as_ref());
        linked.filter(|link| link.orders.send(order.clone()).is_ok()).count()
    }

    /// Forgets the bot's sessions, so that no RESUME succeeds.
    pub(crate) fn forget(&mut self, id: &str) {
        self.sessions.remove(id);
    }

    /// The bots that have a session with a connection.
    pub(crate) fn online(&self) -> BTreeSet<Snowflake> {
        self.sessions.values().filter(|session| session.link.is_some()).map(|session| session.user).collect()
    }

    /// Whether the bot has a session with a connection.
    pub(crate) fn is_online(&self, user: Snowflake) -> bool {
        self.sessions.values().any(|session| session.user == user && session.link.is_some())
    }
}

impl Session {
    fn push(&mut self, name: &str, data: &serde_json::Value) {
        self.seq += 1;
        let frame: Arc<str> = payload::dispatch(self.seq, name, data).into();
        self.backlog.push_back((self.seq, frame.clone()));
        if self.backlog.len() > BACKLOG {
            self.backlog.pop_front();
        }
        if let Some(link) = &self.link {
            // A connection that just broke is noticed by its own task.
            let _ = link.orders.send(Order::Send(frame));
        }
    }
}
