//! What was asked of the local Discord and what it answered, in order: the memory of a test, and `GET /sandbox/log`.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::world::snowflake::Snowflake;

/// One line of the log.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "record", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "nearly all of them are requests")]
pub enum Record {
    /// A REST request.
    Request(Request),
    /// Something that happened on the gateway.
    Gateway(GatewayRecord),
}

impl Record {
    /// The request, if it is one.
    pub fn request(&self) -> Option<&Request> {
        match self {
            Self::Request(request) => Some(request),
            Self::Gateway(_) => None,
        }
    }

    /// The gateway's record, if it is one.
    pub fn gateway(&self) -> Option<&GatewayRecord> {
        match self {
            Self::Gateway(record) => Some(record),
            Self::Request(_) => None,
        }
    }
}

/// A REST request and its answer.
#[derive(Clone, Debug, Serialize)]
pub struct Request {
    /// When it was answered.
    pub at: DateTime<Utc>,
    /// `GET`, `POST`, …
    pub method: String,
    /// The path, decoded, without `/api/v10` and without the query.
    pub path: String,
    /// The query, if there was one.
    pub query: String,
    /// The route that it took, such as `/channels/{channel}/messages`; `None` if there is none.
    pub route: Option<&'static str>,
    /// Whose token it carried.
    pub user: Option<Snowflake>,
    /// The name of that user.
    pub username: Option<String>,
    /// Whether that user is a bot.
    pub by_bot: bool,
    /// The headers that matter: agent, content type, reason.
    pub headers: Vec<(String, String)>,
    /// The JSON body, or `payload_json` of a multipart body; null if there was none.
    pub body: Value,
    /// The names and sizes of the files that came with it.
    pub files: Vec<(String, usize)>,
    /// The status of the answer; `None` if the connection was closed instead.
    pub status: Option<u16>,
    /// The body of the answer as the route gave it, if it was JSON.
    pub answer: Value,
    /// What the answer came from.
    pub cause: Cause,
    /// The trouble that it met, in words.
    pub trouble: Option<String>,
}

/// Where an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The request was carried out, or refused in Discord's words.
    Handled,
    /// A rate limit, or the ban after too many invalid requests.
    Limited,
    /// Trouble that was asked for, instead of the effect.
    Trouble,
    /// Trouble that was asked for, after the effect: the answer was lost, whole or in part.
    AnswerLost,
    /// Trouble that was asked for, after the effect: the answer was changed on its way.
    Altered,
    /// Discord may know this route; the local Discord does not.
    NotBuilt,
}

/// Something that happened on the gateway.
#[derive(Clone, Debug, Serialize)]
pub struct GatewayRecord {
    /// When.
    pub at: DateTime<Utc>,
    /// Which connection, counted from 1; 0 is all of them.
    pub connection: u64,
    /// Whose session, once it is known.
    pub user: Option<Snowflake>,
    /// What.
    #[serde(flatten)]
    pub what: GatewayEvent,
}

/// The kinds of [`GatewayRecord`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum GatewayEvent {
    /// A connection was opened and said hello to.
    Connected,
    /// An IDENTIFY was accepted.
    Identified {
        /// The intents that it asked for.
        intents: u64,
        /// The new session.
        session: String,
    },
    /// A RESUME was accepted.
    Resumed {
        /// The session.
        session: String,
        /// How many events were sent again.
        replayed: usize,
    },
    /// A RESUME was refused with op 9.
    ResumeRefused {
        /// The session that was asked for.
        session: String,
    },
    /// The local Discord closed the connection.
    Closed {
        /// With this code.
        code: u16,
    },
    /// The client closed the connection, or it broke.
    Left {
        /// With this code, if it sent one.
        code: Option<u16>,
    },
    /// The connection was cut without a close frame, on request.
    Dropped,
    /// Trouble was made for all connections; those that it ends tell so themselves.
    Troubled {
        /// Which, in words.
        trouble: String,
    },
    /// Something was done to an event on its way.
    Mishandled {
        /// Its name.
        name: String,
        /// What: doubled, late, lost.
        how: &'static str,
    },
}

/// All records, oldest first, up to a number.
#[derive(Debug)]
pub(crate) struct RequestLog {
    records: Mutex<VecDeque<Record>>,
    capacity: usize,
}

impl RequestLog {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { records: Mutex::default(), capacity }
    }

    pub(crate) fn add(&self, record: Record) {
        let mut records = self.lock();
        if records.len() >= self.capacity {
            records.pop_front();
        }
        records.push_back(record);
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, VecDeque<Record>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
