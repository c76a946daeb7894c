//! Keeps a gateway session alive: finds the gateway, identifies within the daily budget, watches, and begins again after a pause.
//!
//! serenity's `Client` is not used, but the runner beneath it: the client would dial the real gateway when the address can't be asked,
//! identify again without a count or a growing pause, wait 5 s at each restart, and tell nobody. Here the address comes from our own sender
//! or not at all, and each IDENTIFY is counted and stored before it is made.

use std::{
    sync::{Arc, OnceLock, atomic::Ordering::Relaxed},
    time::Duration,
};

use chrono::{DateTime, Utc};
use orchestrator_core::ports::chat::ChatError;
use serenity::{
    builder::CreateAllowedMentions,
    framework::Framework,
    gateway::{
        ConnectionStage, GatewayError as ShardError, Shard, ShardManager, ShardManagerOptions, ShardMessenger, ShardRunner,
        ShardRunnerInfo, ShardRunnerMessage, ShardRunnerOptions,
    },
    http::{Http, HttpBuilder},
    model::{
        gateway::{GatewayIntents, ShardInfo},
        id::{ShardId, UserId as SerenityUserId},
    },
};
use thiserror::Error;
use tokio::{
    sync::{Mutex, mpsc},
    task::JoinSet,
    time::{Instant, interval, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    health::{Finding, Pulse},
    hearing::Hearing,
    identifies::Identifies,
    incoming::Incoming,
    session::Session,
};
pub use super::{
    patience::Patience,
    terms::{BuildFramework, FindGateway, GatewayConfig, IdentifyMemory},
};

/// Messages and their text, reactions, and the servers they are in.
const INTENTS: GatewayIntents = GatewayIntents::GUILDS
    .union(GatewayIntents::GUILD_MESSAGES)
    .union(GatewayIntents::GUILD_MESSAGE_REACTIONS)
    .union(GatewayIntents::MESSAGE_CONTENT);

/// How long a connection may take to end when we end it.
const FAREWELL: Duration = Duration::from_secs(1);

/// The gateway is given up: a person has to do something first.
#[derive(Debug, Error)]
pub enum GatewayError {
    /// Close 4004, or 401 for the gateway's address.
    #[error(
        "Discord does not accept `ORCHESTRATOR_AGENT_TOKEN`; copy the token from https://discord.com/developers/applications → your \
         application → Bot → Reset Token"
    )]
    TokenRefused,
    /// Close 4014.
    #[error(
        "Discord refuses to let the bot read messages (gateway close 4014); switch on \"Message Content Intent\" at \
         https://discord.com/developers/applications → your application → Bot → Privileged Gateway Intents"
    )]
    MessageContentRefused,
    /// Close 4013.
    #[error(
        "Discord does not know the intents that were asked for (gateway close 4013); this version of the program is too old or too new for it"
    )]
    IntentsUnknown,
    /// So many that Discord would reset the token soon.
    #[error(
        "the bot has identified {count} times within a day, and Discord resets its token at 1,000; the gateway stays closed until {next_at}"
    )]
    IdentifiesSpent {
        /// How many.
        count: u32,
        /// When there is room again.
        next_at: DateTime<Utc>,
    },
    /// The HTTP client for answers to interactions could not be made.
    #[error("the HTTP client for interactions could not be made: {reason}")]
    Client {
        /// Why.
        reason: String,
    },
}

/// Hears Discord until it is stopped: whatever is heard goes into `sink`, and what ends is begun again.
///
/// # Errors
///
/// [`GatewayError`], when trying again would do no good.
///
/// # Cancel safety
///
/// Cancel safe, but impolite: only through `stop` does Discord show the bot as gone at once.
pub async fn run(config: GatewayConfig, sink: mpsc::Sender<Incoming>, stop: CancellationToken) -> Result<(), GatewayError> {
    let mut keeper = Keeper::new(config, sink)?;
    let outcome = keeper.keep(&stop).await;
    keeper.config.health.connected.store(false, Relaxed);
    outcome
}

struct Keeper {
    config: GatewayConfig,
    sink: mpsc::Sender<Incoming>,
    http: Arc<Http>,
    hearing: Arc<Hearing>,
    manager: Arc<ShardManager>,
    framework: Option<Arc<dyn Framework>>,
    manager_is_quiet: bool,
    last_identify: Option<Instant>,
}

/// How one session ended.
enum End {
    Stopped,
    Fatal(GatewayError),
    /// It lasted so long, and this was the reason.
    Over {
        lasted: Duration,
        why: String,
    },
}

impl Keeper {
    fn new(mut config: GatewayConfig, sink: mpsc::Sender<Incoming>) -> Result<Self, GatewayError> {
        let http = Arc::new(http(&config)?);
        let our_bots = config.our_other_bots.iter().map(|bot| SerenityUserId::new(bot.get())).collect();
        let hearing = Arc::new(Hearing::new(sink.clone(), Arc::clone(&config.chat), our_bots, Arc::clone(&config.health)));
        let (manager, _) = ShardManager::new(ShardManagerOptions {
            data: Arc::default(),
            event_handlers: Vec::new(),
            raw_event_handlers: Vec::new(),
            framework: Arc::new(OnceLock::new()),
            shard_index: 0,
            shard_init: 0,
            shard_total: 1,
            // It never connects; if it tried, there would be nothing to connect to.
            ws_url: Arc::default(),
            http: Arc::clone(&http),
            intents: INTENTS,
            presence: None,
        });
        let framework = config.framework.take().map(|build| build(Arc::clone(&manager), Arc::clone(&http)));
        Ok(Self { config, sink, http, hearing, manager, framework, manager_is_quiet: false, last_identify: None })
    }

    async fn keep(&mut self, stop: &CancellationToken) -> Result<(), GatewayError> {
        let (mut failures, sink) = (0_u32, self.sink.clone());
        loop {
            let end = tokio::select! {
                biased;
                () = stop.cancelled() => End::Stopped,
                () = sink.closed() => End::Stopped,
                end = self.begin() => match end {
                    Ok(connection) => self.watch(connection, stop).await,
                    Err(end) => end,
                },
            };
            self.config.health.connected.store(false, Relaxed);
            match end {
                End::Stopped => return Ok(()),
                End::Fatal(error) => return Err(error),
                End::Over { lasted, why } => {
                    failures = if lasted >= self.config.patience.calm { 0 } else { failures + 1 };
                    let pause = self.pause(failures);
                    tracing::warn!(
                        pause_ms = pause.as_millis(),
                        "the gateway session is over ({why}); the next one begins in {} ms",
                        pause.as_millis()
                    );
                    tokio::select! {
                        () = stop.cancelled() => return Ok(()),
                        () = sleep(pause) => {}
                    }
                }
            }
        }
    }

    /// Until the next session begins: the longer the more have failed, and never closer together than Discord allows.
    fn pause(&self, failures: u32) -> Duration {
        let Patience { delays, between_identifies, .. } = self.config.patience;
        let spaced = self.last_identify.map_or(Duration::ZERO, |last| between_identifies.saturating_sub(last.elapsed()));
        if failures == 0 { spaced } else { delays.before(failures).max(spaced) }
    }

    /// Finds the gateway, connects, and makes what lives on that connection.
    async fn begin(&mut self) -> Result<Connection, End> {
        let failed = |why: String| End::Over { lasted: Duration::ZERO, why };
        let address = (self.config.find_gateway)().await.map_err(|error| match error {
            ChatError::Unauthorized => End::Fatal(GatewayError::TokenRefused),
            other => failed(format!("where the gateway is could not be asked: {other}")),
        })?;
        self.may_have_token(&address).map_err(failed)?;
        let mut identifies = self.identifies().await?;
        let address = Arc::new(Mutex::new(address));
        let shard = ShardInfo { id: ShardId(0), total: 1 };
        let connecting = Shard::new(Arc::clone(&address), self.http.token(), shard, INTENTS, None);
        let mut shard = timeout(self.config.patience.connect, connecting)
            .await
            .map_err(|_| failed("it does not answer".to_owned()))?
            .map_err(|error| failed(format!("no connection: {error}")))?;
        // Counted and stored before it is made: a process that is killed now has still identified.
        identifies.note(self.config.clock.now());
        self.config.memory.save(identifies.to_string()).await;
        self.last_identify = Some(Instant::now());
        let http = Arc::clone(&self.http);
        shard.set_application_id_callback(move |id| http.set_application_id(id));
        let runner = ShardRunner::new(ShardRunnerOptions {
            data: Arc::default(),
            event_handlers: Vec::new(),
            raw_event_handlers: vec![Arc::clone(&self.hearing) as _],
            framework: self.framework.clone(),
            manager: Arc::clone(&self.manager),
            shard,
            http: Arc::clone(&self.http),
        });
        let messenger = ShardMessenger::new(&runner);
        self.quieten_manager(&messenger).await;
        let pulse = Arc::new(Pulse::new());
        self.hearing.watches(Arc::clone(&pulse));
        Ok(Connection { session: Session::new(runner, address, Arc::clone(&pulse)), messenger, pulse })
    }

    /// The token goes only where the base points, and not without the base's own protection on the way.
    fn may_have_token(&self, address: &str) -> Result<(), String> {
        let protected = address.starts_with("wss://");
        let open_base = self.config.api_base.starts_with("http://");
        if protected || open_base && address.starts_with("ws://") {
            Ok(())
        } else {
            Err(format!("`{}` is no gateway that a token may be sent to", address.chars().take(80).collect::<String>()))
        }
    }

    async fn identifies(&self) -> Result<Identifies, End> {
        let stored = self.config.memory.load().await.unwrap_or_default();
        let mut identifies: Identifies = stored.parse().unwrap_or_default();
        let now = self.config.clock.now();
        match identifies.next_at(now) {
            None => Ok(identifies),
            Some(next_at) => Err(End::Fatal(GatewayError::IdentifiesSpent { count: identifies.in_last_day(now), next_at })),
        }
    }

    /// Ends the manager's own loop, which would start a second connection whenever a runner asks for a restart; restarting is our part.
    /// It ends when it shuts down a runner, and any will do: one with a number that no shard has.
    async fn quieten_manager(&mut self, messenger: &ShardMessenger) {
        const NO_SHARD: ShardId = ShardId(u32::MAX);
        if !self.manager_is_quiet {
            let runner = ShardRunnerInfo { latency: None, runner_tx: messenger.clone(), stage: ConnectionStage::Disconnected };
            self.manager.runners.lock().await.insert(NO_SHARD, runner);
            self.manager.shutdown_finished(NO_SHARD);
            self.manager.shutdown_all().await;
            self.manager_is_quiet = true;
        }
        // A runner that asks for a restart waits 5 s for this word; said beforehand, it does not wait.
        self.manager.shutdown_finished(ShardId(0));
    }

    async fn watch(&self, connection: Connection, stop: &CancellationToken) -> End {
        let Connection { session, messenger, pulse } = connection;
        let patience = self.config.patience;
        let began = Instant::now();
        // A task of its own: serenity's loop may spin, and whoever shares its task can't stop it.
        let mut task = JoinSet::new();
        task.spawn(session.live(patience));
        let over =
            |why: &str| End::Over { lasted: if pulse.was_established() { began.elapsed() } else { Duration::ZERO }, why: why.to_owned() };
        let mut looks = interval(patience.look);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => {
                    self.say_goodbye(&messenger, &pulse, &mut task).await;
                    return End::Stopped;
                }
                () = self.sink.closed() => {
                    self.say_goodbye(&messenger, &pulse, &mut task).await;
                    return End::Stopped;
                }
                Some(joined) = task.join_next() => return match joined {
                    Ok(Ok(())) => over("the session has to be started anew"),
                    Ok(Err(error)) => fatal(&error).map_or_else(|| over(&error.to_string()), End::Fatal),
                    Err(panic) => over(&format!("its task ended: {panic}")),
                },
                _ = looks.tick() => match pulse.look(&patience) {
                    Finding::Fine => {}
                    Finding::Spins => {
                        self.given_up("the connection ended without a word and its reader spins");
                        // The one message that a spinning runner takes, and fails on: then it ends.
                        messenger.send_to_shard(ShardRunnerMessage::Close(4000, None));
                    }
                    Finding::Hangs => {
                        self.given_up("the connection hangs");
                        return over("the connection hung");
                    }
                    Finding::NoSession => {
                        self.given_up("no session came of the connection");
                        return over("no session came of the connection");
                    }
                },
            }
        }
    }

    fn given_up(&self, what: &str) {
        self.config.health.given_up.fetch_add(1, Relaxed);
        tracing::warn!("the gateway's watchdog ends a connection: {what}");
    }

    /// Closes with 1000, so that Discord shows the bot as gone: no other process could resume this session.
    async fn say_goodbye(&self, messenger: &ShardMessenger, pulse: &Pulse, task: &mut JoinSet<Result<(), serenity::Error>>) {
        pulse.close();
        messenger.send_to_shard(ShardRunnerMessage::Close(1000, None));
        // What has not ended by then is dropped with its task.
        timeout(FAREWELL, task.join_next()).await.ok();
    }
}

/// A connection and what lives on it.
struct Connection {
    session: Session,
    messenger: ShardMessenger,
    pulse: Arc<Pulse>,
}

fn fatal(error: &serenity::Error) -> Option<GatewayError> {
    match error {
        serenity::Error::Gateway(ShardError::InvalidAuthentication) => Some(GatewayError::TokenRefused),
        serenity::Error::Gateway(ShardError::DisallowedGatewayIntents) => Some(GatewayError::MessageContentRefused),
        serenity::Error::Gateway(ShardError::InvalidGatewayIntents) => Some(GatewayError::IntentsUnknown),
        _ => None,
    }
}

/// serenity's own client, for answers to interactions alone. Its limiter is off: with it, the base would be ignored and the token go elsewhere.
fn http(config: &GatewayConfig) -> Result<Http, GatewayError> {
    let client = reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(15))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .use_rustls_tls()
        .build()
        .map_err(|error| GatewayError::Client { reason: error.to_string() })?;
    Ok(HttpBuilder::new(&config.token)
        .client(client)
        .proxy(config.api_base.trim_end_matches('/'))
        .ratelimiter_disabled(true)
        .default_allowed_mentions(CreateAllowedMentions::new().replied_user(false))
        .build())
}
