//! The Discord side of the configuration, checked: who the bot is, where it reads and posts.

use std::fmt;

use orchestrator_core::domain::{
    agent::Secret,
    id::{ChannelId, GuildId},
};

use super::{
    complaint::Complaint,
    env_file::{Given, Layers, SANDBOX_HUMAN},
    provenance::Source,
};

/// All that is needed to talk to Discord.
#[derive(Clone, Debug)]
pub struct DiscordConfig {
    /// The bot's own token.
    pub token: Secret,
    /// Tokens under which the notices of slots 1 to 3 are posted; where there is none, the bot's own.
    pub worker_tokens: [Option<Secret>; 3],
    /// Channels whose messages are tasks; one, for now.
    pub task_queues: Vec<ChannelId>,
    /// Where results go.
    pub results: ChannelId,
    /// Where notices go; `None`: they are left out.
    pub worker_pool: Option<ChannelId>,
    /// Where an operator is told; `OPERATOR_CHANNEL`, else the worker pool.
    pub operator: Option<ChannelId>,
    /// Where a result goes that its own channel does not take.
    pub fallback: Option<ChannelId>,
    /// The server; `None`: it is found from the task queue's channel.
    pub guild: Option<GuildId>,
    /// The server's address without `/api` and without a slash at its end.
    pub api_base: String,
    /// The person who plays in the local Discord.
    pub sandbox_human: Option<Secret>,
}

impl DiscordConfig {
    /// The channel that new tasks are announced in.
    ///
    /// # Panics
    ///
    /// Never: there is at least one task queue.
    pub fn task_queue(&self) -> ChannelId {
        self.task_queues[0]
    }
}

/// What `submit` needs, also where the rest is not configured.
#[derive(Clone, Debug)]
pub struct SubmitConfig {
    /// The bot's own token.
    pub token: Secret,
    /// Where the task is posted.
    pub task_queue: ChannelId,
    /// The server's address.
    pub api_base: String,
}

/// Settings without which Discord can't be talked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingSettings {
    /// Their keys.
    pub keys: Vec<&'static str>,
    /// The file in which they are looked for.
    pub file: String,
    /// Whether the file is there.
    pub file_exists: bool,
}

impl fmt::Display for MissingSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not configured: {} ", self.keys.join(", "))?;
        if self.file_exists {
            write!(f, "(fill it in in {}, or set it in the environment)", self.file)
        } else {
            write!(f, "(there is no {}: `cp discord-config.env.example discord-config.env` and fill it in)", self.file)
        }
    }
}

impl std::error::Error for MissingSettings {}

/// What the layers say of Discord.
pub(super) struct Checked {
    pub(super) discord: Result<DiscordConfig, MissingSettings>,
    pub(super) submit: Result<SubmitConfig, MissingSettings>,
    /// Every token there is: what must never reach an agent.
    pub(super) tokens: Vec<Secret>,
}

/// Checks everything about Discord; what is wrong is complained of, what is missing is named.
pub(super) fn check(
    layers: &Layers<'_>,
    fallback: Option<ChannelId>,
    faults: &mut Vec<Complaint>,
    warnings: &mut Vec<Complaint>,
) -> Checked {
    let token = token(layers, "ORCHESTRATOR_AGENT_TOKEN", faults, warnings);
    let mut tokens: Vec<Secret> = token.iter().cloned().collect();
    let worker_tokens = ["WORKER1_TOKEN", "WORKER2_TOKEN", "WORKER3_TOKEN"].map(|key| {
        let worker = self::token(layers, key, faults, warnings)?;
        if tokens.contains(&worker) {
            // Two limiters over one identity would each think that they have the whole allowance.
            let rule = "it is the same token as another one, so it is left out";
            warnings.push(Complaint::about(place(layers, key), key, rule).way_out("Leave it empty to post as the bot itself."));
            return None;
        }
        tokens.push(worker.clone());
        Some(worker)
    });
    let sandbox_human = layers.given(SANDBOX_HUMAN).map(|given| Secret::new(given.value));
    tokens.extend(sandbox_human.clone());

    let task_queue = channel(layers, "TASK_QUEUE_CHANNEL", faults);
    let results = channel(layers, "RESULTS_CHANNEL", faults);
    let worker_pool = channel(layers, "WORKER_POOL_CHANNEL", faults);
    let operator = channel(layers, "OPERATOR_CHANNEL", faults).or(worker_pool);
    let guild = snowflake(layers, "GUILD_ID", "the server's id", faults);
    let api_base = api_base(layers, faults, warnings);
    if token.is_some() && worker_pool.is_none() && layers.given("WORKER_POOL_CHANNEL").is_none() {
        let rule = "it is not set, so agents start and finish without a notice";
        warnings.push(Complaint::about(place(layers, "WORKER_POOL_CHANNEL"), "WORKER_POOL_CHANNEL", rule));
    }
    if task_queue.is_some() && task_queue == results {
        let rule = "it is the same channel as RESULTS_CHANNEL; results would stand between the tasks";
        warnings.push(Complaint::about(place(layers, "TASK_QUEUE_CHANNEL"), "TASK_QUEUE_CHANNEL", rule));
    }

    let missing = |wanted: &[(&'static str, bool)]| MissingSettings {
        keys: wanted.iter().filter(|(_, there)| !there).map(|(key, _)| *key).collect(),
        file: layers.file.path.display().to_string(),
        file_exists: layers.file.exists,
    };
    let required = [
        ("ORCHESTRATOR_AGENT_TOKEN", token.is_some()),
        ("TASK_QUEUE_CHANNEL", task_queue.is_some()),
        ("RESULTS_CHANNEL", results.is_some()),
    ];
    let submit = match (&token, task_queue) {
        (Some(token), Some(task_queue)) => Ok(SubmitConfig { token: token.clone(), task_queue, api_base: api_base.clone() }),
        _ => Err(missing(&required[..2])),
    };
    let discord = match (token, task_queue, results) {
        (Some(token), Some(task_queue), Some(results)) => Ok(DiscordConfig {
            token,
            worker_tokens,
            task_queues: vec![task_queue],
            results,
            worker_pool,
            operator,
            fallback,
            guild,
            api_base,
            sandbox_human,
        }),
        _ => Err(missing(&required)),
    };
    Checked { discord, submit, tokens }
}

fn place(layers: &Layers<'_>, key: &str) -> String {
    layers.given(key).map_or_else(|| layers.file.path.display().to_string(), |given| given.from.to_string())
}

fn token(layers: &Layers<'_>, key: &'static str, faults: &mut Vec<Complaint>, warnings: &mut Vec<Complaint>) -> Option<Secret> {
    let Given { value, from } = layers.given(key)?;
    let bare = value.strip_prefix("Bot ").map_or(value.as_str(), str::trim);
    if bare.len() != value.len() {
        warnings
            .push(Complaint::about(from.to_string(), key, "it begins with `Bot `, which was left out").way_out("Write the token alone."));
    }
    if bare.is_empty() || bare.len() > 200 || !bare.chars().all(|c| c.is_ascii_graphic()) {
        let rule = "it is no token: expected up to 200 letters, digits and signs without spaces";
        faults.push(Complaint::about(from.to_string(), key, rule).way_out("Copy it again: Developer Portal, Bot, Reset Token."));
        return None;
    }
    Some(Secret::new(bare))
}

fn channel(layers: &Layers<'_>, key: &'static str, faults: &mut Vec<Complaint>) -> Option<ChannelId> {
    snowflake(layers, key, "a channel's id", faults)
}

fn snowflake<T: std::str::FromStr>(layers: &Layers<'_>, key: &'static str, what: &str, faults: &mut Vec<Complaint>) -> Option<T> {
    let Given { value, from } = layers.given(key)?;
    let bare = value.strip_prefix("<#").and_then(|rest| rest.strip_suffix('>')).unwrap_or(&value);
    let id = bare.parse().ok();
    if id.is_none() {
        let complaint = Complaint::about(from.to_string(), key, format!("it must be {what}: 1 to 20 digits"))
            .way_out("In Discord: Settings, Advanced, Developer Mode; then right-click, Copy ID.");
        // A token pasted into the wrong line must not be shown.
        faults.push(if bare.len() <= 40 { complaint.given(&value) } else { complaint });
    }
    id
}

const DEFAULT_API_BASE: &str = "https://discord.com";

fn api_base(layers: &Layers<'_>, faults: &mut Vec<Complaint>, warnings: &mut Vec<Complaint>) -> String {
    const KEY: &str = "DISCORD_API_BASE";
    let Some(Given { value, from }) = layers.given(KEY) else { return DEFAULT_API_BASE.to_owned() };
    let refuse = |rule: &str, from: &Source| Complaint::about(from.to_string(), KEY, rule).way_out("Leave it out for Discord itself.");
    let Ok(url) = reqwest::Url::parse(&value) else {
        faults.push(refuse("it must be an address like https://discord.com or http://127.0.0.1:8080", &from).given(&value));
        return DEFAULT_API_BASE.to_owned();
    };
    let path = url.path().trim_end_matches('/');
    // `/api` and `/api/v10` are added by the sender; whoever wrote them too means the same.
    let bare = path.split_once("/api").filter(|(_, rest)| rest.is_empty() || rest.starts_with("/v")).map_or(path, |(before, _)| before);
    let host = url.host_str().unwrap_or("");
    if !matches!(url.scheme(), "http" | "https") || host.is_empty() {
        faults.push(refuse("it must begin with https:// or http:// and name a host", &from).given(&value));
    } else if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        faults.push(refuse("it must be an address alone, without a user, a password, `?` or `#`", &from));
    } else if url.scheme() == "http" && !is_local(host) {
        let rule = "it is not encrypted, and the bot's token is sent there";
        warnings.push(Complaint::about(from.to_string(), KEY, rule).given(&value).way_out("Use https:// for everything but this machine."));
    }
    format!("{}{bare}", url.origin().ascii_serialization())
}

fn is_local(host: &str) -> bool {
    host == "localhost" || host == "[::1]" || host.starts_with("127.") || host.ends_with(".localhost")
}
