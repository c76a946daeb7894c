//! A demand for trouble, and how it is met.

use std::time::Duration;

use serde::Deserialize;

use super::{GatewayTrouble, Rule, Trouble};
use crate::{
    gateway::{CloseCode, session::Order},
    hub::Hub,
    world::{World, people::MESSAGE_CONTENT},
};

/// One demand, as `POST /sandbox/trouble` takes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Demand {
    /// Trouble for requests.
    Request(Rule),
    /// Trouble for the gateway.
    Gateway(GatewayTrouble),
    /// The applications are allowed the `MESSAGE_CONTENT` intent, or no longer; counts from the next IDENTIFY on.
    MessageContent(bool),
    /// The tokens of all interactions end now, as after 15 minutes.
    EndInteractions(bool),
    /// All trouble that goes on ends.
    Clear(bool),
}

/// Does what is demanded; the world is held by the caller.
pub(crate) fn make(hub: &Hub, world: &mut World, demand: Demand) {
    match demand {
        Demand::Request(rule) => hub.trouble().rules.push(rule),
        Demand::Gateway(trouble) => on_gateway(hub, trouble),
        Demand::MessageContent(allowed) => world.allow_intent(MESSAGE_CONTENT, allowed),
        Demand::EndInteractions(true) => world.end_interactions(),
        Demand::Clear(true) => hub.trouble().clear(),
        Demand::EndInteractions(false) | Demand::Clear(false) => {}
    }
}

fn on_gateway(hub: &Hub, trouble: GatewayTrouble) {
    let order = match trouble {
        GatewayTrouble::Close(code) => Order::Close(CloseCode(code)),
        GatewayTrouble::Drop => Order::Drop,
        GatewayTrouble::Reconnect => Order::Reconnect,
        GatewayTrouble::InvalidSession(resumable) => Order::InvalidSession { resumable },
        lasting => return last(&mut hub.trouble(), lasting),
    };
    let told = hub.sessions().order(None, &order);
    tracing::debug!(told, ?trouble, "gateway connections were given trouble");
}

fn last(trouble: &mut Trouble, lasting: GatewayTrouble) {
    match lasting {
        GatewayTrouble::AcknowledgeHeartbeats(answered) => trouble.acknowledges = answered,
        GatewayTrouble::Mute(muted) => trouble.muted = muted,
        GatewayTrouble::RefuseResumes(times) => trouble.refused_resumes = times,
        GatewayTrouble::CloseNextIdentify(code) => trouble.identify_closes.push_back(code),
        GatewayTrouble::HeartbeatIntervalMs(interval) => trouble.heartbeat_interval = Duration::from_millis(interval),
        GatewayTrouble::Close(_) | GatewayTrouble::Drop | GatewayTrouble::Reconnect | GatewayTrouble::InvalidSession(_) => {}
    }
}
