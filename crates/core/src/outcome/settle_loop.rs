//! What has ended is judged and settled, until the runner is gone.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::{
    sync::mpsc,
    task::{JoinError, JoinSet},
};
use tracing::Instrument as _;

use super::judge::{self, Case};
use crate::{
    domain::{
        agent::{AgentDefinition, AgentName, Secret},
        attempt::{Outcome, Report},
        isolation::Offered,
        model::Catalogue,
    },
    ports::agent_runner::AgentRunner,
    queue::{
        Queue, QueueError,
        settle::{Ended, Found, How},
    },
    wording::redact,
};

/// Between the tries to settle while the store can't.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Bytes of a text that are gone through where that holds nobody up: a millisecond's work.
const LONG_TEXT: usize = 64 * 1024;

/// What a run is judged by.
#[derive(Clone, Debug)]
pub struct Law {
    /// Agent definitions.
    pub agents: BTreeMap<AgentName, AgentDefinition>,
    /// Prices.
    pub catalogue: Catalogue,
    /// What no report may hold: it is stored, journalled and posted.
    pub secrets: Vec<Secret>,
    /// What of an agent's isolation this machine can hold: what it can't is told with each result.
    pub offered: Offered,
    /// What a time of this machine's clock is: programs tell theirs.
    pub local: judge::Local,
}

/// Settles what comes out of the runner until nothing can come any more; side by side, so that one commit holds what has ended meanwhile.
/// What could not be settled is found again at the next start.
pub async fn run(queue: Queue, runner: Arc<dyn AgentRunner>, law: Law, mut ended: mpsc::Receiver<Ended>) {
    let law = Arc::new(law);
    let mut settled = JoinSet::new();
    while let Some(ended) = ended.recv().await {
        settled.spawn(settle(queue.clone(), Arc::clone(&runner), Arc::clone(&law), ended).in_current_span());
        while let Some(done) = settled.try_join_next() {
            tell_if_broken(done);
        }
    }
    while let Some(done) = settled.join_next().await {
        tell_if_broken(done);
    }
}

fn tell_if_broken(done: Result<(), JoinError>) {
    if let Err(error) = done {
        tracing::error!(%error, "an attempt could not be settled, the next start takes it up: {error}");
    }
}

/// Judges one and settles it, for as long as it takes.
async fn settle(queue: Queue, runner: Arc<dyn AgentRunner>, law: Arc<Law>, mut ended: Ended) {
    let (attempt, fence, task) = (ended.attempt.id, ended.attempt.fence, ended.attempt.task.clone());
    let number = ended.attempt.number;
    // Held until it is settled: a few large results at a time are in memory.
    let _room = ended.room.take();
    let report = without_secrets(report(ended, &law), law).await;
    tracing::info!(task.id = %task, outcome = report.outcome.word(), "task {task}: attempt {number} has {}", report.outcome.word());
    let found = Found::from(report);
    loop {
        match queue.settle(attempt, fence, found.clone()).await {
            Ok(()) => break,
            Err(QueueError::Late) => {
                tracing::warn!(task.id = %task, "task {task}: a late report of attempt {number} was refused");
                break;
            }
            Err(error) => {
                tracing::error!(task.id = %task, %error, "task {task} could not be settled yet: {error}");
                tokio::time::sleep(STORE_PAUSE).await;
            }
        }
    }
    runner.forget(attempt).await;
}

/// Takes the secrets out, before anything is cut: half a secret would not be recognised any more. A long text is gone through once for each way in
/// which each secret may be written; meanwhile others have heartbeats to send.
async fn without_secrets(report: Report, law: Arc<Law>) -> Report {
    let long = report.text.len() > LONG_TEXT;
    let clean = move || {
        let secrets: Vec<&str> = law.secrets.iter().map(Secret::expose).collect();
        redact::redact_report(report, &secrets)
    };
    if !long {
        return clean();
    }
    tokio::task::spawn_blocking(clean).await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

fn report(ended: Ended, law: &Law) -> Report {
    let ending = match &ended.how {
        How::Unstartable(reason) => return Report::without_result(Outcome::Failed, reason.clone()),
        How::Ran(ending) => ending,
    };
    let wishes = &ended.task.task.wishes;
    let forgotten;
    let definition = match law.agents.get(&ended.attempt.agent) {
        Some(definition) => definition,
        None => {
            forgotten = AgentDefinition::forgotten(ended.attempt.agent.clone());
            &forgotten
        }
    };
    let mut report = judge::judge(Case {
        ending,
        stop: ended.attempt.stop.as_ref().map(|(why, by)| (*why, by.as_str())),
        collected: ended.collected,
        definition,
        catalogue: &law.catalogue,
        requested: wishes.model.as_ref(),
        time_limit: wishes.time_limit,
        budget: wishes.budget,
        local: law.local,
        checks: &wishes.checks,
    });
    report.remarks.extend(definition.isolation.open(law.offered));
    report.remarks.extend(super::checks::open(&wishes.checks, definition, law.offered));
    report
}
