//! The picture as code: intake → queue → scheduler → runner → outcome → delivery, joined. Whoever has read this file has read the architecture.
//!
//! The stages share nothing but the queue (through the store) and one channel, from the runner to outcome. Each loop ends at `soft`; what
//! agents do is left to their attendants.

use std::{sync::Arc, time::Duration};

use orchestrator_core::{delivery::mailer::Mailer, outcome, ports::chat::Chat, runner::retention, scheduler};
use tokio::{sync::mpsc, task::JoinSet};

use super::{ServiceError, build, build::House, lifecycle::Lifecycle};
use crate::{
    config::{Config, DiscordConfig},
    surfaces::discord::{doorman::Doorman, gateway},
};

/// How long the last posts may take after a stop was asked for.
const LAST_WORDS: Duration = Duration::from_secs(20);
/// Events that wait for the door.
const INCOMING: usize = 4_096;

/// Runs the service until it is asked to stop or can't go on.
///
/// # Errors
///
/// [`ServiceError`]: why it could not start, or had to end.
pub async fn serve(config: &Config, discord: &DiscordConfig, house: House, life: Lifecycle) -> Result<(), ServiceError> {
    prepare(config, &house).await?;
    let mut stages = Stages::start(&house.desks, house.crew, house.ended, house.mailer.clone(), house.runner, &house.clock, &life);
    stages.loops.spawn(retention::run(house.desks.queue.clone(), Arc::clone(&house.clock), house.retention, life.soft.clone()));

    let (ears, heard) = mpsc::channel(INCOMING);
    let chat = Arc::clone(&house.sender) as Arc<dyn Chat>;
    let mut doorman = Doorman::new(house.desks.desk.clone(), chat, house.mailer.clone());
    let gateway = gateway::run(gateway::GatewayConfig::new(discord), Arc::clone(&house.sender), ears, life.soft.clone());
    let ended = tokio::select! {
        ended = gateway => ended.map_err(ServiceError::from),
        refused = doorman.receive(heard) => refused,
    };
    life.soft.cancel();
    stages.end(&life).await;
    ended
}

/// Runs what is there, waits for all of it, and ends: the form for cron. Returns how many tasks it ran.
///
/// # Errors
///
/// [`ServiceError`].
pub async fn once(config: &Config, house: House, life: Lifecycle) -> Result<u64, ServiceError> {
    prepare(config, &house).await?;
    let before = house.desks.queue.glance().await?.counts.ended;
    house.desks.desk.read_back(house.sender.as_ref()).await?;
    let queue = house.desks.queue.clone();
    let stages = Stages::start(&house.desks, house.crew, house.ended, house.mailer.clone(), house.runner, &house.clock, &life);
    loop {
        let glance = queue.glance().await?;
        let open = glance.counts.waiting + glance.counts.running;
        let stuck = glance.closed.is_some() && glance.counts.running == 0;
        if (open == 0 || stuck) && (glance.counts.letters == 0 || house.mailer.token_refused()) {
            break;
        }
        tokio::select! {
            () = life.soft.cancelled() => break,
            () = tokio::time::sleep(Duration::from_millis(100)) => {}
        }
    }
    life.soft.cancel();
    stages.end(&life).await;
    retention::tick(&queue, house.clock.as_ref(), &house.retention).await?;
    Ok(queue.glance().await?.counts.ended - before)
}

/// What comes before anything is claimed: caps as configured, and the attempts that a former process has left.
async fn prepare(config: &Config, house: &House) -> Result<(), ServiceError> {
    house.desks.queue.cap_gates(build::gate_caps(config)).await?;
    Ok(house.crew.recover().await?)
}

/// The loops between the queue and Discord.
struct Stages {
    loops: JoinSet<()>,
}

impl Stages {
    fn start(
        desks: &build::Desks,
        crew: orchestrator_core::runner::crew::Crew,
        ended: mpsc::Receiver<orchestrator_core::queue::settle::Ended>,
        mailer: Mailer,
        runner: Arc<crate::adapters::process::ProcessRunner>,
        clock: &Arc<dyn orchestrator_core::ports::clock::Clock>,
        life: &Lifecycle,
    ) -> Self {
        let mut loops = JoinSet::new();
        loops.spawn(scheduler::tick::run(desks.queue.clone(), Arc::clone(clock), life.soft.clone()));
        let settled = outcome::settle_loop::run(desks.queue.clone(), runner, ended);
        loops.spawn(crew.run(life.soft.clone()));
        loops.spawn(settled);
        loops.spawn(mailer.run(life.soft.clone()));
        Self { loops }
    }

    /// Waits for the loops, for a bounded time, or until `hard`.
    async fn end(mut self, life: &Lifecycle) {
        let all = async { while self.loops.join_next().await.is_some() {} };
        tokio::select! {
            () = all => {}
            () = life.hard.cancelled() => {}
            () = tokio::time::sleep(LAST_WORDS) => tracing::warn!("not everything that was being said has arrived; it is said at the next start"),
        }
    }
}
