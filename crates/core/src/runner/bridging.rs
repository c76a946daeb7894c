//! Agents that are spoken with: the bridge is started in their place, and told how to start and to speak with them.

use std::{
    fs::DirBuilder,
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    beside::{self, Beside},
    brief::{self, Facts},
};
use crate::{
    domain::{
        acp::{Acp, Orders},
        agent::AgentDefinition,
    },
    ports::agent_runner::Walls,
};

/// How often the bridge says that it lives, where nothing asks for more.
const BEAT: Duration = Duration::from_secs(30);
/// The same at the most.
const LEAST_BEAT: Duration = Duration::from_millis(200);
/// So many questions of one run have numbers of their own.
const QUESTIONS: u64 = 1_000;

/// What is started in the place of an agent that is spoken with.
#[derive(Debug)]
pub(super) struct Bridged {
    pub(super) program: PathBuf,
    pub(super) args: Vec<String>,
    /// The folder in which it finds answers.
    answers: PathBuf,
}

/// The folder of an attempt in which answers to its agent's questions are put.
pub(super) fn answers(control: &Path) -> PathBuf {
    control.join("answers")
}

/// Writes down what the bridge is told. `program` and `args` are the agent's own.
///
/// # Errors
///
/// A file or folder could not be made.
pub(super) fn bridged(
    (definition, acp): (&AgentDefinition, &Acp),
    (program, args): (PathBuf, Vec<String>),
    (control, fence): (&Path, u64),
    beside: &Beside,
    facts: &Facts<'_>,
) -> io::Result<Bridged> {
    let answers = answers(control);
    DirBuilder::new().recursive(true).mode(0o700).create(&answers)?;
    let prompt = beside.config.join("prompt");
    beside::write(&prompt, &brief::prompt(facts))?;
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    // What its definition passes on in another way is not passed on twice.
    let own = |placeholder: &str, value: Option<&str>| value.filter(|_| !names(definition, placeholder)).map(str::to_owned);
    let orders = Orders {
        program,
        args,
        cwd: facts.workspace.task_dir().to_owned(),
        prompt,
        model: own("{model", facts.wishes.model.as_ref().map(|model| &*model.0)),
        thinking: own("{thinking}", facts.thinking),
        mode: acp.mode.clone(),
        login: acp.login.clone(),
        permissions: acp.permissions,
        answers: answers.clone(),
        // Each run of a step has a higher fencing number than the one before.
        first_question: u32::try_from(fence.saturating_mul(QUESTIONS).saturating_add(1)).unwrap_or(1),
        answer_within_ms: millis(acp.answer_within),
        start_within_ms: millis(acp.start_within),
        grace_ms: millis(definition.grace),
        beat_ms: millis(definition.stall.map_or(BEAT, |stall| (stall / 4).clamp(LEAST_BEAT, BEAT))),
    };
    let written = beside.config.join("orders.json");
    beside::write(&written, &serde_json::to_string(&orders)?)?;
    let args = vec!["__agent".to_owned(), "acp".to_owned(), written.display().to_string()];
    Ok(Bridged { program: acp.bridge.clone(), args, answers })
}

/// Whether a definition passes something on by its arguments, its environment or its files.
fn names(definition: &AgentDefinition, placeholder: &str) -> bool {
    let args = definition.args.iter().flatten();
    let files = definition.files.iter().flat_map(|(path, content)| [path, content]);
    args.chain(definition.env.values()).chain(files).any(|text| text.contains(placeholder))
}

impl Bridged {
    /// Lets the bridge stand within the agent's walls: its program and the answers can be read, and it is one process more.
    pub(super) fn within(&self, walls: &mut Walls) {
        if let Some(files) = &mut walls.files {
            files.read.extend(self.program.canonicalize().ok());
            files.read.push(self.answers.clone());
        }
        walls.process_limit = walls.process_limit.map(|most| most.saturating_add(1));
    }
}
