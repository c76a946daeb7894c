//! Doors: what comes in from outside becomes something that the stages understand.

pub mod discord;
