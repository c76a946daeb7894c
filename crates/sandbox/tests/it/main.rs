//! The local Discord, tried over the real wire: what a bot's library and a person's client would see.

mod gateway;
mod messages;
mod wire;
