//! Everything that is said to people, pure: facts in, text out. Posts, replies, refusals, tables and alerts are all worded here, so that one
//! fact has one voice and every wording can be reviewed and snapshot-tested in one room. It knows the vocabulary and nothing else: no store,
//! no Discord library, no time but what it is given.

pub mod age;
pub mod alerts;
pub mod announcements;
pub mod answers;
pub mod artifacts;
pub mod because;
pub mod card;
pub mod checks;
pub mod costs;
pub mod entry;
pub mod figures;
pub mod fit;
pub mod harmless;
pub mod notices;
pub mod panels;
pub mod permission;
pub mod quotas;
pub mod redact;
pub mod refusals;
pub mod tables;
pub mod views;
pub mod why;
