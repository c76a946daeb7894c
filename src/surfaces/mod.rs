//! The doors: whoever asks comes in here, is asked who he is, and is led to the one desk.

pub mod discord;
pub mod http;
pub(crate) mod show;
mod why;
