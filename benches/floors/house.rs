//! All stages between the doors and the post, in this process: store, queue, scheduler, runner, outcome. No Discord.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use discord_orchestrator::adapters::{
    process::ProcessRunner,
    sqlite::{SqliteOptions, SqliteStore},
    system_clock::SystemClock,
    system_entropy::SystemEntropy,
};
use orchestrator_core::{
    domain::{
        actor::Actor,
        agent::{AgentDefinition, AgentName},
        ceiling::Ceilings,
        id::{ChannelId, InstanceId, MessageId, ParcelId, TaskId},
        isolation::Offered,
        model::Catalogue,
        outbound::{Address, Identity, Post},
        quota::Quotas,
        retry::Delays,
        showing::{Showing, Shown},
        task::{Attachment, MessageRef, Origin, Priority, Task, Thinking, Wishes},
    },
    outcome::settle_loop::{self, Law},
    ports::{
        agent_runner::AgentRunner,
        chat::{Chat, ChatError, From, Heard},
        clock::Clock as _,
    },
    queue::{Queue, Routes, Rules, enqueue::NewTask},
    runner::{
        crew::{AttachmentBounds, Crew, Settings, Shut},
        results::Bounds,
        transcript::Transcript,
    },
    scheduler,
};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// The agent of every task here.
const AGENT: &str = "noop";

/// Where letters are addressed to.
#[derive(Clone, Copy)]
pub struct Channels {
    pub results: ChannelId,
    pub pool: Option<ChannelId>,
}

/// A store with its queue.
pub struct Desk {
    pub queue: Queue,
    pub store: Arc<SqliteStore>,
}

impl Desk {
    /// Opens the store of a folder, as the service does.
    pub fn open(folder: &Path, slots: u32) -> Self {
        Self::open_for(folder, slots, Channels { results: ChannelId::new(1), pool: Some(ChannelId::new(2)) })
    }

    fn open_for(folder: &Path, slots: u32, channels: Channels) -> Self {
        let database = folder.join("orchestrator.db");
        let store = Arc::new(SqliteStore::open(&database, &SqliteOptions::new(SystemClock.now(), Arc::new(|_| {}))).expect("a store"));
        let queue = Queue::new(Arc::clone(&store) as _, Arc::new(SystemClock), Arc::new(SystemEntropy), rules(slots, channels));
        Self { queue, store }
    }
}

/// All stages at work.
pub struct House {
    pub desk: Desk,
    life: CancellationToken,
    loops: JoinSet<()>,
}

impl House {
    /// Starts the stages over the store of a folder; `program` is every task's agent.
    pub fn start(folder: &Path, program: PathBuf, slots: u32) -> Self {
        Self::start_beside(folder, folder, program, slots)
    }

    /// The same with the agents' files, and those that they are kept by, in another folder than the store.
    pub fn start_beside(store: &Path, files: &Path, program: PathBuf, slots: u32) -> Self {
        let channels = Channels { results: ChannelId::new(1), pool: Some(ChannelId::new(2)) };
        Self::start_in(store, files, &files.join("workers"), channels, program, slots)
    }

    /// The same for a service's folders and channels.
    pub fn start_in(store: &Path, runtime: &Path, workers: &Path, channels: Channels, program: PathBuf, slots: u32) -> Self {
        let desk = Desk::open_for(store, slots, channels);
        let queue = desk.queue.clone();
        let runner = Arc::new(ProcessRunner::new(runtime).expect("a runner"));
        let (ended_in, ended) = mpsc::channel(256);
        let definition = agent(program);
        let agents = BTreeMap::from([(definition.name.clone(), definition)]);
        let crew = Crew::new(
            queue.clone(),
            Arc::clone(&runner) as Arc<dyn AgentRunner>,
            Arc::new(NoChat),
            Arc::new(Transcript::new(Arc::new(SystemClock))),
            settings(runtime, workers, agents.clone()),
            ended_in,
        );
        let law = Law {
            agents,
            catalogue: Catalogue::default(),
            secrets: Vec::new(),
            local: |at| Some(at.and_utc()),
            offered: Offered::default(),
        };
        let (life, mut loops) = (CancellationToken::new(), JoinSet::new());
        loops.spawn(scheduler::tick::run(queue.clone(), Arc::new(SystemClock), life.clone()));
        loops.spawn(crew.run(life.clone(), life.clone()));
        loops.spawn(settle_loop::run(queue, runner, law, ended));
        Self { desk, life, loops }
    }

    /// Takes so many tasks in, eight at a time, and waits until all have ended and their results are written down.
    pub async fn run(&self, tasks: std::ops::Range<u64>) {
        let wanted = self.ended().await + (tasks.end - tasks.start);
        let mut doors = JoinSet::new();
        for door in 0..8 {
            let (queue, mine) = (self.desk.queue.clone(), tasks.clone().filter(move |n| n % 8 == door));
            doors.spawn(async move {
                for n in mine {
                    queue.enqueue(new_task(n)).await.expect("it is taken");
                }
            });
        }
        while doors.join_next().await.is_some() {}
        self.run_out(wanted).await;
    }

    /// Waits until so many tasks have ended.
    pub async fn run_out(&self, tasks: u64) {
        while self.ended().await < tasks {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn ended(&self) -> u64 {
        self.desk.queue.glance().await.expect("the store answers").counts.ended
    }

    /// Ends the stages and closes the store.
    pub async fn end(mut self) {
        self.life.cancel();
        while self.loops.join_next().await.is_some() {}
        self.desk.store.close().await;
    }
}

/// A task as a slash command brings it: nobody waits for a message.
pub fn new_task(n: u64) -> NewTask {
    let mut chance = [0; 10];
    chance[..8].copy_from_slice(&n.to_le_bytes());
    let task = Task {
        id: TaskId::generated(n, chance),
        requester: Actor::Operator { name: "bench".to_owned() },
        prompt: "Summarise the release notes of the last version in five lines, please.".to_owned(),
        wishes: Wishes {
            agent: AGENT.parse().expect("a name"),
            model: None,
            model_shown: None,
            thinking: Thinking::Low,
            time_limit: Duration::from_secs(60),
            priority: Priority::DEFAULT,
            budget: None,
            attempts: 1,
            checks: Vec::new(),
            closer: None,
        },
        origin: Origin::Asked { announce_in: None },
        attachments: Vec::new(),
        created_at: SystemClock.now(),
    };
    NewTask { task, source: "cli", key: n.to_string(), body_hash: String::new(), gates: vec![format!("agent:{AGENT}")], blocked: None }
}

fn agent(program: PathBuf) -> AgentDefinition {
    let name: AgentName = AGENT.parse().expect("a name");
    AgentDefinition { program: Ok(program), grace: Duration::from_secs(1), ..AgentDefinition::forgotten(name) }
}

fn rules(slots: u32, channels: Channels) -> Rules {
    let address = Address { channel: channels.results, identity: Identity::Orchestrator };
    Rules {
        instance: InstanceId("A".to_owned()),
        process: 0,
        slots,
        lease: Duration::from_secs(60),
        lane_cap: u32::MAX,
        open_tasks_per_lane: u64::MAX,
        ceilings: Ceilings::default(),
        quotas: Quotas::default(),
        launch_tries: 1,
        launch_delays: Delays::POSTS,
        attempt_delays: Delays::POSTS,
        showing: Showing { shown: Shown::Silent, threads: false },
        card_gap: Duration::ZERO,
        routes: Routes { results: address, operator: address, pool_channel: channels.pool, workers: 0 },
    }
}

fn settings(folder: &Path, workers: &Path, agents: BTreeMap<AgentName, AgentDefinition>) -> Settings {
    Settings {
        agents,
        environment: vec![("PATH".to_owned(), "/usr/bin:/bin".to_owned())],
        workers: workers.to_owned(),
        agents_md: None,
        attempts: folder.join("attempts"),
        claims: folder.join("assigned-tasks.txt"),
        catalogue: Catalogue::default(),
        openclaw_config: None,
        log_limit: 1 << 20,
        stdout_limit: 1 << 20,
        file_size_limit: None,
        offered: Offered::default(),
        shut: Shut::default(),
        attachments: AttachmentBounds { files: 1, each: 1, total: 1, within: Duration::from_secs(1) },
        bounds: Bounds::DEFAULT,
    }
}

/// Nothing is said here: letters stay in the store.
struct NoChat;

#[async_trait]
impl Chat for NoChat {
    async fn post(&self, _: Address, _: &ParcelId, _: Post) -> Result<MessageRef, ChatError> {
        unreachable!("no mailer runs")
    }

    async fn edit(&self, _: MessageRef, _: &Post) -> Result<(), ChatError> {
        unreachable!("no mailer runs")
    }

    async fn start_thread(&self, _: MessageRef, _: &str) -> Result<(), ChatError> {
        unreachable!("no mailer runs")
    }

    async fn react(&self, _: MessageRef, _: &str) -> Result<(), ChatError> {
        unreachable!("no mailer runs")
    }

    async fn unreact(&self, _: MessageRef, _: &str) -> Result<(), ChatError> {
        unreachable!("no mailer runs")
    }

    async fn history(&self, _: ChannelId, _: From, _: u8) -> Result<Vec<Heard>, ChatError> {
        Ok(Vec::new())
    }

    async fn message(&self, _: MessageRef) -> Result<Option<Heard>, ChatError> {
        Ok(None)
    }

    async fn fetch(&self, _: &Attachment, _: u64) -> Result<Vec<u8>, ChatError> {
        Ok(Vec::new())
    }

    fn link(&self, at: MessageRef) -> String {
        format!("{}", MessageId::get(at.message))
    }
}
