//! The HTTP door of this house.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use orchestrator_core::{
    domain::agent::Secret,
    ports::{agent_runner::AgentRunner, chat::Chat},
    wording::redact::Known,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{
    ServiceError,
    build::{self, House},
};
use crate::{
    adapters::{process, system_entropy::SystemEntropy},
    config::Config,
    surfaces::http::{About, Bound, Door, socket},
};

/// Opens the socket in the runtime folder and makes the door behind it.
pub(super) fn open(config: &Config, house: &House, started_at: Option<DateTime<Utc>>) -> Result<(Door, Bound), ServiceError> {
    Ok((make(config, house, started_at), socket::bind(&config.runtime_dir)?))
}

/// The door, of a running service where `started_at` says since when.
pub(super) fn make(config: &Config, house: &House, started_at: Option<DateTime<Utc>>) -> Door {
    let (mailer, sender) = (house.mailer.clone(), Arc::clone(&house.sender));
    let unwalled: Vec<String> = build::unwalled(config)
        .into_iter()
        .map(|(agent, open)| format!("Agent `{agent}` is {open}; `orchestrator doctor` says why."))
        .collect();
    let troubles = move || {
        let mut troubles = unwalled.clone();
        if mailer.token_refused() {
            troubles.push("Discord does not accept the bot token (HTTP 401): posts are held. Check `ORCHESTRATOR_AGENT_TOKEN`.".to_owned());
        }
        let refused = sender.counters().refused_lately;
        if refused > 100 {
            troubles.push(format!("Discord has refused {refused} requests in the last ten minutes; at 10,000 it bans this address."));
        }
        troubles
    };
    Door {
        desk: house.desks.desk.clone(),
        queue: house.desks.queue.clone(),
        clock: Arc::clone(&house.clock),
        entropy: Arc::new(SystemEntropy),
        chat: Some(Arc::clone(&house.sender) as Arc<dyn Chat>),
        stopper: started_at.is_none().then(|| Arc::clone(&house.runner) as Arc<dyn AgentRunner>),
        progress: Arc::new(house.crew.pulses()),
        workers: config.workers_dir.clone(),
        look: Arc::new(Notify::new()),
        about: About { service: started_at.is_some(), started_at },
        troubles: Arc::new(troubles),
        secrets: Known::of(config.secrets.iter().map(Secret::expose)),
        is_walled: process::is_walled,
        closing: CancellationToken::new(),
    }
}
