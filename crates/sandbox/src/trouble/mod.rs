//! Trouble on request: answers that fail, connections that break, a gateway that misbehaves. It is scripted in-process, over HTTP or in a
//! file, or drawn from a seed.
//!
//! Comes in: demands. Goes out: what to do to a request or a connection. Only bots meet trouble; people's requests always get through.

mod demand;
mod effect;
mod gateway;
mod rule;
mod storm;
mod weather;

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

pub(crate) use self::{
    demand::make,
    effect::{Boundary, Planned},
    gateway::Passage,
    rule::Asked,
    weather::keep,
};
pub use self::{
    demand::{Demand, ReadScriptError},
    effect::{Alteration, Effect},
    gateway::GatewayTrouble,
    rule::Rule,
    storm::StormSeed,
};
use self::{gateway::OnTheWay, storm::Storm};
use crate::gateway::CloseCode;

/// What trouble is waiting to happen.
#[derive(Debug)]
pub(crate) struct Trouble {
    rules: Vec<Rule>,
    storm: Option<Storm>,
    /// Demands whose time is to come.
    later: Vec<(Instant, Demand)>,
    heartbeat_interval: Duration,
    acknowledges: bool,
    on_the_way: OnTheWay,
    refused_resumes: u32,
    identify_closes: VecDeque<u16>,
}

/// What trouble goes on, for those who look at it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct GoingOn {
    /// Whether a storm blows.
    pub(crate) storm: bool,
    /// Whether the gateway keeps events back.
    pub(crate) muted: bool,
    /// Whether heartbeats stay without an answer.
    pub(crate) ignores_heartbeats: bool,
    /// How many rules and demands wait for their request or their time.
    pub(crate) waiting: usize,
}

impl Trouble {
    /// What goes on.
    pub(crate) fn going_on(&self) -> GoingOn {
        GoingOn {
            storm: self.storm.is_some(),
            muted: self.on_the_way.muted,
            ignores_heartbeats: !self.acknowledges,
            waiting: self.rules.len() + self.later.len(),
        }
    }

    pub(crate) fn new(heartbeat_interval: Duration) -> Self {
        Self {
            rules: Vec::new(),
            storm: None,
            later: Vec::new(),
            heartbeat_interval,
            acknowledges: true,
            on_the_way: OnTheWay::default(),
            refused_resumes: 0,
            identify_closes: VecDeque::new(),
        }
    }

    /// Finds the first rule that this request meets, in the order in which they were made, else what the storm has for it. Rules before it
    /// that let requests pass first count this one.
    pub(crate) fn meet(&mut self, asked: &Asked<'_>) -> Option<Planned> {
        let planned = self.rules.iter_mut().find_map(|rule| rule.meet(asked));
        self.rules.retain(|rule| !rule.is_spent());
        planned.or_else(|| self.storm.as_mut()?.meet(asked))
    }

    pub(crate) fn heartbeat_interval(&self) -> Duration {
        self.heartbeat_interval
    }

    /// Whether heartbeats are answered.
    pub(crate) fn acknowledges(&self) -> bool {
        self.acknowledges
    }

    /// What becomes of the next event; asking uses it up.
    pub(crate) fn passage(&mut self) -> Passage {
        self.on_the_way.passage()
    }

    /// How many events come again with the next RESUME; asking uses it up.
    pub(crate) fn repeats(&mut self) -> u32 {
        std::mem::take(&mut self.on_the_way.repeated)
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

    /// Ends all trouble that goes on and all that is to come; the heartbeat interval stays.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.heartbeat_interval);
    }
}
