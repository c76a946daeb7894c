//! The gateway: WebSocket connections, the sessions behind them, and what is sent again after a break.
//!
//! Comes in: what bots send, and events of the world. Goes out: dispatches. It changes nothing in the world but the count of IDENTIFYs.

pub(crate) mod connection;
mod identify;
mod packing;
mod payload;
pub(crate) mod session;
mod upgrade;

pub(crate) use identify::Shard;
pub(crate) use payload::CloseCode;
pub(crate) use upgrade::upgrade;
