//! The orchestrator's heart: its vocabulary, its seams, and the stages from intake to delivery.
//!
//! Data goes one way: intake → queue → scheduler → runner → outcome → delivery. This crate knows no Discord library, no SQL, no HTTP and no
//! processes: those stand behind the traits of [`ports`].

pub mod delivery;
pub mod domain;
pub mod intake;
pub mod outcome;
pub mod ports;
pub mod queue;
pub mod runner;
pub mod scheduler;
pub mod wording;
