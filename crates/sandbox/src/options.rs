//! What a local Discord is started with.

use std::{net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use crate::{guide::Guide, world::WorldSeed};

/// How a [`crate::Sandbox`] is started. The default listens on a free port of this machine alone, with Discord's limits, and forgets everything at the end.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one. Whoever can reach this address can read every token and act as anybody.
    pub listen: SocketAddr,
    /// Whether Discord's rate limits hold.
    pub limits: Limits,
    /// Where the world is kept between runs: this file, and attachments in a folder beside it with `.files` appended. `None` keeps it in memory alone.
    pub state: Option<PathBuf>,
    /// What a new world is made of; not used when `state` names a file that is there.
    pub seed: WorldSeed,
    /// How often a gateway connection has to send a heartbeat.
    pub heartbeat_interval: Duration,
    /// How many records of requests and gateway events are kept; the oldest go first.
    pub log_capacity: usize,
    /// A guided first task on the chat page.
    pub guide: Option<Guide>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            limits: Limits::Discord,
            state: None,
            seed: WorldSeed::default(),
            // What Discord sends at the time of writing.
            heartbeat_interval: Duration::from_millis(41_250),
            log_capacity: 50_000,
            guide: None,
        }
    }
}

/// Whether rate limits hold for bots. People are never limited: their hands are slow enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Limits {
    /// As on Discord, as far as they are known.
    #[default]
    Discord,
    /// As on Discord, with every window of requests so many times shorter: a night of results in minutes.
    Compressed(u32),
    /// None at all; the headers are left away too.
    Off,
}

/// A word that names no [`Limits`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is no kind of limits: expected `discord`, `discord/10` (every window ten times shorter) or `off`")]
pub struct ParseLimitsError {
    given: String,
}

impl FromStr for Limits {
    type Err = ParseLimitsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "discord" => Ok(Self::Discord),
            "off" => Ok(Self::Off),
            _ => {
                let factor = text.strip_prefix("discord/").and_then(|factor| factor.parse().ok()).filter(|factor| *factor > 0);
                factor.map(Self::Compressed).ok_or_else(|| ParseLimitsError { given: text.to_owned() })
            }
        }
    }
}
