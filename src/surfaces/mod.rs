//! The doors: whoever asks comes in here, is asked who he is, and is led to the one desk.

pub mod discord;
pub mod http;
mod show;
//! Doors: what comes in from outside becomes something that the stages understand.

pub mod discord;
