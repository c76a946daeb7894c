//! What requests are made with, and what they have in common: the token that Discord accepts or not.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::sync::Semaphore;

use crate::{
    domain::{
        agent::AgentName,
        id::{ChannelId, TaskId},
        outbound::{Address, Identity},
        retry::{Delays, POST_RETRIES},
    },
    ports::{
        chat::{Chat, ChatError},
        clock::Clock,
        progress::Progress,
        task_log::TaskLog,
    },
    queue::Queue,
    wording::alerts,
};

/// How the mailer sends.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The delays between tries of one post.
    pub delays: Delays,
    /// How long after a parcel's first send its nonce protects it. Less than Discord's own few minutes, by far.
    pub nonce_window: Duration,
    /// How long a ✅ that is forbidden waits for its next try.
    pub forbidden_pause: Duration,
    /// Where the workspaces are: a task's log is told of its result's fate.
    pub workers: PathBuf,
    /// Where the text of results goes that no channel takes.
    pub undelivered: PathBuf,
    /// How many files that an agent has left go along with its result.
    pub attach_files: usize,
    /// Between looks at what a running agent says, for a live card.
    pub live_cards: Duration,
    /// What of an agent's isolation this machine can't hold, in one line for its cards.
    pub open: BTreeMap<AgentName, String>,
    /// What the agents' secrets and ours are, never to be posted.
    pub secrets: Vec<crate::domain::agent::Secret>,
}

/// What has at most one request under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Lane {
    /// Posts to an address.
    Posts(Address),
    /// Reactions in a channel.
    Reactions(ChannelId),
    /// Cards that stand in a channel and are behind their tasks: Discord takes edits beside posts.
    CardEdits(ChannelId),
    /// Cards that are to be posted in a channel, and what belongs to cards.
    Cards(ChannelId),
}

impl Lane {
    /// Whose token its requests carry.
    fn identity(self) -> Identity {
        match self {
            Self::Posts(to) => to.identity,
            Self::Reactions(_) | Self::CardEdits(_) | Self::Cards(_) => Identity::Orchestrator,
        }
    }
}

/// What one request led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Something was settled; there may be more.
    Went,
    /// It failed as others would: it is tried again at this time, and others may be tried before.
    Failed(DateTime<Utc>),
    /// Nothing to do before this time, unless something new comes.
    NotBefore(DateTime<Utc>),
    /// Nothing to do.
    Nothing,
}

/// What requests are made with.
#[derive(Clone)]
pub(super) struct Means {
    pub(super) queue: Queue,
    pub(super) chat: Arc<dyn Chat>,
    pub(super) log: Arc<dyn TaskLog>,
    pub(super) progress: Arc<dyn Progress>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) settings: Arc<Settings>,
    /// For the one post with large files that is under way.
    pub(super) large: Arc<Semaphore>,
    /// Tasks whose cards have a request under way: two at a time could arrive in the other order.
    pub(super) cards_under_way: Arc<Mutex<BTreeSet<TaskId>>>,
    refused: Arc<Mutex<BTreeMap<Identity, Refused>>>,
}

/// A token that Discord does not accept at present.
#[derive(Clone, Copy, Debug)]
struct Refused {
    /// The lane whose request asks whether it is accepted again; all others with this token are held.
    probe: Lane,
    /// How often that one was refused.
    tries: u32,
    /// Its tries are over: nothing is sent with this token any more.
    given_up: bool,
}

impl Means {
    pub(super) fn new(
        queue: Queue,
        chat: Arc<dyn Chat>,
        (log, progress): (Arc<dyn TaskLog>, Arc<dyn Progress>),
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> Self {
        Self {
            queue,
            chat,
            log,
            progress,
            clock,
            settings: Arc::new(settings),
            large: Arc::new(Semaphore::new(1)),
            cards_under_way: Arc::default(),
            refused: Arc::default(),
        }
    }

    /// Whether a lane has to wait until its token is accepted again. A worker's that is given up holds nobody: the bot's own speaks.
    pub(super) fn holds(&self, lane: Lane) -> bool {
        let own = |refused: &Refused| refused.given_up || refused.probe != lane;
        match (lane.identity(), self.refusals().get(&lane.identity())) {
            (_, None) => false,
            (Identity::Orchestrator, Some(refused)) => own(refused),
            (Identity::Worker(_), Some(refused)) => !refused.given_up && refused.probe != lane,
        }
    }

    /// Who speaks to an address at present.
    pub(super) fn spoken(&self, to: Address) -> Address {
        let given_up = self.refusals().get(&to.identity).is_some_and(|refused| refused.given_up);
        if given_up { Address { identity: Identity::Orchestrator, ..to } } else { to }
    }

    /// Whether Discord refuses the bot's own token at present.
    pub(super) fn token_refused(&self) -> bool {
        self.refusals().contains_key(&Identity::Orchestrator)
    }

    /// Tokens may be accepted again.
    pub(super) fn trust_tokens(&self) {
        self.refusals().clear();
    }

    /// Takes note of what a request of a lane has shown of its token.
    pub(super) fn note_token(&self, lane: Lane, error: Option<&ChatError>) {
        let mut refusals = self.refusals();
        match error {
            Some(ChatError::Unauthorized) => {}
            None | Some(ChatError::Forbidden { .. } | ChatError::NotFound { .. } | ChatError::Invalid { .. }) => {
                refusals.remove(&lane.identity());
                return;
            }
            // That tells nothing of the token.
            Some(ChatError::RateLimited { .. } | ChatError::Unavailable { .. } | ChatError::NotSent { .. } | ChatError::Unknown { .. }) => {
                return;
            }
        }
        let refused = refusals.entry(lane.identity()).or_insert(Refused { probe: lane, tries: 0, given_up: false });
        if refused.probe != lane || refused.given_up {
            return;
        }
        refused.tries += 1;
        if refused.tries > POST_RETRIES {
            refused.given_up = true;
            match lane.identity() {
                Identity::Orchestrator => tracing::error!("{}", alerts::token_refused("ORCHESTRATOR_AGENT_TOKEN", refused.tries)),
                Identity::Worker(slot) => {
                    tracing::error!("Discord does not accept `WORKER{slot}_TOKEN`: the bot's own token speaks in its place");
                }
            }
        }
    }

    fn refusals(&self) -> MutexGuard<'_, BTreeMap<Identity, Refused>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
