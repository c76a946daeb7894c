//! The vocabulary, pure: what a task, a step, an attempt, an agent, a price and an actor are, and which moves they allow.
//!
//! Nothing comes in but values, nothing goes out but values: no clock, no chance, no input or output.

pub mod acp;
pub mod actor;
pub mod agent;
pub mod attempt;
pub mod card;
pub mod ceiling;
pub mod check;
pub mod component;
pub mod evidence;
pub mod hosts;
pub mod id;
pub mod isolation;
pub mod journal;
pub mod lease;
pub mod model;
pub mod money;
pub mod name;
pub mod outbound;
pub mod period;
pub mod permission;
pub mod price;
pub mod progress;
pub mod quota;
pub mod reading;
pub mod resets;
pub mod retry;
pub mod showing;
pub mod step;
pub mod task;
pub mod thinking;
