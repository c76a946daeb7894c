//! What may become of a task: the model. It is written while a history is played, and read by the judges.

use std::collections::BTreeSet;

use orchestrator_sandbox::Snowflake;

use crate::{
    agents::{Agent, label},
    script::{Door, Who, Wish},
    task::{Tag, TaskNumber},
};

/// Whether the program must have taken a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It was accepted: it must not be lost.
    Must,
    /// Nobody can say from outside; if it was, it must end as all do.
    May,
    /// It must not run.
    Never,
}

/// One task of a history.
#[derive(Clone, Debug)]
pub(crate) struct Fate {
    pub(crate) number: TaskNumber,
    pub(crate) door: Door,
    pub(crate) by: Who,
    pub(crate) wish: Wish,
    /// The task's id, once it is known.
    pub(crate) id: Option<String>,
    /// The message that it began with.
    pub(crate) message: Option<Snowflake>,
    /// Its texts: the first, then its edits.
    pub(crate) versions: Vec<Agent>,
    pub(crate) taken: Taken,
    /// Ends that people or the world have made possible beside its agent's own.
    pub(crate) may_end: BTreeSet<Tag>,
    /// How often it was asked to be run again, whether that was heard or not.
    pub(crate) retries: u32,
    /// When a cancellation was confirmed, in nanoseconds since 1970, and whether the task waited.
    pub(crate) cancelled: Option<(i64, bool)>,
    /// Whether anybody has said that its agent may do what it asks for.
    pub(crate) permitted: bool,
    pub(crate) deleted: bool,
    pub(crate) tick_taken: bool,
}

impl Fate {
    pub(crate) fn new(number: TaskNumber, door: Door, by: Who, agent: Agent, wish: Wish) -> Self {
        Self {
            number,
            door,
            by,
            wish,
            id: None,
            message: None,
            versions: vec![agent],
            taken: Taken::Never,
            may_end: BTreeSet::new(),
            retries: 0,
            cancelled: None,
            permitted: false,
            deleted: false,
            tick_taken: false,
        }
    }

    /// The agent behind a label, if it is one of this task's.
    pub(crate) fn version(&self, given: &str) -> Option<Agent> {
        (0..).zip(&self.versions).find(|(version, _)| label(self.number, *version) == given).map(|(_, agent)| *agent)
    }

    /// How it is named in reports.
    pub(crate) fn name(&self) -> String {
        format!("task {} (`{}`)", self.number, self.id.as_deref().unwrap_or("no id"))
    }
}
