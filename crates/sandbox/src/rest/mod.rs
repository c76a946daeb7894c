//! Discord's REST interface, version 10: what is asked, by whom, on which route, and what is answered.
//!
//! Comes in: HTTP requests, or the same things from within the process. Goes out: answers in Discord's words. The rules of the world are not here but in [`crate::world`].

mod address;
mod answer;
mod application_commands;
mod applications;
mod ask;
mod body;
mod callbacks;
mod channel_webhooks;
mod channels;
mod control;
mod files;
mod founding;
mod gateway_info;
mod guilds;
mod interactions;
mod members;
mod messages;
mod pins;
mod pipeline;
mod reactions;
#[cfg(test)]
mod rights;
mod roles;
mod route;
mod threads;
mod users;
mod webhooks;

pub(crate) use self::{
    address::parse_query,
    answer::{Reply, ReplyBody},
    ask::{Ask, Body as AskBody},
    body::read as read_body,
    files::serve as serve_file,
    pipeline::{Outcome, Spoiling, ask_now, handle, meet_at_gateway},
};
