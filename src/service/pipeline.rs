//! The picture as code: intake → queue → scheduler → runner → outcome → delivery, joined. Whoever has read this file has read the architecture.
//!
//! The stages share nothing but the queue (through the store) and one channel, from the runner to outcome. Each loop ends at `soft`; what
//! agents do is left to their attendants.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use orchestrator_core::{
    delivery::mailer::Mailer,
    domain::{id::GuildId, outbound::Identity, retry::Delays},
    outcome::settle_loop,
    ports::chat::Chat,
    queue::Queue,
    runner::retention,
    scheduler,
};
use tokio::{
    sync::{Notify, mpsc},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use super::{
    ServiceError, build,
    build::House,
    disk,
    lifecycle::{Drain, Lifecycle},
    memory::{self, StoredIdentifies},
    registry::DiscordRegistry,
};
use crate::{
    config::{Config, DiscordConfig},
    surfaces::discord::{
        GatewayConfig, Health, Patience,
        commands::{self, Deps, Timing},
        doorman::Doorman,
        gateway,
    },
};

/// How long the last posts may take after a stop was asked for.
const LAST_WORDS: Duration = Duration::from_secs(20);
/// How long agents that are stopped may take with their grace.
const LAST_AGENTS: Duration = Duration::from_secs(60);
/// Events that wait for the door.
const INCOMING: usize = 4_096;
/// Between tries to register our commands.
const REGISTRATION_DELAYS: Delays = Delays::new(Duration::from_secs(2), Duration::from_secs(600));
/// Between looks at whether `once` is done.
const ONCE_LOOKS: Duration = Duration::from_millis(50);
/// A card that is to be shown within this time is waited for.
const SOON: Duration = Duration::from_secs(3);

/// What an operator must know at this moment, as sentences.
type Troubles = Arc<dyn Fn() -> Vec<String> + Send + Sync>;

/// Runs the service until it is asked to stop or can't go on.
///
/// # Errors
///
/// [`ServiceError`]: why it could not start, or had to end.
pub async fn serve(
    config: &Config,
    discord: &DiscordConfig,
    house: House,
    look: Arc<Notify>,
    troubles: Troubles,
    life: Lifecycle,
) -> Result<(), ServiceError> {
    memory::recall_refusals(&house.desks.queue, &house.sender, house.clock.as_ref()).await;
    let our_other_bots = introduce(discord, &house).await?;
    prepare(config, &house).await?;
    let chat = Arc::clone(&house.sender) as Arc<dyn Chat>;
    let asked = Arc::clone(&house.sender);
    let server = Arc::new(discord.guild.map_or_else(OnceLock::new, |guild| OnceLock::from(guild.get())));
    let (framework, definitions) = commands::framework(Deps {
        desk: house.desks.desk.clone(),
        queue: house.desks.queue.clone(),
        chat: Arc::clone(&chat),
        log: Arc::clone(&house.log),
        progress: Arc::new(house.crew.pulses()),
        workers: config.workers_dir.clone(),
        server: Arc::clone(&server),
        secrets: config.secrets.clone(),
        troubles,
        timing: Timing::default(),
    });
    let registry =
        DiscordRegistry { sender: Arc::clone(&house.sender), guild: discord.guild.map(GuildId::get), task_channel: discord.task_queue() };
    let registering = commands::register(Arc::new(registry), Arc::clone(&server), definitions, REGISTRATION_DELAYS);
    let gateway_config = GatewayConfig {
        api_base: discord.api_base.clone(),
        token: discord.token.expose().to_owned(),
        find_gateway: Arc::new(move || {
            let sender = Arc::clone(&asked);
            Box::pin(async move { sender.gateway_url().await })
        }),
        chat: Arc::clone(&chat),
        our_other_bots,
        clock: Arc::clone(&house.clock),
        memory: Arc::new(StoredIdentifies(house.desks.queue.clone())),
        framework: Some(framework),
        patience: Patience::default(),
        health: Arc::new(Health::default()),
    };
    let keeping = retention::run(house.desks.queue.clone(), Arc::clone(&house.clock), house.retention.clone(), life.soft.clone());
    let watching = disk::run(house.desks.queue.clone(), disk::Water::of(config), life.soft.clone());
    let (hurried, trusting) = (house.mailer.clone(), Arc::clone(&house.sender));
    let back = move || {
        trusting.trust_tokens();
        hurried.hurry();
    };
    let mut doorman = Doorman::new(house.desks.desk.clone(), chat, Arc::new(back), look, Arc::clone(&server));
    let mut stages = Stages::start(house, &life);
    stages.loops.spawn(keeping);
    stages.loops.spawn(watching);
    let soft = life.soft.clone();
    stages.loops.spawn(async move {
        tokio::select! {
            () = registering => {}
            () = soft.cancelled() => {}
        }
    });
    let (ears, heard) = mpsc::channel(INCOMING);
    let hearing = gateway::run(gateway_config, ears, life.soft.clone());
    let taking_in = async {
        tokio::select! {
            refused = doorman.receive(heard) => refused,
            // What is said while the gateway takes its leave is read back at the next start.
            () = life.soft.cancelled() => std::future::pending().await,
        }
    };
    let ended = tokio::select! {
        ended = hearing => ended.map_err(ServiceError::from),
        refused = taking_in => refused,
    };
    life.soft.cancel();
    // A service that can't go on does not wait for what can do without it.
    let drain = if ended.is_err() && life.drain == Drain::Wait { Drain::HandOver } else { life.drain };
    stages.end(drain, &life).await;
    ended
}

/// What has come of running what was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ran {
    /// Tasks that have ended.
    pub ended: u64,
    /// Tasks that wait: for people, for money, for a quota.
    pub waiting: u64,
}

/// Runs what is there, waits for all of it that can be run, and ends: the form for cron.
///
/// # Errors
///
/// [`ServiceError`].
pub async fn once(config: &Config, house: House, life: Lifecycle) -> Result<Ran, ServiceError> {
    memory::recall_refusals(&house.desks.queue, &house.sender, house.clock.as_ref()).await;
    prepare(config, &house).await?;
    let (queue, mailer) = (house.desks.queue.clone(), house.mailer.clone());
    let (clock, keeping) = (Arc::clone(&house.clock), house.retention.clone());
    let before = queue.glance().await?.counts.ended;
    house.desks.desk.read_back(house.sender.as_ref()).await?;
    let stages = Stages::start(house, &life);
    loop {
        // What may start by now must not be taken for something that can't.
        queue.wake_due().await?;
        let glance = queue.glance().await?;
        // What can't start now is left for the next time; so is what Discord does not take.
        let said = glance.counts.letters == 0 && queue.wanted_marks(1).await?.is_empty() && queue.cards_rest(SOON).await?;
        if glance.at_rest && (mailer.token_refused() || said) {
            break;
        }
        tokio::select! {
            () = life.soft.cancelled() => break,
            () = tokio::time::sleep(ONCE_LOOKS) => {}
        }
    }
    life.soft.cancel();
    stages.end(life.drain, &life).await;
    retention::tick(&queue, clock.as_ref(), &keeping).await?;
    let counts = queue.glance().await?.counts;
    Ok(Ran { ended: counts.ended - before, waiting: counts.waiting })
}

/// Who we are: a token that is not accepted is told at once, and our other bots' posts are known as ours.
async fn introduce(discord: &DiscordConfig, house: &House) -> Result<Vec<orchestrator_core::domain::id::UserId>, ServiceError> {
    let mut others = Vec::new();
    for (slot, token) in (1..=3_u8).zip(&discord.worker_tokens) {
        if token.is_some() {
            match house.sender.me(Identity::Worker(slot)).await {
                Ok(me) => others.push(me.id),
                Err(error) => tracing::warn!(%error, "`WORKER{slot}_TOKEN` is of no use: {error}"),
            }
        }
    }
    Ok(others)
}

/// What comes before anything is claimed: caps as configured, room on the disk, and the attempts that a former process has left.
async fn prepare(config: &Config, house: &House) -> Result<(), ServiceError> {
    house.desks.queue.cap_gates(build::gate_caps(config)).await?;
    house.desks.queue.recount_spending().await?;
    disk::tick(&house.desks.queue, &disk::Water::of(config)).await?;
    Ok(house.crew.recover().await?)
}

/// The loops between the queue and Discord.
struct Stages {
    /// Those that are over when nothing runs any more: what watches agents, and what settles their ends.
    work: JoinSet<()>,
    /// Those that end when nothing more is to be started.
    loops: JoinSet<()>,
    /// What posts; it ends when `quiet` is cancelled.
    posts: JoinSet<()>,
    /// Agents are left to their attendants.
    let_go: CancellationToken,
    quiet: CancellationToken,
    queue: Queue,
    mailer: Mailer,
}

impl Stages {
    fn start(house: House, life: &Lifecycle) -> Self {
        let queue = house.desks.queue;
        let (mut work, mut loops, mut posts) = (JoinSet::new(), JoinSet::new(), JoinSet::new());
        let (let_go, quiet) = (CancellationToken::new(), CancellationToken::new());
        loops.spawn(memory::keep_refusals(queue.clone(), house.sender, Arc::clone(&house.clock), life.soft.clone()));
        loops.spawn(scheduler::tick::run(queue.clone(), house.clock, life.soft.clone()));
        let (soft, last) = (life.soft.clone(), queue.clone());
        loops.spawn(async move {
            soft.cancelled().await;
            last.start_nothing_more();
        });
        work.spawn(house.crew.run(life.soft.clone(), let_go.clone()));
        work.spawn(settle_loop::run(queue.clone(), house.runner, house.law, house.ended));
        posts.spawn(house.mailer.clone().run(quiet.clone()));
        Self { work, loops, posts, let_go, quiet, queue, mailer: house.mailer }
    }

    /// Drains, waits for the loops and for what is still to be said, for a bounded time; `hard` cuts all of it off.
    async fn end(mut self, drain: Drain, life: &Lifecycle) {
        tokio::select! {
            () = self.drain(drain) => {}
            () = life.hard.cancelled() => tracing::warn!("asked to stop once more: it ends at once"),
        }
    }

    async fn drain(&mut self, drain: Drain) {
        match drain {
            Drain::HandOver => {}
            Drain::Wait => while self.work.join_next().await.is_some() {},
            Drain::Stop(most) => {
                let over = async { while self.work.join_next().await.is_some() {} };
                if tokio::time::timeout(most, over).await.is_err() {
                    self.stop_agents().await;
                }
            }
        }
        self.let_go.cancel();
        let all = async {
            while self.work.join_next().await.is_some() {}
            self.quiet.cancel();
            while self.loops.join_next().await.is_some() {}
            while self.posts.join_next().await.is_some() {}
            if let Err(error) = self.mailer.drain().await {
                tracing::warn!(%error, "what was left to be said could not be read: {error}");
            }
        };
        if tokio::time::timeout(LAST_WORDS, all).await.is_err() {
            tracing::warn!("not everything that was being said has arrived; it is said at the next start");
        }
    }

    /// Has every agent stopped, and waits until all ends are settled.
    async fn stop_agents(&mut self) {
        match self.queue.stop_running("the end of the service".to_owned()).await {
            Ok(stopped) => tracing::warn!(stopped, "{stopped} agents have not ended in time and are stopped"),
            Err(error) => return tracing::error!(%error, "agents could not be stopped: {error}"),
        }
        let over = async { while self.work.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_AGENTS, over).await.is_err() {
            tracing::error!("not all agents have ended; their tasks end at the next start");
        }
    }
}
