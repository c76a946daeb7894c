//! A demand for trouble, and how it is met.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::{GatewayTrouble, Rule, StormSeed, Trouble, storm::Storm};
use crate::{
    gateway::{CloseCode, session::Order},
    hub::Hub,
    world::{
        World,
        guild::{Overwrite, OverwriteTarget},
        interaction::Deadlines,
        people::MESSAGE_CONTENT,
        permission,
    },
};

/// One demand, as `POST /sandbox/trouble` and the file of `--trouble` take it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Demand {
    /// Trouble for requests.
    Request(Rule),
    /// Trouble for the gateway.
    Gateway(GatewayTrouble),
    /// Trouble drawn from a seed, until it is cleared; another storm takes its place.
    Storm(StormSeed),
    /// A demand that is made so many milliseconds from now.
    Later {
        /// When.
        after_ms: u64,
        /// What.
        demand: Box<Demand>,
    },
    /// The applications are allowed the `MESSAGE_CONTENT` intent, or no longer; counts from the next IDENTIFY on.
    MessageContent(bool),
    /// The tokens of all interactions end now, as after 15 minutes.
    EndInteractions(bool),
    /// From now on, interactions give a bot this long for its first answer, and for all that it does with the token: 3 seconds and 15 minutes
    /// are Discord's.
    Deadlines(Deadlines),
    /// Nothing is known any more of the nonces under which messages were posted, as after the few minutes for which Discord keeps them.
    ForgetNonces(bool),
    /// A member's permissions in a channel are taken away; none named gives back what was taken.
    Deny {
        /// The member's user name.
        user: String,
        /// The channel's name.
        channel: String,
        /// Names of permissions as Discord writes them, such as `SEND_MESSAGES`.
        permissions: Vec<String>,
    },
    /// A channel is deleted, with all that is in it.
    DeleteChannel(String),
    /// The user of this name gets a new token; the old one is void, and the gateway closes with 4004.
    ResetToken(String),
    /// The user of this name is no member any more.
    Kick(String),
    /// The user of this name is a member again, with the roles that it had.
    Invite(String),
    /// The threads think that so many minutes have gone by in which nothing happened in them: those whose time is over are archived.
    AgeThreadsMinutes(u32),
    /// All trouble that goes on ends, and none that was made for later comes. What was done to the world stays done.
    Clear(bool),
}

/// A text names no trouble that can be made.
#[derive(Debug, thiserror::Error)]
#[error("this is no trouble that can be made: {reason}")]
pub struct ReadScriptError {
    reason: String,
}

impl Demand {
    /// Reads a script: one demand, or a list of them, as JSON.
    ///
    /// # Errors
    ///
    /// [`ReadScriptError`], with what is wrong.
    pub fn read_script(json: &str) -> Result<Vec<Self>, ReadScriptError> {
        let script: Value = serde_json::from_str(json).map_err(|error| ReadScriptError { reason: error.to_string() })?;
        Self::read(script)
    }

    /// Reads one demand, or a list of them.
    pub(crate) fn read(script: Value) -> Result<Vec<Self>, ReadScriptError> {
        let list = if let Value::Array(list) = script { list } else { vec![script] };
        let read = |one| {
            let demand: Self = serde_json::from_value(one).map_err(|error| error.to_string())?;
            demand.check()?;
            Ok(demand)
        };
        list.into_iter().map(read).collect::<Result<_, String>>().map_err(|reason| ReadScriptError { reason })
    }

    fn check(&self) -> Result<(), String> {
        match self {
            Self::Deny { permissions, .. } => {
                let unknown = permissions.iter().find(|name| permission::named(name).is_none());
                unknown.map_or(Ok(()), |name| Err(format!("`{name}` is no permission that the local Discord knows")))
            }
            Self::Later { demand, .. } => demand.check(),
            _ => Ok(()),
        }
    }
}

/// Does what is demanded; the world is held by the caller. A name that nothing has makes no trouble.
pub(crate) fn make(hub: &Hub, world: &mut World, now: DateTime<Utc>, demand: Demand) {
    match demand {
        Demand::Request(rule) => hub.trouble().rules.push(rule),
        Demand::Gateway(trouble) => on_gateway(hub, trouble),
        Demand::Storm(seed) => {
            hub.trouble().storm = Storm::new(seed);
            hub.weather_changed();
        }
        Demand::Later { after_ms, demand } => {
            hub.trouble().later.push((Instant::now() + Duration::from_millis(after_ms), *demand));
            hub.weather_changed();
        }
        Demand::MessageContent(allowed) => world.allow_intent(MESSAGE_CONTENT, allowed),
        Demand::EndInteractions(true) => world.end_interactions(),
        Demand::Deadlines(deadlines) => world.deadlines = deadlines,
        Demand::ForgetNonces(true) => world.forget_nonces(),
        Demand::Deny { user, channel, permissions } => {
            let deny = permissions.iter().filter_map(|name| permission::named(name)).fold(0, |all, one| all | one);
            let found = (world.user_named(&user).map(|user| user.id), world.channel_named(&channel).map(|channel| channel.id));
            if let (Some(user), Some(channel)) = found {
                world.overwrite(channel, Overwrite { id: user, target: OverwriteTarget::Member, allow: 0, deny });
            }
        }
        Demand::DeleteChannel(name) => {
            let found = world.channel_named(&name).map(|channel| channel.id);
            if let Some((channel, owner)) = found.and_then(|id| Some((id, world.guild_of(id)?.owner))) {
                // The owner may.
                let _ = world.delete_channel(owner, channel);
            }
        }
        Demand::ResetToken(name) => {
            if let Some(user) = world.user_named(&name).map(|user| user.id) {
                world.reset_token(user, now);
                hub.sessions().order(Some(user), &Order::Close(CloseCode::AUTHENTICATION_FAILED));
            }
        }
        Demand::Kick(name) => world.set_membership(&name, false),
        Demand::Invite(name) => world.set_membership(&name, true),
        Demand::AgeThreadsMinutes(minutes) => world.age_threads(now, minutes),
        Demand::Clear(true) => {
            hub.trouble().clear();
            hub.weather_changed();
        }
        Demand::EndInteractions(false) | Demand::ForgetNonces(false) | Demand::Clear(false) => {}
    }
}

fn on_gateway(hub: &Hub, trouble: GatewayTrouble) {
    hub.record_trouble(format!("{trouble:?}"));
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
        GatewayTrouble::Mute(muted) => trouble.on_the_way.muted = muted,
        GatewayTrouble::Double(events) => trouble.on_the_way.doubled = events,
        GatewayTrouble::Swap(events) => trouble.on_the_way.swapped = events,
        GatewayTrouble::Lose(events) => trouble.on_the_way.lost = events,
        GatewayTrouble::Repeat(events) => trouble.on_the_way.repeated = events,
        GatewayTrouble::RefuseResumes(times) => trouble.refused_resumes = times,
        GatewayTrouble::CloseNextIdentify(code) => trouble.identify_closes.push_back(code),
        GatewayTrouble::HeartbeatIntervalMs(interval) => trouble.heartbeat_interval = Duration::from_millis(interval),
        GatewayTrouble::Close(_) | GatewayTrouble::Drop | GatewayTrouble::Reconnect | GatewayTrouble::InvalidSession(_) => {}
    }
}
