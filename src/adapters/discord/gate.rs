//! The gate of one identity: requests wait here, in their order, for what [`limits`](super::limits) allows.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep_until, timeout},
};

use super::{
    config::Budget,
    limits::{Limits, Pass, Ticket},
    pace::Pace,
    route::{Route, Template},
};

/// Above so many queues, those in which nobody stands are forgotten.
const QUEUES_KEPT: usize = 256;

/// Whoever holds it is first.
type Queue = Arc<tokio::sync::Mutex<()>>;

/// Lets requests through one after the other.
#[derive(Debug)]
pub(super) struct Gate {
    limits: Mutex<Limits>,
    /// Requests of one route and id go in the order in which they came.
    queues: Mutex<HashMap<(Template, String), Queue>>,
    changed: Notify,
    waits: AtomicU64,
}

/// A request that is under way. Dropped without an answer, it makes room.
#[derive(Debug)]
pub(super) struct UnderWay<'a> {
    gate: &'a Gate,
    ticket: Option<Ticket>,
}

impl Gate {
    pub(super) fn new(budget: Budget) -> Self {
        Self {
            limits: Mutex::new(Limits::new(budget)),
            queues: Mutex::new(HashMap::new()),
            changed: Notify::new(),
            waits: AtomicU64::new(0),
        }
    }

    /// Waits until a request may be sent; at most so long, else says how long it would have to wait still.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: who stops waiting has taken nothing.
    pub(super) async fn enter(&self, route: &Route, longest: Duration) -> Result<UnderWay<'_>, Duration> {
        match timeout(longest, self.wait(route)).await {
            Ok(under_way) => Ok(under_way),
            Err(_) => match locked(&self.limits).ask(route, Instant::now()) {
                Pass::Now(ticket) => Ok(UnderWay { gate: self, ticket: Some(ticket) }),
                Pass::At(at) => Err(at.saturating_duration_since(Instant::now())),
                Pass::AfterAnswer => Err(Duration::from_secs(1)),
            },
        }
    }

    /// How many requests had to wait.
    pub(super) fn waits(&self) -> u64 {
        self.waits.load(Ordering::Relaxed)
    }

    /// How many limits are remembered.
    pub(super) fn remembered(&self) -> usize {
        locked(&self.limits).remembered()
    }

    async fn wait(&self, route: &Route) -> UnderWay<'_> {
        let queue = self.queue(route);
        let _first = queue.lock().await;
        let mut counted = false;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            let pass = locked(&self.limits).ask(route, Instant::now());
            if !counted && !matches!(pass, Pass::Now(_)) {
                counted = true;
                self.waits.fetch_add(1, Ordering::Relaxed);
            }
            match pass {
                Pass::Now(ticket) => return UnderWay { gate: self, ticket: Some(ticket) },
                Pass::At(at) => tokio::select! {
                    () = sleep_until(at) => {}
                    () = changed => {}
                },
                Pass::AfterAnswer => changed.await,
            }
        }
    }

    fn queue(&self, route: &Route) -> Queue {
        let mut queues = locked(&self.queues);
        if queues.len() > QUEUES_KEPT {
            queues.retain(|_, queue| Arc::strong_count(queue) > 1);
        }
        Arc::clone(queues.entry((route.template(), route.major.clone())).or_default())
    }
}

impl UnderWay<'_> {
    /// Takes note of the answer.
    pub(super) fn answered(mut self, pace: &Pace) {
        if let Some(ticket) = self.ticket.take() {
            locked(&self.gate.limits).answered(ticket, pace, Instant::now());
            self.gate.changed.notify_waiters();
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            locked(&self.gate.limits).given_up(&ticket);
            self.gate.changed.notify_waiters();
        }
    }
}

/// A lock that a panic elsewhere does not take from us: what it guards is whole after every call.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
