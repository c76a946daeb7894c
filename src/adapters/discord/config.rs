//! What the sender is told: where Discord is, who speaks, and how patient it is.

use std::{fmt, time::Duration};

use orchestrator_core::domain::outbound::Identity;
use reqwest::{Url, header::HeaderValue};
use thiserror::Error;

/// A bot's token. It shows itself to nobody but the server that it is for.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The token as Discord's page gives it; a `Bot ` before it and blanks around it are taken off.
    pub fn new(given: &str) -> Self {
        let given = given.trim();
        Self(given.strip_prefix("Bot ").unwrap_or(given).trim().to_owned())
    }

    fn header(&self) -> Option<HeaderValue> {
        if self.0.is_empty() {
            return None;
        }
        let mut value = HeaderValue::from_str(&format!("Bot {}", self.0)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

/// What the sender is told.
#[derive(Clone, Debug)]
pub struct SenderConfig {
    /// `https://discord.com`, or the origin of a compatible server. Tokens go nowhere else.
    pub api_base: String,
    /// The orchestrator's own bot.
    pub orchestrator: Token,
    /// The identities of slots 1 to 3; without one, the orchestrator's own speaks.
    pub workers: [Option<Token>; 3],
    /// The server whose messages are linked to; without one, links have `@me`.
    pub guild: Option<u64>,
    /// How the program names itself. Discord expects `DiscordBot (<url>, <version>)`.
    pub user_agent: String,
    /// How long a connection may take.
    pub connect_timeout: Duration,
    /// How long an answer may take, without the time that files need.
    pub answer_timeout: Duration,
    /// How long a request waits for Discord's limits before it is handed back unsent.
    pub longest_wait: Duration,
    /// What may be sent in all.
    pub budget: Budget,
}

impl SenderConfig {
    /// The usual patience, for one bot at one server.
    pub fn new(api_base: &str, orchestrator: Token) -> Self {
        Self {
            api_base: api_base.to_owned(),
            orchestrator,
            workers: [None, None, None],
            guild: None,
            user_agent: concat!("DiscordBot (discord-orchestrator, ", env!("CARGO_PKG_VERSION"), ")").to_owned(),
            connect_timeout: Duration::from_secs(5),
            answer_timeout: Duration::from_secs(15),
            longest_wait: Duration::from_secs(30),
            budget: Budget::default(),
        }
    }

    /// The base as a URL without a path.
    pub(super) fn base(&self) -> Result<Url, SenderConfigError> {
        let bad = |rule| SenderConfigError::Base { rule };
        let base = Url::parse(self.api_base.trim()).map_err(|_| bad("a URL such as https://discord.com"))?;
        if !matches!(base.scheme(), "http" | "https") || base.host().is_none() {
            return Err(bad("a URL that begins with https:// or http://"));
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(bad("a URL without a user or password in it"));
        }
        if base.path() != "/" || base.query().is_some() || base.fragment().is_some() {
            return Err(bad("an origin alone, such as https://discord.com, without a path behind it"));
        }
        Ok(base)
    }

    /// The `Authorization` header of each identity: the orchestrator's first.
    pub(super) fn headers(&self) -> Result<Vec<(Identity, HeaderValue)>, SenderConfigError> {
        const WORKERS: [(u8, &str); 3] = [(1, "WORKER1_TOKEN"), (2, "WORKER2_TOKEN"), (3, "WORKER3_TOKEN")];
        let own = self.orchestrator.header().ok_or(SenderConfigError::Token { setting: "ORCHESTRATOR_AGENT_TOKEN" })?;
        let mut all = vec![(Identity::Orchestrator, own)];
        for (token, (slot, setting)) in self.workers.iter().zip(WORKERS) {
            if let Some(token) = token {
                all.push((Identity::Worker(slot), token.header().ok_or(SenderConfigError::Token { setting })?));
            }
        }
        Ok(all)
    }
}

/// What may be sent in all, whatever the single limits say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Requests in a second, of one bot. Source: Discord developer documentation, "Rate Limits", "Global Rate Limit".
    pub per_second: usize,
    /// How many of these are kept for what somebody waits for: reactions, answers to commands.
    pub reserve: usize,
    /// Refused requests in ten minutes at which nothing more is sent. Discord bans an address at 10,000. Source: "Invalid Request Limit".
    pub refusals: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self { per_second: 50, reserve: 10, refusals: 5_000 }
    }
}

/// The sender can't be built from what it was told.
#[derive(Debug, Error)]
pub enum SenderConfigError {
    /// The base is no origin.
    #[error("`DISCORD_API_BASE` must be {rule}")]
    Base {
        /// What it should be.
        rule: &'static str,
    },
    /// A token is empty or has characters that no token has.
    #[error("`{setting}` is not a bot token: copy it from the page \"Bot\" of your application in Discord's developer portal")]
    Token {
        /// Which.
        setting: &'static str,
    },
    /// The HTTP client could not be made.
    #[error("the HTTP client could not be made: {reason}")]
    Client {
        /// Why.
        reason: String,
    },
}
