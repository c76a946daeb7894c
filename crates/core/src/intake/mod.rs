//! The first stage: a request comes in from any door and leaves as a task in the queue, or as a refusal that says why. It knows the queue's
//! promises and the vocabulary; it does not know which door was used, nor what becomes of the task.

pub mod admit;
mod checks;
pub mod desk;
mod following;
pub mod hear;
mod money;
pub mod parse;
mod permission;
pub mod read_back;
mod read_threads;
