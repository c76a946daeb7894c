//! The vocabulary, pure: what a task, a step, an attempt, an agent, a price and an actor are, and which moves they allow.
//!
//! Nothing comes in but values, nothing goes out but values: no clock, no chance, no input or output.

pub mod id;
