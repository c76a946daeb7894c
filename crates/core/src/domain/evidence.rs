//! What an ended run has left behind, as it was found: collected by the runner, judged by outcome.

use std::collections::BTreeMap;

use super::{
    money::{Usage, Usd},
    progress::Story,
    reading::ErrorClass,
    resets::Resets,
};

/// Everything that was found after a run. Nothing here is trusted: an agent wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// The result, up to the collection bound; empty if there is none, or none but white space.
    pub text: String,
    /// Bytes of the result beyond the bound.
    pub text_left_out: u64,
    /// Why there is no result, as the end of a sentence: `RESULT.txt is missing`. None if there is one.
    pub no_text_because: Option<String>,
    /// The short form, if the agent wrote one.
    pub summary: Option<String>,
    /// Named outputs.
    pub outputs: BTreeMap<String, String>,
    /// Files that the agent left in its working folder, by path below it, with their size.
    pub files: Vec<(String, u64)>,
    /// What the agent itself says of its run, if it says so in a form that we read.
    pub answer: Option<Answer>,
    /// Tokens, model and cost, as the agent reports them.
    pub spent: Spent,
    /// The session that it kept, by which it could go on.
    pub session: Option<String>,
    /// What it has told of its work, where its output tells.
    pub story: Story,
    /// The end of what each check has printed, in the order in which they were run.
    pub check_outputs: Vec<String>,
    /// The end of the task's log.
    pub log_tail: Option<String>,
    /// Things that a reader should know: a file that was refused, an unreadable line.
    pub remarks: Vec<String>,
}

/// What the line is made of that stands where something was left out.
pub const LEFT_OUT: (&str, &str) = ("[orchestrator: ", " bytes of output were left out here]");

/// The line that stands where so many bytes of an agent's output were left out.
pub fn left_out_line(bytes: u64) -> String {
    format!("{}{bytes}{}", LEFT_OUT.0, LEFT_OUT.1)
}

/// How many bytes were left out at a line, if it is such a one.
pub fn left_out_at(line: &str) -> Option<u64> {
    line.trim().strip_prefix(LEFT_OUT.0)?.strip_suffix(LEFT_OUT.1)?.parse().ok()
}

/// An agent's own verdict on its run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Whether it calls the run good, by the rule of its definition.
    pub ok: bool,
    /// What it says went wrong.
    pub error: Option<String>,
    /// What that means.
    pub class: Option<ErrorClass>,
    /// When it may ask again, as it was told.
    pub resets: Option<Resets>,
}

/// What an agent reports to have spent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Tokens, summed over all turns, by the model that answered (`provider/model`, or as the agent names it; none: it does not say). Empty: unknown.
    pub by_model: Vec<(Option<String>, Usage)>,
    /// The cost that the agent states.
    pub cost: Option<Usd>,
}

impl Spent {
    /// Adds one turn.
    pub fn add(&mut self, model: Option<&str>, usage: Usage) {
        match self.by_model.iter_mut().find(|(known, _)| known.as_deref() == model) {
            Some((_, sum)) => *sum += usage,
            None => self.by_model.push((model.map(str::to_owned), usage)),
        }
    }

    /// All tokens; `None`: unknown.
    pub fn usage(&self) -> Option<Usage> {
        let mut sum = Usage::default();
        self.by_model.iter().for_each(|(_, usage)| sum += *usage);
        (!self.by_model.is_empty()).then_some(sum)
    }
}
