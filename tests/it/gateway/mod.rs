//! The gateway client against the local Discord, whole and broken.

mod events;
mod proxy;
mod sessions;
mod stops;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, Utc};
use discord_orchestrator::{
    adapters::discord::{Sender, SenderConfig, Token},
    surfaces::discord::{GatewayConfig, GatewayError, Health, IdentifyMemory, Incoming, Patience, gateway},
};
use orchestrator_core::{
    domain::{
        id::{ChannelId, MessageId},
        retry::Delays,
    },
    ports::{
        chat::{Chat, From},
        clock::Clock,
    },
};
use orchestrator_sandbox::{GatewayEvent, Limits, Options, Record, Sandbox, Snowflake};
use tokio::{sync::mpsc, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

/// Longer than anything here takes, shorter than patience.
const SOON: Duration = Duration::from_secs(10);

/// It is always the same time.
struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(1_763_700_000, 0).expect("it is a time")
    }
}

/// What was stored.
#[derive(Default)]
struct Memory(Mutex<Option<String>>);

#[serenity::async_trait]
impl IdentifyMemory for Memory {
    async fn load(&self) -> Option<String> {
        self.0.lock().expect("no test panicked in it").clone()
    }

    async fn save(&self, count: String) {
        *self.0.lock().expect("no test panicked in it") = Some(count);
    }
}

/// A local Discord, and the gateway client that hears it.
struct World {
    discord: Sandbox,
    sender: Arc<Sender>,
    heard: mpsc::Receiver<Incoming>,
    running: JoinSet<Result<(), GatewayError>>,
    stop: CancellationToken,
    health: Arc<Health>,
    memory: Arc<Memory>,
}

fn patience() -> Patience {
    Patience {
        connect: Duration::from_secs(2),
        session: Duration::from_secs(2),
        hang: Duration::from_secs(3),
        spin: Duration::from_secs(1),
        look: Duration::from_millis(20),
        calm: Duration::from_secs(60),
        between_identifies: Duration::ZERO,
        delays: Delays::new(Duration::from_millis(20), Duration::from_millis(200)),
    }
}

async fn discord() -> Sandbox {
    Sandbox::start(Options { limits: Limits::Off, ..Options::default() }).await.expect("a port is free")
}

fn bot_token(discord: &Sandbox) -> String {
    discord.user("orchestrator").expect("the bot is there").token
}

/// How a test differs from the usual.
#[derive(Default)]
struct Given {
    token: Option<String>,
    gateway: Option<String>,
    api_base: Option<String>,
    stored: Option<String>,
}

impl World {
    /// A world in which the first session has begun.
    async fn new() -> Self {
        Self::begun(discord().await, Given::default()).await
    }

    async fn begun(discord: Sandbox, given: Given) -> Self {
        let mut world = Self::start(discord, given);
        assert_eq!(world.until(|heard| matches!(heard, Incoming::SessionStarted { .. })).await, Incoming::SessionStarted { first: true });
        world
    }

    fn start(discord: Sandbox, given: Given) -> Self {
        let token = given.token.unwrap_or_else(|| bot_token(&discord));
        let sender = Arc::new(Sender::new(&SenderConfig::new(discord.base_url(), Token::new(&token))).expect("it is right"));
        let (health, memory) = (Arc::<Health>::default(), Arc::new(Memory(Mutex::new(given.stored))));
        let asked = Arc::clone(&sender);
        let config = GatewayConfig {
            api_base: given.api_base.unwrap_or_else(|| discord.base_url().to_owned()),
            token,
            find_gateway: Arc::new(move || {
                let (sender, elsewhere) = (Arc::clone(&asked), given.gateway.clone());
                Box::pin(async move { sender.gateway_url().await.map(|url| elsewhere.unwrap_or(url)) })
            }),
            chat: Arc::clone(&sender) as _,
            our_other_bots: Vec::new(),
            clock: Arc::new(StoppedClock),
            memory: Arc::clone(&memory) as _,
            framework: None,
            patience: patience(),
            health: Arc::clone(&health),
        };
        let (sink, heard) = mpsc::channel(1_000);
        let stop = CancellationToken::new();
        let mut running = JoinSet::new();
        running.spawn(gateway::run(config, sink, stop.clone()));
        Self { discord, sender, heard, running, stop, health, memory }
    }

    /// The next thing that is heard and is such.
    async fn until(&mut self, wanted: impl Fn(&Incoming) -> bool) -> Incoming {
        let listen = async {
            loop {
                let heard = self.heard.recv().await.expect("it runs");
                if wanted(&heard) {
                    return heard;
                }
            }
        };
        timeout(SOON, listen).await.expect("it is heard")
    }

    /// The next message with this text.
    async fn message(&mut self, text: &str) -> Incoming {
        self.until(|heard| matches!(heard, Incoming::Message(message) if message.content == text)).await
    }

    /// How it ended.
    async fn end(mut self) -> Result<(), GatewayError> {
        timeout(SOON, self.running.join_next()).await.expect("it ends").expect("it was running").expect("it does not panic")
    }

    fn channel(&self, name: &str) -> ChannelId {
        ChannelId::new(self.discord.channel(name).expect("it is there").get())
    }

    /// How often the gateway saw this.
    fn count(&self, what: impl Fn(&GatewayEvent) -> bool) -> usize {
        self.discord.log().iter().filter(|record| matches!(record, Record::Gateway(record) if what(&record.what))).count()
    }

    fn identifies(&self) -> usize {
        self.count(|what| matches!(what, GatewayEvent::Identified { .. }))
    }

    /// Says something and returns its id.
    fn say(&self, text: &str) -> MessageId {
        message(self.discord.person("stranger").say("#task-queue", text).expect("a stranger may speak"))
    }

    /// Everything that is known of #task-queue after the next session has begun: what was heard, and what is read back then.
    async fn known_after_a_new_session(&mut self, since: MessageId) -> BTreeSet<MessageId> {
        let mut known = BTreeSet::new();
        loop {
            match timeout(SOON, self.heard.recv()).await.expect("it is heard").expect("it runs") {
                Incoming::Message(message) => _ = known.insert(message.at.message),
                Incoming::SessionStarted { .. } => break,
                _ => {}
            }
        }
        let page = self.sender.history(self.channel("task-queue"), From::After(since), 100).await.expect("it can be read");
        known.extend(page.into_iter().map(|message| message.at.message));
        known
    }
}

fn message(id: Snowflake) -> MessageId {
    MessageId::new(id.get())
}
