//! The Discord door: what is said and done there, heard over the gateway.
//!
//! In comes serenity's gateway client; out goes [`Incoming`], one by one, to whoever decides what it means. It knows nothing of tasks, and
//! it sends nothing but answers to interactions.

mod canvas;
mod chart;
pub mod commands;
pub mod doorman;
pub mod gateway;
mod health;
mod hearing;
mod heeded;
mod identifies;
pub mod incoming;
mod patience;
mod session;
mod terms;

pub use gateway::GatewayError;
pub use health::{Health, HealthNow};
pub use identifies::Identifies;
pub use incoming::Incoming;
pub use patience::Patience;
pub use terms::{GatewayConfig, IdentifyMemory};
