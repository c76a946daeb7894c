//! The local Discord, tried over the real wire: what a bot's library and a person's client would see.

mod commands;
mod control;
mod control_page;
mod direct;
mod forums;
mod gateway;
mod guilds;
mod interactions;
mod limits;
mod members;
mod messages;
mod page;
mod permissions;
mod pins;
mod reactions;
mod rules;
mod state;
mod storm;
mod thread_lists;
mod threads;
mod trouble;
mod trouble_on_the_wire;
mod webhooks;
mod wire;
