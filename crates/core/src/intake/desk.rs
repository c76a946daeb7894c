//! The one door to the queue: whoever asks, from wherever, asks here.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{
    admit::{self, Policy},
    parse::{self, Asked, Parsed},
};
use crate::{
    domain::{
        actor::{Actor, Right},
        agent::{AgentName, OwnModels},
        check::Offers,
        id::{AttemptId, ChannelId, RoleId, TaskId, UserId},
        model::Catalogue,
        money::Usd,
        showing::Showing,
        task::{Attachment, Origin, Priority, Task},
    },
    ports::clock::Clock,
    queue::{
        Queue, QueueError,
        board::TaskView,
        control::Cancelled,
        enqueue::{Enqueued, NewTask},
    },
    wording::{answers, refusals::Refusal},
};

/// Takes requests.
#[derive(Clone)]
pub struct Desk {
    pub(super) queue: Queue,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) rules: Arc<DeskRules>,
    policy: Arc<RwLock<Policy>>,
}

/// What the desk needs to know of the configuration.
#[derive(Clone, Debug)]
pub struct DeskRules {
    /// Models.
    pub catalogue: Catalogue,
    /// Agents, by name.
    pub agents: Vec<AgentName>,
    /// Those that know models of their own.
    pub own_models: BTreeMap<AgentName, OwnModels>,
    /// The agent of a task that names none.
    pub default_agent: AgentName,
    /// The operator's `TIMEOUT`.
    pub time_limit: Option<Duration>,
    /// `MAX_TIMEOUT`.
    pub max_time_limit: Duration,
    /// What a task may cost that names no ceiling.
    pub budget: Option<Usd>,
    /// The highest ceiling that a task may ask for.
    pub max_budget: Option<Usd>,
    /// How high tasks may go.
    pub priorities: Priorities,
    /// The checks that tasks of each agent may name, and have.
    pub checks: Offers,
    /// Counted attempts of a message, slash or command-line task.
    pub attempts: u32,
    /// The longest text of a task, in bytes.
    pub text_limit: u64,
    /// Channels whose messages are tasks; the first is where others are announced.
    pub task_channels: Vec<ChannelId>,
    /// Tasks older than this are asked about, not run.
    pub ask_after: Duration,
}

/// How high somebody's tasks may go.
#[derive(Clone, Debug)]
pub struct Priorities {
    /// Everybody's.
    pub everyone: Priority,
    /// Operators'.
    pub operators: Priority,
    /// Those of whoever has a role.
    pub roles: BTreeMap<RoleId, Priority>,
}

impl Priorities {
    fn of(&self, actor: &Actor, operates: bool) -> Priority {
        let by_right = if operates { self.operators } else { self.everyone };
        match actor {
            Actor::Member { roles, .. } => roles.iter().filter_map(|role| self.roles.get(role)).copied().fold(by_right, Priority::max),
            Actor::Operator { .. } => Priority::MAX,
        }
    }
}

/// A request from a door that is not a message.
#[derive(Clone, Debug)]
pub struct Request {
    /// `interaction` or `cli`.
    pub source: &'static str,
    /// The source's own id: the same one asks once.
    pub key: String,
    /// The task's id.
    pub id: TaskId,
    /// Who asks.
    pub by: Actor,
    /// What is to be done; may hold tags.
    pub text: String,
    /// Wishes given beside the text.
    pub asked: Asked,
    /// Files.
    pub attachments: Vec<Attachment>,
    /// Whether the task's message is posted in the first task channel.
    pub announce: bool,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The task.
    pub task: TaskId,
    /// Whether it is new, and not one that this source id had become before.
    pub new: bool,
    /// The attempt, if a slot was free at once.
    pub claimed: Option<AttemptId>,
}

/// A request was not granted; nothing was stored.
#[derive(Debug, Error)]
pub enum DeskError {
    /// A rule says no; each refusal is a sentence for people.
    #[error("{}", .0.iter().map(Refusal::sentence).collect::<Vec<_>>().join(" "))]
    Refused(Vec<Refusal>),
    /// The queue could not.
    #[error(transparent)]
    Queue(QueueError),
}

impl From<QueueError> for DeskError {
    fn from(error: QueueError) -> Self {
        match error {
            QueueError::NoTask(task) => Self::Refused(vec![Refusal::NoSuchTask { given: task.to_string() }]),
            QueueError::TooMany { limit, .. } => Self::Refused(vec![Refusal::TooManyOpen { most: limit }]),
            other => Self::Queue(other),
        }
    }
}

impl From<Refusal> for DeskError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(vec![refusal])
    }
}

impl Desk {
    /// A desk before a queue.
    pub fn new(queue: Queue, clock: Arc<dyn Clock>, rules: DeskRules, policy: Policy) -> Self {
        Self { queue, clock, rules: Arc::new(rules), policy: Arc::new(RwLock::new(policy)) }
    }

    /// What the desk goes by.
    pub fn rules(&self) -> &DeskRules {
        &self.rules
    }

    /// Discord has told who owns the server.
    pub fn guild_owner(&self, owner: UserId) {
        self.policy.write().unwrap_or_else(PoisonError::into_inner).guild_owner = Some(owner);
    }

    /// Whether it matters which roles somebody has.
    pub(super) fn asks_for_roles(&self) -> bool {
        let policy = self.policy.read().unwrap_or_else(PoisonError::into_inner);
        let lists = [&policy.submit, &policy.operate, &policy.free_checks];
        lists.iter().any(|list| !list.roles.is_empty()) || !self.rules.priorities.roles.is_empty()
    }

    /// Whether an actor may do something; the same gate for every door.
    ///
    /// # Errors
    ///
    /// The refusal, naming what would be needed.
    pub fn may(&self, actor: &Actor, right: Right, own: bool) -> Result<(), Refusal> {
        admit::may(&self.policy.read().unwrap_or_else(PoisonError::into_inner), actor, right, own)
    }

    /// Takes a task.
    ///
    /// # Errors
    ///
    /// [`DeskError`].
    pub async fn submit(&self, request: Request) -> Result<Taken, DeskError> {
        self.may(&request.by, Right::Submit, true)?;
        let Parsed { prompt, wishes } = self.read(&request.by, &request.text, request.asked).map_err(DeskError::Refused)?;
        let announce_in = if request.announce { self.rules.task_channels.first().copied() } else { None };
        let task = Task {
            id: request.id,
            requester: request.by,
            prompt,
            wishes,
            origin: Origin::Asked { announce_in },
            attachments: request.attachments,
            created_at: self.clock.now(),
        };
        let taken = self.enqueue(Self::new_task(task, request.source, request.key)).await?;
        match taken {
            Enqueued::New { claimed, task } => Ok(Taken { task, new: true, claimed }),
            Enqueued::Seen { task, same: true } => Ok(Taken { task, new: false, claimed: None }),
            Enqueued::Seen { task, same: false } => Err(Refusal::IdTaken { task }.into()),
        }
    }

    /// Cancels a task.
    ///
    /// # Errors
    ///
    /// [`DeskError`].
    pub async fn cancel(&self, by: &Actor, id: TaskId) -> Result<Cancelled, DeskError> {
        let view = self.controlled(by, &id).await?;
        if view.row.ended.is_some() {
            return Err(Refusal::HasEnded { task: id }.into());
        }
        let when = if view.attempts.is_empty() { "before it was started" } else { "before it was tried again" };
        let why = format!("cancelled by {} {when}", by.name());
        match self.queue.cancel(id.clone(), by.name().to_owned(), why).await {
            // It has ended between the look at it and this.
            Err(QueueError::NotNow { .. }) => Err(Refusal::HasEnded { task: id }.into()),
            done => Ok(done?),
        }
    }

    /// Runs a task again, or releases a held one.
    ///
    /// # Errors
    ///
    /// [`DeskError`].
    pub async fn retry(&self, by: &Actor, id: TaskId) -> Result<(), DeskError> {
        self.controlled(by, &id).await?;
        match self.queue.retry(id.clone(), by.name().to_owned(), answers::runs_as_it_was(&id)).await {
            Err(QueueError::NotNow { .. }) => Err(Refusal::HasNotEnded { task: id }.into()),
            done => Ok(done?),
        }
    }

    /// Holds a waiting task.
    ///
    /// # Errors
    ///
    /// [`DeskError`].
    pub async fn hold(&self, by: &Actor, id: TaskId) -> Result<(), DeskError> {
        self.controlled(by, &id).await?;
        Ok(self.queue.hold(id, by.name().to_owned()).await?)
    }

    /// Releases a task that somebody held.
    ///
    /// # Errors
    ///
    /// [`DeskError`].
    pub async fn release(&self, by: &Actor, id: TaskId) -> Result<(), DeskError> {
        self.controlled(by, &id).await?;
        Ok(self.queue.release(id, by.name().to_owned()).await?)
    }

    /// Tries a task again now that waits for a later time; tells whether it did.
    ///
    /// # Errors
    ///
    /// [`DeskError`].
    pub async fn hasten(&self, by: &Actor, id: TaskId) -> Result<bool, DeskError> {
        self.controlled(by, &id).await?;
        match self.queue.hasten(id, by.name().to_owned()).await {
            Err(QueueError::NotNow { .. }) => Ok(false),
            done => Ok(done.map(|()| true)?),
        }
    }

    /// Stops a task's attempt so that it goes on at once with what was said in its thread; tells whether it did.
    ///
    /// # Errors
    ///
    /// [`DeskError`].
    pub async fn interrupt(&self, by: &Actor, id: TaskId) -> Result<bool, DeskError> {
        self.controlled(by, &id).await?;
        match self.queue.interrupt(id, by.name().to_owned()).await {
            Err(QueueError::NotNow { .. }) => Ok(false),
            done => Ok(done.map(|_| true)?),
        }
    }

    /// Starts tasks again after a pause of everything.
    ///
    /// # Errors
    ///
    /// [`DeskError`].
    pub async fn resume(&self, by: &Actor) -> Result<(), DeskError> {
        self.may(by, Right::Operate, false)?;
        Ok(self.queue.resume(by.name().to_owned()).await?)
    }

    /// Sets how much a channel shows of its tasks.
    ///
    /// # Errors
    ///
    /// [`DeskError`].
    pub async fn show_in(&self, by: &Actor, channel: ChannelId, showing: Showing) -> Result<(), DeskError> {
        self.may(by, Right::Operate, false)?;
        Ok(self.queue.show_in(channel, showing).await?)
    }

    /// A task that the actor may control.
    ///
    /// # Errors
    ///
    /// [`DeskError`].
    pub async fn controlled(&self, by: &Actor, id: &TaskId) -> Result<TaskView, DeskError> {
        let view = self.queue.show(id.clone()).await?.ok_or_else(|| Refusal::NoSuchTask { given: id.to_string() })?;
        self.may(by, Right::ControlOwn, view.row.task.requester.lane() == by.lane())?;
        Ok(view)
    }

    /// Reads a text as somebody's task.
    pub(super) fn read(&self, by: &Actor, text: &str, asked: Asked) -> Result<Parsed, Vec<Refusal>> {
        let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
        if bytes > self.rules.text_limit {
            return Err(vec![Refusal::TooLong { bytes, most: self.rules.text_limit }]);
        }
        let rules = parse::Rules {
            catalogue: &self.rules.catalogue,
            agents: &self.rules.agents,
            own_models: &self.rules.own_models,
            default_agent: &self.rules.default_agent,
            time_limit: self.rules.time_limit,
            max_time_limit: self.rules.max_time_limit,
            max_priority: self.rules.priorities.of(by, self.may(by, Right::Operate, false).is_ok()),
            budget: self.rules.budget,
            max_budget: self.rules.max_budget,
            attempts: self.rules.attempts,
            checks: &self.rules.checks,
            free_checks: &self.may(by, Right::FreeCheck, true),
        };
        parse::parse_with(text, asked, &rules)
    }

    pub(super) fn new_task(task: Task, source: &'static str, key: String) -> NewTask {
        NewTask { gates: gates(&task), body_hash: body_hash(&task), task, source, key, blocked: None }
    }

    pub(super) async fn enqueue(&self, new: NewTask) -> Result<Enqueued, QueueError> {
        let task = new.task.id.clone();
        let requester = new.task.requester.name().to_owned();
        let done = self.queue.enqueue(new).await?;
        if let Enqueued::New { .. } = done {
            tracing::info!(task.id = %task, "task {task} of {requester} was accepted");
        }
        Ok(done)
    }
}

/// The gates that a task's step must find open.
pub(super) fn gates(task: &Task) -> Vec<String> {
    vec![task.wishes.agent.gate()]
}

/// Tells a repetition from a second request under the same key: what is asked counts, not when.
fn body_hash(task: &Task) -> String {
    let asked = serde_json::json!([task.prompt, task.wishes, task.requester.lane()]);
    let digest = Sha256::digest(asked.to_string().as_bytes());
    digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
        use std::fmt::Write as _;
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
