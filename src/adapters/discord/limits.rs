//! Discord's limits as a state machine: what may be sent now, and what an answer teaches. Pure: time is an argument.
//!
//! A limit (a bucket) is known by the name that Discord's header gives it, together with the channel, guild or webhook it is about. Until an
//! answer has named it, it goes by the route, and only one request is under way in it: so a first contact costs at most one refusal.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

use super::{
    config::Budget,
    pace::{Pace, Scope},
    route::{Route, Template, Urgency},
};

/// Over how long requests are counted for the global limit: a second, and what the way to Discord may squeeze together.
const GLOBAL_WINDOW: Duration = Duration::from_millis(1_100);
/// Two ends of a window that differ by less are the same window, measured twice.
const SAME_WINDOW: Duration = Duration::from_millis(150);
/// A window that is said to be shorter is taken for this long: a wait that is none would be a storm.
const SHORTEST_WINDOW: Duration = Duration::from_millis(20);
/// A bucket that nobody has used for so long is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(120);
/// Below so many buckets, nothing is forgotten.
const SWEPT_ABOVE: usize = 256;

/// What one identity may send.
#[derive(Debug)]
pub(super) struct Limits {
    budget: Budget,
    /// What Discord calls the limit of a route.
    names: HashMap<Template, String>,
    buckets: HashMap<BucketKey, Bucket>,
    swept_at_size: usize,
    /// When the last requests were sent that count for the global limit.
    sent: VecDeque<Instant>,
    /// A global refusal stops everything until then.
    held_until: Option<Instant>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum BucketKey {
    Named { name: String, major: String },
    Unnamed { template: Template, major: String },
}

#[derive(Debug)]
struct Bucket {
    /// What the last answer said; none: nothing yet.
    window: Option<Window>,
    in_flight: u32,
    held_until: Option<Instant>,
    touched: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    limit: u32,
    remaining: u32,
    ends_at: Instant,
    /// The longest that was seen: how long the next one is, until an answer says.
    length: Duration,
}

/// A request that was let through; to be answered or given up.
#[derive(Debug)]
pub(super) struct Ticket {
    bucket: BucketKey,
    template: Template,
    major: String,
}

/// When a request may be sent.
#[derive(Debug)]
pub(super) enum Pass {
    Now(Ticket),
    At(Instant),
    /// After another request in its bucket has been answered.
    AfterAnswer,
}

impl Limits {
    pub(super) fn new(budget: Budget) -> Self {
        Self { budget, names: HashMap::new(), buckets: HashMap::new(), swept_at_size: SWEPT_ABOVE, sent: VecDeque::new(), held_until: None }
    }

    /// Lets a request through, or says until when it waits.
    pub(super) fn ask(&mut self, route: &Route, now: Instant) -> Pass {
        let counted = route.urgency != Urgency::Callback;
        if let Some(until) = self.held_until.filter(|until| counted && *until > now) {
            return Pass::At(until);
        }
        let key = self.key(route);
        let bucket = self.buckets.entry(key.clone()).or_insert_with(|| Bucket::new(now));
        bucket.touched = now;
        match bucket.may_send(now) {
            May::Now => {}
            May::At(at) => return Pass::At(at),
            May::AfterAnswer => return Pass::AfterAnswer,
        }
        if counted {
            if let Some(at) = self.global_wait(route.urgency, now) {
                return Pass::At(at);
            }
            self.sent.push_back(now);
        }
        if let Some(bucket) = self.buckets.get_mut(&key) {
            bucket.take();
        }
        Pass::Now(Ticket { bucket: key, template: route.template(), major: route.major.clone() })
    }

    /// Takes note of an answer.
    pub(super) fn answered(&mut self, ticket: Ticket, pace: &Pace, now: Instant) {
        let Ticket { bucket: asked, template, major } = ticket;
        self.release(&asked);
        let key = match &pace.bucket {
            Some(name) => {
                self.names.insert(template, name.clone());
                BucketKey::Named { name: name.clone(), major }
            }
            None => asked.clone(),
        };
        if key != asked && self.buckets.get(&asked).is_some_and(|old| old.in_flight == 0 && matches!(asked, BucketKey::Unnamed { .. })) {
            self.buckets.remove(&asked);
        }
        let bucket = self.buckets.entry(key).or_insert_with(|| Bucket::new(now));
        bucket.touched = now;
        bucket.learn(pace, now);
        if let Some(refusal) = &pace.refusal {
            let until = now + refusal.wait;
            match refusal.scope {
                Scope::Global => self.held_until = self.held_until.max(Some(until)),
                Scope::User | Scope::Shared => bucket.held_until = bucket.held_until.max(Some(until)),
            }
        }
        self.sweep(now);
    }

    /// Takes note that no answer will come.
    pub(super) fn given_up(&mut self, ticket: &Ticket) {
        self.release(&ticket.bucket);
    }

    /// How many limits are remembered.
    pub(super) fn remembered(&self) -> usize {
        self.buckets.len()
    }

    fn key(&self, route: &Route) -> BucketKey {
        let template = route.template();
        match self.names.get(&template) {
            Some(name) => BucketKey::Named { name: name.clone(), major: route.major.clone() },
            None => BucketKey::Unnamed { template, major: route.major.clone() },
        }
    }

    fn global_wait(&mut self, urgency: Urgency, now: Instant) -> Option<Instant> {
        while self.sent.front().is_some_and(|sent| *sent + GLOBAL_WINDOW <= now) {
            self.sent.pop_front();
        }
        let most = match urgency {
            Urgency::Usual => self.budget.per_second.saturating_sub(self.budget.reserve).max(1),
            Urgency::Interactive | Urgency::Callback => self.budget.per_second.max(1),
        };
        // With `most` of them in the window, the oldest of the last `most` must leave it first.
        let over = self.sent.len().checked_sub(most)?;
        self.sent.get(over).map(|sent| *sent + GLOBAL_WINDOW)
    }

    fn release(&mut self, key: &BucketKey) {
        if let Some(bucket) = self.buckets.get_mut(key) {
            bucket.in_flight = bucket.in_flight.saturating_sub(1);
        }
    }

    /// Forgets what is idle, each time that as many again have come: the cost of it stays constant per request.
    fn sweep(&mut self, now: Instant) {
        if self.buckets.len() < self.swept_at_size {
            return;
        }
        self.buckets.retain(|_, bucket| !bucket.is_idle(now));
        self.swept_at_size = (self.buckets.len() * 2).max(SWEPT_ABOVE);
    }
}

enum May {
    Now,
    At(Instant),
    AfterAnswer,
}

impl Bucket {
    fn new(now: Instant) -> Self {
        Self { window: None, in_flight: 0, held_until: None, touched: now }
    }

    fn may_send(&mut self, now: Instant) -> May {
        if let Some(until) = self.held_until.filter(|until| *until > now) {
            return May::At(until);
        }
        let in_flight = self.in_flight;
        let Some(window) = &mut self.window else {
            return if in_flight == 0 { May::Now } else { May::AfterAnswer };
        };
        if window.ends_at <= now {
            // A new window has begun; the first answer from it will say when it ends.
            window.remaining = window.limit.saturating_sub(in_flight);
            window.ends_at = now + window.length;
        }
        if window.remaining > 0 { May::Now } else { May::At(window.ends_at) }
    }

    fn take(&mut self) {
        self.in_flight += 1;
        if let Some(window) = &mut self.window {
            window.remaining = window.remaining.saturating_sub(1);
        }
    }

    fn learn(&mut self, pace: &Pace, now: Instant) {
        let Some(said) = &pace.window else { return };
        let ends_at = now + said.ends_in;
        let under_way = self.in_flight;
        let (remaining, length) = match &self.window {
            // The same window: neither our count nor Discord's may be exceeded.
            Some(known) if ends_at <= known.ends_at + SAME_WINDOW => (known.remaining.min(said.remaining), known.length),
            Some(known) => (said.remaining.saturating_sub(under_way), known.length),
            None => (said.remaining.saturating_sub(under_way), Duration::ZERO),
        };
        self.window = Some(Window { limit: said.limit.max(1), remaining, ends_at, length: length.max(said.ends_in).max(SHORTEST_WINDOW) });
    }

    fn is_idle(&self, now: Instant) -> bool {
        self.in_flight == 0
            && self.held_until.is_none_or(|until| until <= now)
            && self.window.is_none_or(|window| window.ends_at <= now)
            && self.touched + FORGOTTEN_AFTER <= now
    }
}

/// Counts requests that Discord holds against our address: 401, 403 and 429, but not those of a shared limit.
#[derive(Debug)]
pub(super) struct Refusals {
    most: u32,
    /// So many in the second that began then.
    seconds: VecDeque<(Instant, u32)>,
}

impl Refusals {
    /// Over how long they are counted. Source: Discord developer documentation, "Rate Limits", "Invalid Request Limit".
    pub(super) const WINDOW: Duration = Duration::from_secs(600);

    pub(super) fn new(most: u32) -> Self {
        Self { most, seconds: VecDeque::new() }
    }

    /// Counts those of an earlier process: so many, so long ago, the oldest first.
    pub(super) fn recall(&mut self, before: &[(Duration, u32)], now: Instant) {
        for (ago, count) in before.iter().rev().filter(|(ago, _)| *ago < Self::WINDOW) {
            // An age from before the machine was started can't be told by its clock.
            self.seconds.push_front((now.checked_sub(*ago).unwrap_or(now), *count));
        }
    }

    /// How many there were, and how long ago, the oldest first.
    pub(super) fn ages(&mut self, now: Instant) -> Vec<(Duration, u32)> {
        self.recent(now);
        self.seconds.iter().map(|(began, count)| (now.saturating_duration_since(*began), *count)).collect()
    }

    pub(super) fn note(&mut self, now: Instant) {
        match self.seconds.back_mut() {
            Some((began, count)) if now < *began + Duration::from_secs(1) => *count += 1,
            _ => self.seconds.push_back((now, 1)),
        }
        self.recent(now);
    }

    /// How many there were in the last ten minutes.
    pub(super) fn recent(&mut self, now: Instant) -> u32 {
        while self.seconds.front().is_some_and(|(began, _)| *began + Self::WINDOW <= now) {
            self.seconds.pop_front();
        }
        self.seconds.iter().map(|(_, count)| count).sum()
    }

    /// Whether so many were refused that nothing more may be sent, and for how long.
    pub(super) fn stopped_for(&mut self, now: Instant) -> Option<Duration> {
        let mut left = self.recent(now);
        if left < self.most {
            return None;
        }
        let enough = self.seconds.iter().find(|(_, count)| {
            left = left.saturating_sub(*count);
            left < self.most
        });
        enough.map(|(began, _)| (*began + Self::WINDOW).saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests;
