//! The orchestrator, as a library for its own tests.

pub mod adapters;
pub mod cli;
pub mod config;
pub mod surfaces;
pub mod telemetry;
