//! The orchestrator, as a library for its own tests.

pub mod agents;
pub mod config;
