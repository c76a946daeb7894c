//! A local Discord: REST v10, gateway v10 and a chat page on one port of this machine, for trying and testing bots without an account.
//!
//! It knows nothing of any particular bot. It is strict where Discord is strict (permissions, limits, forms, deadlines), tells of every request it got,
//! and makes trouble on request.
//!
//! # Where it differs from Discord
//!
//! - No voice, polls, stickers, own emoji, pictures of people and webhooks, invites, announcements that others follow, or audit log.
//!   What is not built answers 404 or 405, and stands in the log as not built.
//! - Limits that Discord does not publish (most buckets' sizes, the budget for editing old messages, the one for starting threads) are plausible or missing. People have none, and slow mode slows nobody down.
//! - `THREAD_MEMBER_UPDATE` is never sent: nobody has settings of his own for a thread. A banned person's old messages stay.
//! - Threads are archived within five seconds after their time. Which messages count as "older", so that a thread on them is told of in the channel,
//!   Discord does not say: here all after which another came.
//! - The gateway refuses ETF. It compresses as `zlib-stream`, as `zstd-stream` (in blocks that are stored, not compressed) and, from 4 KiB on, each
//!   frame alone. No presences: a client that asks for members gets none, and whoever asks for all without the intent gets an empty list.
//! - Media in components are not looked at: they have neither width nor height. Premium buttons are refused, since nothing is sold here.
//! - `POST /interactions` tells the new interaction's id in the header `x-sandbox-interaction`.
//! - Attachments' addresses are not signed and don't expire.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//! use orchestrator_sandbox::{Options, Sandbox};
//!
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
//! let discord = Sandbox::start(Options::default()).await?;
//! let task = discord.person("stranger").say("#task-queue", "Write a poem.")?;
//! discord.wait_until(|world| world.messages_in("#task-queue").any(|message| message.id == task), Duration::from_secs(1)).await?;
//! discord.shutdown().await;
//! # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
//! ```

mod clock;
mod control;
mod env_file;
mod form;
mod gateway;
mod guide;
mod hub;
mod limits;
mod options;
mod page;
mod person;
mod refusal;
mod request_log;
mod rest;
mod sandbox;
mod server;
mod state_file;
mod trouble;
mod wire;
mod wire_tap;
pub mod world;

pub use self::{
    env_file::WriteEnvError,
    guide::{Guide, GuideStep, Until},
    options::{Limits, Options, ParseLimitsError},
    person::Person,
    refusal::Refusal,
    request_log::{Cause, GatewayEvent, GatewayRecord, Record, Request},
    sandbox::{Sandbox, StartError, TimedOut},
    state_file::StateError,
    trouble::{Alteration, Demand, Effect, GatewayTrouble, ReadScriptError, Rule, StormSeed},
    world::{Standing, World, WorldSeed, snowflake::Snowflake},
};
