//! The doors: whoever asks comes in here, is asked who he is, and is led to the one desk.

mod costs;
pub mod discord;
pub mod http;
pub(crate) mod show;
mod why;
