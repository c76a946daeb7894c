//! The world as Discord writes it in JSON.
//!
//! Comes in: the world, and for whom it is written. Goes out: JSON. Nothing is changed and nothing refused here.

pub(crate) mod channel;
pub(crate) mod event;
pub(crate) mod guild;
pub(crate) mod interaction;
pub(crate) mod media;
pub(crate) mod members;
pub(crate) mod message;
pub(crate) mod user;

use chrono::{DateTime, SecondsFormat, Utc};

/// A time as Discord writes it.
pub(crate) fn timestamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, false)
}
