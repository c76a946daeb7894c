//! The local Discord, tried over the real wire: what a bot's library and a person's client would see.

mod clients;
mod commands;
mod components;
mod control;
mod gateway;
mod guilds;
mod interactions;
mod limits;
mod messages;
mod page;
mod permissions;
mod reactions;
mod state;
mod storm;
mod streams;
mod threads;
mod trouble;
mod trouble_on_the_wire;
mod wire;
