//! The orchestrator, as a library for its own tests.

pub mod adapters;
pub mod agents;
pub mod cli;
pub mod config;
pub mod service;
pub mod surfaces;
pub mod telemetry;
