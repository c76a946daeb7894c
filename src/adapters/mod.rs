//! Plugs: each module keeps the promise of one port of the core.

pub mod discord;
