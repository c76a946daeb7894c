//! How patient the gateway is.

use std::time::Duration;

use orchestrator_core::domain::retry::Delays;

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// A connection.
    pub connect: Duration,
    /// From a connection to its session.
    pub session: Duration,
    /// Without serenity's loop coming round.
    pub hang: Duration,
    /// In which serenity's loop neither pauses nor brings an event.
    pub spin: Duration,
    /// Between looks at it.
    pub look: Duration,
    /// After which what failed before counts no longer.
    pub calm: Duration,
    /// From one IDENTIFY to the next. Source: Discord developer documentation, "Gateway", `max_concurrency`.
    pub between_identifies: Duration,
    /// Between attempts that fail in a row.
    pub delays: Delays,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            session: Duration::from_secs(40),
            hang: Duration::from_secs(20),
            spin: Duration::from_secs(2),
            look: Duration::from_secs(1),
            calm: Duration::from_secs(60),
            between_identifies: Duration::from_secs(5),
            delays: Delays::new(Duration::from_secs(1), Duration::from_secs(300)),
        }
    }
}
