//! The plugs: one adapter per seam of `orchestrator_core::ports`. An adapter knows the domain, its port and its own section of the configuration.

pub mod discord;
pub mod disk;
pub mod process;
pub mod sqlite;
pub mod system_clock;
pub mod system_entropy;
