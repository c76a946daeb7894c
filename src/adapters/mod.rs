//! The plugs: one adapter per seam of `orchestrator_core::ports`. An adapter knows the domain, its port and its own section of the configuration.

pub mod process;
//! Plugs: each module keeps the promise of one port of the core.

pub mod discord;
pub mod system_clock;
pub mod system_entropy;
//! Plugs: what stands behind the ports' traits outside of tests.

pub mod sqlite;
