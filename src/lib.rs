//! The orchestrator, as a library for its own tests.

pub mod adapters;
pub mod surfaces;
