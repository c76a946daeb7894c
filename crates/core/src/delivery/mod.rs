//! Stage 6: what must be said is said, once, under Discord's limits.
//!
//! What comes in are letters, marks and cards from the store; what goes out are posts, edits and reactions through the chat port, and what became of
//! them, into the store again. Delivery knows no agents and starts nothing.

mod cards;
mod enclosed;
pub mod mailer;
mod means;
mod parcels;
mod reactions;
