//! Trouble on request: answers that fail, connections that break, a gateway that misbehaves. It is scripted in-process or over HTTP.
//!
//! Comes in: demands. Goes out: what to do to a request or a connection. Only bots meet trouble; people's requests always get through.

mod demand;
mod gateway;
mod rule;

use std::{collections::VecDeque, time::Duration};

pub use self::{
    demand::Demand,
    gateway::GatewayTrouble,
    rule::{Effect, Rule},
};
pub(crate) use self::{
    demand::make,
    rule::{Asked, Boundary},
};
use crate::gateway::CloseCode;

/// What trouble is waiting to happen.
#[derive(Debug)]
pub(crate) struct Trouble {
    rules: Vec<Rule>,
    heartbeat_interval: Duration,
    acknowledges: bool,
    muted: bool,
    refused_resumes: u32,
    identify_closes: VecDeque<u16>,
}

/// What is done to one request.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) delay: Duration,
    pub(crate) effect: Effect,
    /// Called right before the effect; for a lost answer, right after it.
    pub(crate) calls: Option<Boundary>,
}

impl Trouble {
    pub(crate) fn new(heartbeat_interval: Duration) -> Self {
        Self {
            rules: Vec::new(),
            heartbeat_interval,
            acknowledges: true,
            muted: false,
            refused_resumes: 0,
            identify_closes: VecDeque::new(),
        }
    }

    /// Finds the first rule that this request meets, in the order in which they were made. Rules before it that let requests pass first count this one.
    pub(crate) fn meet(&mut self, asked: &Asked<'_>) -> Option<Planned> {
        let planned = self.rules.iter_mut().find_map(|rule| rule.meet(asked));
        self.rules.retain(|rule| !rule.is_spent());
        planned
    }

    pub(crate) fn heartbeat_interval(&self) -> Duration {
        self.heartbeat_interval
    }

    /// Whether heartbeats are answered.
    pub(crate) fn acknowledges(&self) -> bool {
        self.acknowledges
    }

    /// Whether events are held back.
    pub(crate) fn is_muted(&self) -> bool {
        self.muted
    }

    /// Whether the next RESUME is refused; asking uses it up.
    pub(crate) fn refuses_resume(&mut self) -> bool {
        let refuses = self.refused_resumes > 0;
        self.refused_resumes = self.refused_resumes.saturating_sub(1);
        refuses
    }

    /// With which code the next IDENTIFY is closed; asking uses it up.
    pub(crate) fn next_identify(&mut self) -> Option<CloseCode> {
        self.identify_closes.pop_front().map(CloseCode)
    }

    /// Ends all trouble that goes on; the heartbeat interval stays.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.heartbeat_interval);
    }
}
