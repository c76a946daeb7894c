//! Commands over the wire: the real gateway, the real sender and a real store against the local Discord. No agent runs: tasks wait.

mod control;
mod costs;
mod forms;
mod house;
mod permissions;
mod presses;
mod settings;
mod tasks;
mod trouble;
mod typing;
mod why;

use std::{
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use discord_orchestrator::{
    adapters::{
        discord::{Sender, SenderConfig, Token},
        sqlite::{SqliteOptions, SqliteStore},
    },
    service::registry::DiscordRegistry,
    surfaces::discord::{
        GatewayConfig, Health, Patience,
        commands::{self, Deps, Timing},
        doorman::Doorman,
        gateway,
    },
};
use orchestrator_core::{
    delivery::mailer::{self, Mailer},
    domain::{
        agent::Secret,
        attempt::{Outcome, Report},
        id::{ChannelId, TaskId},
        retry::Delays,
    },
    intake::{admit::Policy, desk::Desk, read_back::ReadBackError},
    ports::{chat::Chat, clock::Clock, rows::TaskFilter},
    queue::{Queue, board::TaskView},
    runner::pulses::Pulses,
};
use orchestrator_sandbox::{
    Limits, Options, Sandbox, Snowflake, WorldSeed,
    world::{interaction::Answer, message::Message},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

use self::house::{Counting, Forgetful, Slow, WallClock, desk_rules, log, rules};

/// Longer than anything here takes, shorter than patience.
const SOON: Duration = Duration::from_secs(15);
/// A value that must never be shown.
const SECRET: &str = "sk-very-secret-0123456789";

/// How a test differs from the usual.
#[derive(Default)]
struct Given {
    policy: Policy,
    slots: u32,
    /// Discord is in trouble before the bot comes.
    before: Option<fn(&Sandbox)>,
    /// The bot believes that it serves this server.
    server: Option<u64>,
    /// Who is there beside the usual.
    seed: WorldSeed,
    /// Who may what, where that needs ids of the local Discord's.
    policy_of: Option<fn(&Sandbox) -> Policy>,
    /// Messages and reactions are heard too.
    hears: bool,
}

/// A local Discord with a bot that has a store, a desk and commands.
struct World {
    discord: Sandbox,
    dir: TempDir,
    store: Arc<Slow>,
    queue: Queue,
    desk: Desk,
    sender: Arc<Sender>,
    bots: Vec<Bot>,
    server: Option<u64>,
    hears: bool,
}

/// What runs of one bot; dropped, it is gone without a word.
struct Bot {
    stop: CancellationToken,
    running: JoinSet<()>,
}

impl World {
    /// The usual world, the bot online and its commands registered.
    async fn new() -> Self {
        Self::with(Given::default()).await
    }

    async fn with(given: Given) -> Self {
        let discord =
            Sandbox::start(Options { limits: Limits::Off, seed: given.seed, ..Options::default() }).await.expect("a port is free");
        if let Some(before) = given.before {
            before(&discord);
        }
        let dir = tempfile::tempdir().expect("a folder");
        let options = SqliteOptions::new(WallClock.now(), Arc::new(|reason| panic!("{reason}")));
        let store = SqliteStore::open(&dir.path().join("store.db"), &options).expect("a store");
        let store = Arc::new(Slow { store, delay_ms: AtomicU64::new(0) });
        let channel = |name| ChannelId::new(discord.channel(name).expect("it is there").get());
        let clock: Arc<dyn Clock> = Arc::new(WallClock);
        let entropy = Arc::new(Counting::default());
        let queue = Queue::new(
            Arc::clone(&store) as _,
            Arc::clone(&clock),
            entropy,
            rules(given.slots, channel("results"), channel("worker-pool")),
        );
        if given.slots == 0 {
            // The gate that counts the slots is there from the first claim on; with no slots, it has to be there before.
            queue.cap_gates(vec![("instance:A".to_owned(), None)]).await.expect("the store answers");
        }
        let desk =
            Desk::new(queue.clone(), clock, desk_rules(channel("task-queue")), given.policy_of.map_or(given.policy, |of| of(&discord)));
        let token = discord.user("orchestrator").expect("the bot is there").token;
        let sender = Arc::new(Sender::new(&SenderConfig::new(discord.base_url(), Token::new(&token))).expect("it is right"));
        let mut world = Self { discord, dir, store, queue, desk, sender, bots: Vec::new(), server: given.server, hears: given.hears };
        world.start_bot().await;
        world
    }

    /// Starts a bot, a second one if one runs already, and waits until it can be spoken to.
    async fn start_bot(&mut self) {
        let server = Arc::new(OnceLock::new());
        let believed = self.server.map_or_else(|| Arc::clone(&server), |other| Arc::new(OnceLock::from(other)));
        let for_the_doorman = Arc::clone(&server);
        let (framework, definitions) = commands::framework(self.deps(believed));
        let (stop, mut running) = (CancellationToken::new(), JoinSet::new());
        let (sink, mut heard) = mpsc::channel(1_000);
        let asked = Arc::clone(&self.sender);
        let config = GatewayConfig {
            api_base: self.discord.base_url().to_owned(),
            token: self.discord.user("orchestrator").expect("the bot is there").token,
            find_gateway: Arc::new(move || {
                let sender = Arc::clone(&asked);
                Box::pin(async move { sender.gateway_url().await })
            }),
            chat: Arc::clone(&self.sender) as _,
            our_other_bots: Vec::new(),
            clock: Arc::new(WallClock),
            memory: Arc::new(Forgetful),
            framework: Some(framework),
            patience: Patience { between_identifies: Duration::ZERO, ..Patience::default() },
            health: Arc::<Health>::default(),
        };
        let stopped = stop.clone();
        running.spawn(async move { drop(gateway::run(config, sink, stopped).await) });
        let registry = DiscordRegistry { sender: Arc::clone(&self.sender), guild: None, task_channel: self.channel("task-queue") };
        running.spawn(commands::register(
            Arc::new(registry),
            server,
            definitions,
            Delays::new(Duration::from_millis(50), Duration::from_secs(1)),
        ));
        let settings = mailer::Settings {
            delays: Delays::new(Duration::from_millis(50), Duration::from_secs(1)),
            nonce_window: Duration::from_secs(55),
            forbidden_pause: Duration::from_secs(1),
            workers: self.workers(),
            undelivered: self.dir.path().join("undelivered"),
            live_cards: Duration::from_secs(1),
            attach_files: 0,
            open: std::collections::BTreeMap::new(),
            secrets: Vec::new(),
        };
        let mailer = Mailer::new(
            self.queue.clone(),
            Arc::clone(&self.sender) as _,
            (log(), Arc::new(Pulses::default())),
            Arc::new(WallClock),
            settings,
        );
        running.spawn(mailer.run(stop.clone()));
        // The doorman's part: the session has begun when something is heard.
        let first = heard.recv().await.expect("the gateway runs");
        if self.hears {
            let chat = Arc::clone(&self.sender) as Arc<dyn Chat>;
            let (door, inside) = mpsc::channel(1_000);
            let mut doorman = Doorman::new(self.desk.clone(), chat, Arc::new(|| {}), Arc::default(), Arc::clone(&for_the_doorman));
            let here = tokio::runtime::Handle::current();
            // It ends with the gateway, from which it is fed.
            running.spawn_blocking(move || drop(here.block_on(doorman.receive::<ReadBackError>(inside))));
            door.send(first).await.expect("the doorman is there");
            running.spawn(async move {
                while let Some(one) = heard.recv().await {
                    if door.send(one).await.is_err() {
                        return;
                    }
                }
            });
        } else {
            running.spawn(async move { while heard.recv().await.is_some() {} });
        }
        self.discord.wait_until(|world| world.commands().count() > 0, SOON).await.expect("the commands are registered");
        self.bots.push(Bot { stop, running });
    }

    /// All bots end; their connections are closed.
    async fn stop_bots(&mut self) {
        for mut bot in self.bots.drain(..) {
            bot.stop.cancel();
            while bot.running.join_next().await.is_some() {}
        }
    }

    fn deps(&self, server: Arc<OnceLock<u64>>) -> Deps {
        Deps {
            desk: self.desk.clone(),
            queue: self.queue.clone(),
            chat: Arc::clone(&self.sender) as Arc<dyn Chat>,
            log: log(),
            progress: Arc::new(Pulses::default()),
            workers: self.workers(),
            server,
            secrets: vec![Secret::new(SECRET)],
            troubles: Arc::new(|| vec!["The disk is nearly full.".to_owned()]),
            timing: Timing { store: Duration::from_millis(600), look: Duration::from_millis(20), ..Timing::default() },
        }
    }

    fn workers(&self) -> PathBuf {
        self.dir.path().join("workers")
    }

    fn guild(&self) -> u64 {
        self.discord.look(|world| world.guild().id.get())
    }

    fn channel(&self, name: &str) -> ChannelId {
        ChannelId::new(self.discord.channel(name).expect("it is there").get())
    }

    /// From now on the store takes so long for everything.
    fn store_takes(&self, delay: Duration) {
        self.store.delay_ms.store(u64::try_from(delay.as_millis()).expect("it is short"), Ordering::SeqCst);
    }

    /// Somebody uses a command; options by name.
    fn uses(&self, who: &str, command: &str, options: &[(&str, Value)]) -> Snowflake {
        self.discord.person(who).command("#general", command, &wire(options)).expect("the local Discord takes the command")
    }

    /// What the bot has answered, once it has: its message.
    async fn answer(&self, to: Snowflake) -> Message {
        let filled = |world: &orchestrator_sandbox::World| {
            let interaction = world.interaction(to)?;
            let given = matches!(interaction.answer, Some(Answer::Message | Answer::Deferred { filled: true }));
            world.message(interaction.channel, interaction.original?).filter(|_| given).cloned()
        };
        let answer = self
            .discord
            .wait_for(filled, SOON)
            .await
            .unwrap_or_else(|_| panic!("no answer came: {:?}", self.discord.look(|world| world.interaction(to).cloned())));
        assert!(answer.only_for.is_some(), "an answer that everybody sees: {answer:?}");
        assert!(answer.mentions.is_empty() && answer.mention_roles.is_empty() && !answer.mention_everyone, "somebody was rung: {answer:?}");
        answer
    }

    /// The same as text: of the message or of its box.
    async fn told(&self, to: Snowflake) -> String {
        text(&self.answer(to).await)
    }

    /// Somebody uses a command and is told.
    async fn asks(&self, who: &str, command: &str, options: &[(&str, Value)]) -> String {
        self.told(self.uses(who, command, options)).await
    }

    /// What is offered while somebody types the last of these options.
    async fn offered(&self, who: &str, command: &str, options: &[(&str, Value)]) -> Vec<(String, String)> {
        let mut typed = wire(options);
        if let Some(last) = typed.as_array_mut().and_then(|all| all.last_mut()) {
            last["focused"] = true.into();
        }
        let asked = self.discord.person(who).complete("#general", command, &typed).expect("the local Discord asks");
        let given = |world: &orchestrator_sandbox::World| match world.interaction(asked)?.answer.clone()? {
            Answer::Suggestions(choices) => Some(choices),
            _ => None,
        };
        let choices = self.discord.wait_for(given, SOON).await.expect("choices are offered in time");
        let word = |value: &Value| value.as_str().expect("it is text").to_owned();
        choices.iter().map(|choice| (word(&choice["name"]), word(&choice["value"]))).collect()
    }

    /// Somebody gives a task; its id.
    async fn task_of(&self, who: &str, text: &str) -> TaskId {
        let asked = self.uses(who, "task", &[("text", json!(text))]);
        let told = self.told(asked).await;
        assert!(told.contains("Queued as"), "{told}");
        id(asked)
    }

    /// Somebody gives a task, and its agent is taken to run: nobody is there who would start one.
    async fn running_task_of(&self, who: &str, text: &str) -> TaskId {
        let task = self.task_of(who, text).await;
        let attempt = self.task(&task).await.latest().cloned().expect("it is claimed");
        self.queue.launched(attempt.id, attempt.fence).await.expect("the store answers");
        task
    }

    /// A task's latest attempt ends.
    async fn ends(&self, task: &TaskId, outcome: Outcome) {
        let attempt = self.task(task).await.latest().cloned().expect("it was claimed");
        self.queue.settle(attempt.id, attempt.fence, Report::without_result(outcome, "as the test says")).await.expect("the store answers");
    }

    /// Somebody presses a button, which he knows by its label.
    fn presses(&self, who: &str, on: &Message, label: &str) -> Snowflake {
        self.discord.person(who).press(on.id, &custom_id(on, label)).expect("the local Discord takes the press")
    }

    async fn all_tasks(&self) -> Vec<TaskView> {
        self.queue.list(TaskFilter { limit: 100, ..TaskFilter::default() }).await.expect("the store answers")
    }

    async fn task(&self, id: &TaskId) -> TaskView {
        self.queue.show(id.clone()).await.expect("the store answers").expect("the task is there")
    }

    /// Waits until the form that an interaction is answered with is there: the modal, as on the wire.
    async fn form(&self, opened: Snowflake) -> Value {
        let shown = |world: &orchestrator_sandbox::World| match world.interaction(opened)?.answer.clone()? {
            Answer::Modal(modal) => Some(modal),
            _ => None,
        };
        self.discord.wait_for(shown, SOON).await.expect("a form is shown")
    }
}

fn wire(options: &[(&str, Value)]) -> Value {
    let kind = |value: &Value| if value.is_number() { 4 } else { 3 };
    options.iter().map(|(name, value)| json!({"name": name, "type": kind(value), "value": value})).collect()
}

/// What a button is known by, or a select, that has this label or placeholder.
fn custom_id(on: &Message, label: &str) -> String {
    let rows = on.components.iter().flat_map(|row| row["components"].as_array().into_iter().flatten());
    let mut named = rows.filter(|one| one["label"] == label || one["placeholder"] == label);
    let found = named.next().and_then(|one| one["custom_id"].as_str());
    found.unwrap_or_else(|| panic!("`{label}` is not on {:?}", on.components)).to_owned()
}

/// What stands on the buttons below a message.
fn labels(on: &Message) -> Vec<&str> {
    let rows = on.components.iter().flat_map(|row| row["components"].as_array().into_iter().flatten());
    rows.filter_map(|one| one["label"].as_str()).collect()
}

fn text(answer: &Message) -> String {
    let boxes = answer.embeds.iter().filter_map(|embed| embed["description"].as_str());
    std::iter::once(answer.content.as_str()).chain(boxes).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

fn id(of: Snowflake) -> TaskId {
    of.to_string().parse().expect("a snowflake is a task id")
}
