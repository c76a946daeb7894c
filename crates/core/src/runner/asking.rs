//! Questions of a running agent, between its output and people: new ones are noted in the store, and what was decided is put where the bridge finds it.
//!
//! Both are read anew after a restart, and done again where it is not known that they were: nothing is lost by a kill, and nothing is done twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;

use super::{beside, bridging, means::Means};
use crate::{
    domain::{
        acp::{Protocol, Waiting},
        agent::AgentDefinition,
        id::AttemptId,
        lease::Fence,
        permission::{Asked, Decision, Ending, Policy, Question},
    },
    queue::QueueError,
};

/// Most questions of one run that are put to people at once; the next is when one of them has ended.
const OPEN: usize = 20;
/// Most that wait for that.
const KNOWN: usize = 1_000;
/// What lines about questions hold. Within a text every quotation mark is written in another way.
pub(super) const WORDS: [&str; 2] = ["\"type\":\"asks\"", "\"type\":\"answered\""];

/// The questions of one run.
pub(super) struct Asking<'m> {
    means: &'m Means,
    attempt: AttemptId,
    fence: Fence,
    answers: PathBuf,
    /// All that have not ended, those that are put to people first.
    open: BTreeMap<u32, Question>,
    ended: Vec<(u32, Ending)>,
    /// Whether the store knows what is known here.
    noted: bool,
    /// Whose answers are there.
    brought: BTreeSet<u32>,
    /// For how long people were waited for, as it was told last.
    waiting: Waiting,
}

/// What the bridge says of questions.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Said {
    Asks { question: Question },
    Answered { number: u32, ending: Ending },
}

/// Whether an agent asks people.
pub(super) fn asks(definition: &AgentDefinition) -> bool {
    matches!(&definition.protocol, Protocol::Acp(acp) if acp.permissions == Policy::Ask)
}

impl<'m> Asking<'m> {
    /// Of a run of an agent that asks people; `None`: it asks nobody.
    pub(super) fn of(means: &'m Means, definition: Option<&AgentDefinition>, attempt: AttemptId, fence: Fence) -> Option<Self> {
        let asks = definition.is_some_and(asks);
        let answers = bridging::answers(&means.settings.attempts.join(attempt.to_string()));
        let (open, ended, brought) = (BTreeMap::new(), Vec::new(), BTreeSet::new());
        asks.then_some(Self { means, attempt, fence, answers, open, ended, noted: false, brought, waiting: Waiting::default() })
    }

    /// A line of its output.
    pub(super) fn line(&mut self, line: &str) {
        if let Some(waiting) = Waiting::read(line) {
            self.waiting = waiting;
        }
        if !WORDS.iter().any(|words| line.contains(words)) {
            return;
        }
        match serde_json::from_str(line) {
            Ok(Said::Asks { question }) if self.open.len() < KNOWN => {
                self.open.insert(question.number, question);
                self.noted = false;
            }
            Ok(Said::Answered { number, ending }) if self.open.remove(&number).is_some() => {
                self.ended.push((number, ending));
                self.noted = false;
            }
            Ok(_) | Err(_) => {}
        }
    }

    /// Whether something waits for a person.
    pub(super) fn waits(&self) -> bool {
        !self.open.is_empty()
    }

    /// For how long people were waited for in all, and whether they are now.
    pub(super) fn waited(&self) -> (Duration, bool) {
        (Duration::from_millis(self.waiting.waited_ms), self.waiting.waits_on_ms > 0)
    }

    /// Notes what is new and brings what was decided; what fails is done at the next look.
    pub(super) async fn look(&mut self) {
        let asked = if !self.noted {
            let open: Vec<Question> = self.open.values().take(OPEN).cloned().collect();
            self.means.queue.note_questions(self.attempt, self.fence, open, self.ended.clone()).await
        } else if self.open.keys().take(OPEN).any(|number| !self.brought.contains(number)) {
            self.means.queue.asked(self.attempt).await
        } else {
            return;
        };
        let asked = match asked {
            Ok(asked) => asked,
            // It has ended meanwhile.
            Err(QueueError::Late) => return,
            Err(error) => return tracing::error!(%error, "questions of an agent could not be noted: {error}"),
        };
        self.noted = true;
        self.ended.clear();
        for Asked { question, decision } in asked {
            let Some(decision) = decision.filter(|_| !self.brought.contains(&question.number)) else { continue };
            let (answers, number) = (self.answers.clone(), question.number);
            let brought = tokio::task::spawn_blocking(move || bring(&answers, number, &decision)).await;
            match brought.map_err(io::Error::other).flatten() {
                Ok(()) => drop(self.brought.insert(number)),
                Err(error) => tracing::error!(%error, "an answer could not be brought to its agent: {error}"),
            }
        }
    }
}

/// Puts an answer where the bridge finds it, whole at once; once more does no harm.
fn bring(answers: &Path, number: u32, decision: &Decision) -> io::Result<()> {
    let fresh = answers.join(format!("{number}.new"));
    beside::write(&fresh, &serde_json::to_string(decision)?)?;
    fs::rename(&fresh, answers.join(format!("{number}.json")))
}
