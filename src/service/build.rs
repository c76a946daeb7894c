//! From configuration to parts: every adapter is made here, and handed to the stages as the port that it is.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use orchestrator_core::{
    delivery::mailer::{self, Mailer},
    domain::{
        agent::{AgentDefinition, AgentName},
        id::{GuildId, InstanceId},
        isolation::Offered,
        outbound::{Address, Identity},
        quota::{Manner, Quotas},
    },
    intake::{
        admit::{Policy, WhoMay},
        desk::{Desk, DeskRules, Priorities},
        parse,
    },
    outcome::settle_loop::Law,
    ports::{agent_runner::AgentRunner, chat::Chat, clock::Clock, entropy::Entropy, progress::Progress, store::Store, task_log::TaskLog},
    queue::{Queue, Routes, Rules, settle::Ended},
    runner::{
        crew::{self, AttachmentBounds, Crew, Shut},
        results::Bounds,
        retention::Keeping,
        transcript::Transcript,
        workspace::Retention,
    },
};
use tokio::sync::mpsc;

use super::ServiceError;
use crate::{
    adapters::{
        discord::{Sender, SenderConfig, Token},
        process::{self, ProcessRunner},
        sqlite::{FatalHook, SqliteOptions, SqliteStore},
        system_clock::{self, SystemClock},
        system_entropy::SystemEntropy,
    },
    config::{Config, DiscordConfig},
};

/// The instance's name where there is one machine.
const INSTANCE: &str = "A";
/// How long a ✅ that a permission forbids waits for its next try.
const FORBIDDEN_PAUSE: Duration = Duration::from_secs(60);
/// The exit code when the machine fails, as `--help` has it.
const STORE_FAILED: i32 = 12;
/// Ended attempts that wait to be settled.
const ENDED_AT_ONCE: usize = 256;

/// The parts that need no Discord: what the command line uses beside a service, or without one.
#[derive(Clone)]
pub struct Desks {
    /// All promises about tasks.
    pub queue: Queue,
    /// The one door.
    pub desk: Desk,
    /// The store itself, for backups.
    pub store: Arc<SqliteStore>,
}

/// All parts of a running service.
pub struct House {
    /// The queue, the door and the store.
    pub desks: Desks,
    /// Discord.
    pub sender: Arc<Sender>,
    /// Runs attempts.
    pub crew: Crew,
    /// What the crew's ended attempts come out of.
    pub ended: mpsc::Receiver<Ended>,
    /// Agent processes.
    pub runner: Arc<ProcessRunner>,
    /// Sends what waits.
    pub mailer: Mailer,
    /// Where tasks' logs are written and read.
    pub log: Arc<dyn TaskLog>,
    /// What runs are judged by.
    pub law: Law,
    /// How long workspaces stay.
    pub retention: Keeping,
    /// The machine's clock.
    pub clock: Arc<dyn Clock>,
}

/// The database of a runtime folder.
pub fn database(config: &Config) -> PathBuf {
    config.runtime_dir.join("orchestrator.db")
}

/// Opens the store.
///
/// # Errors
///
/// [`ServiceError`]: the store can't be opened, and why.
pub fn store(config: &Config) -> Result<Arc<SqliteStore>, ServiceError> {
    std::fs::create_dir_all(&config.runtime_dir).map_err(|source| ServiceError::Folder { path: config.runtime_dir.clone(), source })?;
    Ok(Arc::new(SqliteStore::open(&database(config), &SqliteOptions::new(SystemClock.now(), fatal()))?))
}

/// Opens the store and puts queue and desk before it.
///
/// # Errors
///
/// [`ServiceError`]: the store can't be opened, and why.
pub fn desks(config: &Config, discord: &DiscordConfig) -> Result<Desks, ServiceError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let store = store(config)?;
    let queue = Queue::new(Arc::clone(&store) as Arc<dyn Store>, Arc::clone(&clock), entropy, rules(config, discord));
    let desk = Desk::new(queue.clone(), clock, desk_rules(config, discord), policy(config));
    Ok(Desks { queue, desk, store })
}

/// Makes all parts.
///
/// # Errors
///
/// [`ServiceError`].
pub fn house(config: &Config, discord: &DiscordConfig) -> Result<House, ServiceError> {
    let desks = desks(config, discord)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let sender = Arc::new(Sender::new(&sender_config(config, discord))?);
    let chat = Arc::clone(&sender) as Arc<dyn Chat>;
    let runner = Arc::new(
        ProcessRunner::new(&config.runtime_dir).map_err(|source| ServiceError::Folder { path: config.runtime_dir.clone(), source })?,
    );
    let offered = process::offered();
    let log: Arc<dyn TaskLog> = Arc::new(Transcript::new(Arc::clone(&clock)));
    let (ended_in, ended) = mpsc::channel(ENDED_AT_ONCE);
    let crew = Crew::new(
        desks.queue.clone(),
        Arc::clone(&runner) as Arc<dyn AgentRunner>,
        Arc::clone(&chat),
        Arc::clone(&log),
        crew_settings(config, offered),
        ended_in,
    );
    let said = (Arc::clone(&log), Arc::new(crew.pulses()) as Arc<dyn Progress>);
    let mailer = Mailer::new(desks.queue.clone(), chat, said, Arc::clone(&clock), mailer_settings(config));
    let retention = Keeping {
        workers: config.workers_dir.clone(),
        retention: Retention { success: config.limits.keep_success, failure: config.limits.keep_failure },
    };
    let law = Law {
        agents: config.agents.definitions.clone(),
        catalogue: config.openclaw.catalogue.clone(),
        secrets: config.secrets.clone(),
        offered,
        local: system_clock::local,
    };
    Ok(House { desks, sender, crew, ended, runner, mailer, log, law, retention, clock })
}

/// The sender's configuration.
pub fn sender_config(config: &Config, discord: &DiscordConfig) -> SenderConfig {
    let workers = discord.worker_tokens.clone().map(|token| token.map(|token| Token::new(token.expose())));
    SenderConfig {
        workers,
        guild: discord.guild.map(GuildId::get),
        answer_timeout: config.limits.request_timeout,
        ..SenderConfig::new(&discord.api_base, Token::new(discord.token.expose()))
    }
}

fn rules(config: &Config, discord: &DiscordConfig) -> Rules {
    let own = |channel| Address { channel, identity: Identity::Orchestrator };
    let workers = (1..=3_u8).zip(&discord.worker_tokens).filter(|(_, token)| token.is_some()).fold(0, |bits, (slot, _)| bits | 1 << slot);
    Rules {
        instance: InstanceId(INSTANCE.to_owned()),
        process: 0,
        slots: config.limits.max_concurrent,
        lease: config.limits.lease,
        lane_cap: config.limits.per_user_running.unwrap_or(u32::MAX),
        open_tasks_per_lane: config.limits.per_user_queued.into(),
        ceilings: config.budgets.ceilings.clone(),
        quotas: quotas(config),
        launch_tries: config.limits.launch_retries + 1,
        launch_delays: config.limits.launch_delays,
        attempt_delays: config.limits.attempt_delays,
        showing: config.limits.showing,
        card_gap: config.limits.card_gap,
        routes: Routes {
            results: own(discord.results),
            operator: own(discord.operator.or(discord.worker_pool).unwrap_or(discord.results)),
            pool_channel: discord.worker_pool,
            workers,
        },
    }
}

fn quotas(config: &Config) -> Quotas {
    let of = |(name, agent): (&AgentName, &AgentDefinition)| {
        let usual = parse::usual_model(&config.openclaw.catalogue, agent.models.as_ref());
        (name.clone(), Manner { rule: agent.quota.clone(), usual, checks: agent.offer() })
    };
    config.agents.definitions.iter().map(of).collect()
}

fn desk_rules(config: &Config, discord: &DiscordConfig) -> DeskRules {
    DeskRules {
        catalogue: config.openclaw.catalogue.clone(),
        agents: config.agents.definitions.keys().cloned().collect(),
        own_models: config.agents.own_models(),
        default_agent: config.agents.default.clone(),
        time_limit: config.limits.timeout,
        max_time_limit: config.limits.max_timeout,
        budget: config.budgets.task,
        max_budget: config.budgets.max_task,
        priorities: Priorities {
            everyone: config.who_may.priority_everyone,
            operators: config.who_may.priority_operators,
            roles: config.who_may.priority_roles.clone(),
        },
        checks: config.agents.checks(),
        attempts: config.limits.attempts,
        text_limit: u64::try_from(config.limits.prompt_bytes).unwrap_or(u64::MAX),
        task_channels: discord.task_queues.clone(),
        ask_after: config.limits.ask_after,
    }
}

fn policy(config: &Config) -> Policy {
    let who = &config.who_may;
    Policy {
        submit: WhoMay { users: who.submit_users.clone(), roles: who.submit_roles.clone(), bots: who.submit_bots.clone() },
        operate: WhoMay { users: who.operate_users.clone(), roles: who.operate_roles.clone(), ..WhoMay::default() },
        free_checks: WhoMay { users: who.free_check_users.clone(), roles: who.free_check_roles.clone(), ..WhoMay::default() },
        guild_owner: None,
    }
}

pub(super) fn crew_settings(config: &Config, offered: Offered) -> crew::Settings {
    crew::Settings {
        agents: config.agents.definitions.clone(),
        environment: config.agent_environment.clone(),
        workers: config.workers_dir.clone(),
        attempts: config.runtime_dir.join("attempts"),
        claims: config.runtime_dir.join("assigned-tasks.txt"),
        agents_md: config.template.as_ref().map(|template| template.text.clone()),
        catalogue: config.openclaw.catalogue.clone(),
        openclaw_config: config.openclaw.path.clone(),
        log_limit: config.limits.log_bytes,
        stdout_limit: config.limits.stdout_bytes,
        file_size_limit: config.limits.file_bytes,
        offered,
        shut: shut(config),
        attachments: AttachmentBounds {
            files: config.limits.attachments.files,
            each: config.limits.attachments.file_bytes,
            total: config.limits.attachments.total_bytes,
            within: config.limits.attachments.download,
        },
        bounds: Bounds { result: config.limits.result_bytes, summary: config.limits.summary_max_chars, ..Bounds::DEFAULT },
    }
}

/// What no agent with walls reaches: configuration, secrets, state, and what other attempts have.
fn shut(config: &Config) -> Shut {
    let files = [&config.env_file, &config.config_file].into_iter().chain(&config.openclaw.path);
    let folders = [&config.runtime_dir, &config.workers_dir, &config.logs_dir];
    let always = files.chain(folders).cloned().chain([config.root.join("agents")]).collect();
    Shut { root: config.root.clone(), always }
}

fn mailer_settings(config: &Config) -> mailer::Settings {
    mailer::Settings {
        delays: config.limits.post_delays,
        nonce_window: config.limits.nonce_window,
        forbidden_pause: FORBIDDEN_PAUSE.min(config.limits.post_delays.cap()),
        workers: config.workers_dir.clone(),
        undelivered: config.runtime_dir.join("undelivered"),
        live_cards: config.limits.live_cards,
        attach_files: config.limits.attach_files,
        open: unwalled(config),
        secrets: config.secrets.clone(),
    }
}

/// The agents whose isolation this machine can't hold as their definitions say it, and what of it.
pub fn unwalled(config: &Config) -> BTreeMap<AgentName, String> {
    let offered = process::offered();
    let ready = config.agents.definitions.values().filter(|agent| agent.program.is_ok());
    ready.filter_map(|agent| Some((agent.name.clone(), agent.isolation.open(offered)?))).collect()
}

/// The gates' caps, as configured.
pub fn gate_caps(config: &Config) -> Vec<(String, Option<u32>)> {
    config.agents.definitions.values().map(|agent| (agent.name.gate(), agent.max_concurrent)).collect()
}

/// What happens when the disk fails: the process ends, because what it would answer from now on could be untrue. It ends at once, from the
/// store's own thread: a `main` that is waited for might never come back from such a disk.
fn fatal() -> FatalHook {
    Arc::new(|reason| {
        tracing::error!("the store failed, and the service ends so that nothing untrue is said: {reason}");
        eprintln!("The store can't be relied upon any more: {reason}. Running agents go on; `orchestrator doctor` tells more.");
        process::end_at_once(STORE_FAILED)
    })
}
