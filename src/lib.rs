//! The orchestrator, as a library for its own tests.

#[cfg(not(target_os = "linux"))]
compile_error!("the orchestrator builds on Linux alone: it keeps agents by pidfds, sub-reapers and parent-death signals (on Windows: WSL)");

pub mod adapters;
pub mod agents;
pub mod cli;
pub mod config;
pub mod service;
pub mod surfaces;
pub mod telemetry;
