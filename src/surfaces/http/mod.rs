//! The HTTP interface: the same desk as every other door, for programs and for the command line.
//!
//! Requests come in over a Unix socket in the runtime folder (later also over TCP, with keys); views go out as JSON. Handlers take the actor
//! from the connection, ask the desk or the queue's board, and know nothing of Discord beyond the port `Chat`.

mod actor;
mod answer;
mod control;
mod costs;
mod follow;
mod log;
mod quotas;
pub mod socket;
mod status;
mod tasks;

use std::{path::PathBuf, sync::Arc};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use orchestrator_core::{
    intake::desk::Desk,
    ports::{agent_runner::AgentRunner, chat::Chat, clock::Clock, entropy::Entropy, progress::Progress},
    queue::Queue,
    wording::redact::Known,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{show, why};

pub use self::{
    actor::PeerCredentials,
    socket::{Bound, SocketError},
};

/// The longest body that is read: the longest text of a task, escaped, and something around it.
const BODY_LIMIT: usize = 2 * 1024 * 1024;

/// What the handlers work with: the house lends it.
#[derive(Clone)]
pub struct Door {
    /// Where everything is asked for.
    pub desk: Desk,
    /// Where everything is looked up.
    pub queue: Queue,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance, for ids of tasks that come without one.
    pub entropy: Arc<dyn Entropy>,
    /// Discord, for links and to reclaim messages; `None`: it is not configured.
    pub chat: Option<Arc<dyn Chat>>,
    /// Given where no service runs that would do it: stops the agent of a task that was cancelled.
    pub stopper: Option<Arc<dyn AgentRunner>>,
    /// How running agents are doing.
    pub progress: Arc<dyn Progress>,
    /// Where the workspaces are.
    pub workers: PathBuf,
    /// Rung by `look`: somebody wants the task channels to be read at once.
    pub look: Arc<Notify>,
    /// Who answers.
    pub about: About,
    /// What an operator must know at this moment, as sentences.
    pub troubles: Arc<dyn Fn() -> Vec<String> + Send + Sync>,
    /// What no answer may hold of what an agent has said.
    pub secrets: Known,
    /// Whether a process is behind an agent's walls: such a one is answered nothing.
    pub is_walled: fn(i32) -> bool,
    /// Cancelled when the service ends: streams end then.
    pub closing: CancellationToken,
}

/// Who answers.
#[derive(Clone, Debug)]
pub struct About {
    /// Whether this is a running service, and not a command that looks at the store by itself.
    pub service: bool,
    /// Since when.
    pub started_at: Option<DateTime<Utc>>,
}

/// The version of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit that it was built from, if that was known when it was built.
pub const COMMIT: Option<&str> = option_env!("ORCHESTRATOR_COMMIT");

/// All routes. Whoever serves them says who asks by [`PeerCredentials`].
pub fn router(door: Door) -> Router {
    let tasks = Router::new()
        .route("/", get(tasks::list).post(tasks::submit))
        .route("/{id}", get(tasks::show))
        .route("/{id}/why", get(tasks::why))
        .route("/{id}/log", get(log::log))
        .route("/{id}/events", get(follow::events))
        .route("/{id}/cancel", post(control::cancel))
        .route("/{id}/retry", post(control::retry))
        .route("/{id}/hold", post(control::hold))
        .route("/{id}/release", post(control::release))
        .route("/{id}/hasten", post(control::hasten))
        .route("/{id}/raise", post(control::raise))
        .route("/{id}/accept", post(control::accept))
        .route("/{id}/permit", post(control::permit))
        .route("/{id}/reclaim", post(control::reclaim));
    let v1 = Router::new()
        .route("/health", get(status::health))
        .route("/status", get(status::status))
        .route("/costs", get(costs::costs))
        .route("/quotas", get(quotas::quotas))
        .route("/quotas/{credential}/back", post(quotas::back))
        .nest("/tasks", tasks)
        .route("/reclaim", post(control::reclaim_all))
        .route("/look", post(control::look))
        .route("/pause", post(control::pause))
        .route("/resume", post(control::resume));
    Router::new()
        .nest("/v1", v1)
        .fallback(answer::no_such_route)
        .method_not_allowed_fallback(answer::no_such_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(door.clone(), actor::keep_out_agents))
        .with_state(door)
}
