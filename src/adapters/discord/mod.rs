//! Discord's REST interface: our own sender.
//!
//! In come posts, reactions and questions; out go HTTP requests, one try each, held back until Discord's limits allow them. It knows nothing
//! of tasks: retries, order between posts and wording are decided elsewhere.

mod answer;
mod calls;
mod chat;
mod config;
mod gate;
mod limits;
mod pace;
pub mod permissions;
mod route;
mod sender;
pub mod server;
pub mod text;
mod wire;

pub use config::{Budget, SenderConfig, SenderConfigError, Token};
pub use sender::{Counters, Sender};
