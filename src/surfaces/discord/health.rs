//! How the gateway is: counters for `status`, and the pulse by which a hanging or spinning connection is noticed.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use tokio::time::Instant;

use super::patience::Patience;

/// How the gateway is; shared with whoever shows it.
#[derive(Debug, Default)]
pub struct Health {
    pub(super) connected: AtomicBool,
    pub(super) sessions: AtomicU64,
    pub(super) resumes: AtomicU64,
    pub(super) events: AtomicU64,
    pub(super) not_understood: AtomicU64,
    pub(super) given_up: AtomicU64,
}

/// How the gateway is at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HealthNow {
    /// Whether a session is going on.
    pub connected: bool,
    /// Sessions that were started.
    pub sessions: u64,
    /// How often one of them was resumed.
    pub resumes: u64,
    /// Events that were heard.
    pub events: u64,
    /// Of these, of a kind that matters here but not in the form that it should have.
    pub not_understood: u64,
    /// Connections that hung or span and were given up by the watchdog.
    pub given_up: u64,
}

impl Health {
    /// How it is now.
    pub fn now(&self) -> HealthNow {
        HealthNow {
            connected: self.connected.load(Relaxed),
            sessions: self.sessions.load(Relaxed),
            resumes: self.resumes.load(Relaxed),
            events: self.events.load(Relaxed),
            not_understood: self.not_understood.load(Relaxed),
            given_up: self.given_up.load(Relaxed),
        }
    }
}

/// The pulse of one connection's task. serenity's loop comes round twice a second as long as it lives.
#[derive(Debug)]
pub(super) struct Pulse {
    zero: Instant,
    /// Milliseconds from `zero`, plus one; 0: it is not being polled.
    polling_since: AtomicU64,
    last_polled: AtomicU64,
    last_heard: AtomicU64,
    /// When the connection that is now being made, or made last, was begun.
    connecting_since: AtomicU64,
    established: AtomicBool,
    /// Held back on purpose, before it connects again.
    held: AtomicBool,
    closing: AtomicBool,
}

/// What a look at the pulse shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    Fine,
    /// Its task never pauses: serenity does that on a connection that ended without a close frame.
    Spins,
    /// Its task has not been woken for long: a connection that neither works nor fails.
    Hangs,
    /// No session has come of the connection.
    NoSession,
}

impl Pulse {
    pub(super) fn new() -> Self {
        let pulse = Self {
            zero: Instant::now(),
            polling_since: AtomicU64::new(0),
            last_polled: AtomicU64::new(0),
            last_heard: AtomicU64::new(0),
            connecting_since: AtomicU64::new(0),
            established: AtomicBool::new(false),
            held: AtomicBool::new(false),
            closing: AtomicBool::new(false),
        };
        pulse.connects();
        pulse
    }

    pub(super) fn poll_begins(&self) {
        self.polling_since.store(self.ms() + 1, Relaxed);
    }

    pub(super) fn poll_ends(&self) {
        self.polling_since.store(0, Relaxed);
        self.last_polled.store(self.ms(), Relaxed);
    }

    /// An event has come of it.
    pub(super) fn hears(&self) {
        self.last_heard.store(self.ms(), Relaxed);
    }

    /// A connection is being made.
    pub(super) fn connects(&self) {
        self.established.store(false, Relaxed);
        self.connecting_since.store(self.ms(), Relaxed);
        self.last_polled.store(self.ms(), Relaxed);
    }

    /// A session was started or resumed.
    pub(super) fn is_established(&self) {
        self.established.store(true, Relaxed);
    }

    pub(super) fn was_established(&self) -> bool {
        self.established.load(Relaxed)
    }

    pub(super) fn hold(&self, held: bool) {
        self.held.store(held, Relaxed);
    }

    /// The connection is to end.
    pub(super) fn close(&self) {
        self.closing.store(true, Relaxed);
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Relaxed)
    }

    pub(super) fn look(&self, patience: &Patience) -> Finding {
        let now = self.ms();
        let since = |then: u64| Duration::from_millis(now.saturating_sub(then));
        match self.polling_since.load(Relaxed) {
            0 if self.held.load(Relaxed) => Finding::Fine,
            0 if !self.established.load(Relaxed) && since(self.connecting_since.load(Relaxed)) > patience.session => Finding::NoSession,
            0 if since(self.last_polled.load(Relaxed)) > patience.hang => Finding::Hangs,
            0 => Finding::Fine,
            // A long backlog is no spin: events come of it.
            polling if since((polling - 1).max(self.last_heard.load(Relaxed))) > patience.spin => Finding::Spins,
            _ => Finding::Fine,
        }
    }

    fn ms(&self) -> u64 {
        u64::try_from(self.zero.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
