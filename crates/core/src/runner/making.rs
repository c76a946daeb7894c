//! What an attempt is started with, and what is collected after it: from the configuration and its workspace alone.

use std::{path::PathBuf, sync::Arc};

use tokio::sync::OwnedSemaphorePermit;

use super::{
    asking,
    beside::{self, Beside},
    bridging,
    brief::{self, Facts},
    checking, filling,
    means::{Means, Settings},
    results, walls,
    workspace::{self, Contents, Workspace},
};
use crate::{
    domain::{
        acp::Protocol,
        agent::{AgentDefinition, AgentName, Stdin},
        evidence::Collected,
        id::AttemptId,
        task::Task,
    },
    ports::agent_runner::{Cause, Ending, Exit, ExitRecord, LaunchSpec},
};

/// Bytes from which on a result takes its turn.
const LARGE: u64 = 1 << 20;

/// One run of a task.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) attempt: AttemptId,
    pub(super) fence: u64,
    pub(super) agent_id: String,
    pub(super) workspace: Workspace,
    /// The task, as this run is told it.
    pub(super) task: Task,
}

/// Makes its workspace and all that its agent is started with. `files`: what came with the task, under safe names.
///
/// # Errors
///
/// What could not be made, as a sentence; it may be at a later try.
pub(super) async fn launch(
    settings: &Arc<Settings>,
    definition: &AgentDefinition,
    program: PathBuf,
    run: &Run,
    files: Vec<(String, Vec<u8>)>,
) -> Result<LaunchSpec, String> {
    let (settings, definition, run) = (Arc::clone(settings), definition.clone(), run.clone());
    let names: Vec<String> = files.iter().map(|(name, _)| name.clone()).collect();
    let made = tokio::task::spawn_blocking(move || {
        let task = &run.task;
        let models = settings.catalogue.listing();
        let control = settings.attempts.join(run.attempt.to_string());
        let beside =
            Beside::make(&control, definition.home).map_err(|error| format!("its temporary folders could not be made: {error}"))?;
        let level = task.wishes.thinking;
        let checks = checking::told(&definition, &task.wishes.checks);
        let facts = Facts {
            task: &task.id,
            prompt: &task.prompt,
            wishes: &task.wishes,
            agent_id: &run.agent_id,
            workspace: &run.workspace,
            config: settings.openclaw_config.as_deref(),
            config_dir: &beside.config,
            home: beside.home.as_deref(),
            thinking: definition.thinking.as_ref().map_or(Some(level.word()), |words| words.get(&level).map(String::as_str)),
            answers: !definition.reading.text.0.is_empty(),
            models: if definition.models.is_some() { &[] } else { &models },
            summary_max: settings.bounds.summary,
            checks: &checks,
            attachments: &names,
            template: definition.instructions.as_deref().or(settings.agents_md.as_deref()),
        };
        let agents_md = brief::agents_md(&facts);
        let notes = run
            .workspace
            .create(&Contents { prompt: &task.prompt, agents_md: &agents_md, attachments: &files })
            .map_err(|error| format!("its workspace could not be made: {error}"))?;
        for note in &notes {
            tracing::warn!("{note}");
        }
        for (path, content) in filling::files(&definition, &facts) {
            beside::write(&path, &content).map_err(|error| format!("its file {} could not be written: {error}", path.display()))?;
        }
        let (args, own) = filling::expand(&definition, &facts);
        let stdin = match definition.stdin {
            Stdin::Nothing => None,
            Stdin::Task => Some(run.workspace.file(workspace::TASK)),
            Stdin::Prompt => {
                let path = beside.config.join("prompt");
                beside::write(&path, &brief::prompt(&facts)).map_err(|error| format!("its prompt could not be written: {error}"))?;
                Some(path)
            }
        };
        let mut env: Vec<(String, String)> = settings.environment.clone();
        let mut set = |name: &str, value: String| {
            env.retain(|(known, _)| known != name);
            env.push((name.to_owned(), value));
        };
        set("TMPDIR", beside.tmp.display().to_string());
        set("ORCH_TASK_ID", task.id.to_string());
        set("ORCH_AGENT_ID", run.agent_id.clone());
        for (name, secret) in &definition.secrets {
            set(name, secret.expose().to_owned());
        }
        for (name, value) in own {
            set(&name, value);
        }
        if let Some(home) = &beside.home {
            env.retain(|(name, _)| !beside::OF_A_HOME.contains(&name.as_str()));
            env.push(("HOME".to_owned(), home.display().to_string()));
        }
        let path = env.iter().find(|(name, _)| name == "PATH").map_or("", |(_, value)| value.as_str());
        let mut walls = walls::walls(&settings, &definition, &program, (&run.workspace, &beside), path);
        let (mut program, mut args, mut soft_signal) = (program, args, definition.soft_signal);
        if let Protocol::Acp(acp) = &definition.protocol {
            let bridged = bridging::bridged((&definition, acp), (program, args), (&control, run.fence), &beside, &facts)
                .map_err(|error| format!("what its bridge is told could not be written: {error}"))?;
            bridged.within(&mut walls);
            (program, args, soft_signal) = (bridged.program, bridged.args, libc::SIGTERM);
        }
        let checking = checking::of_run(&settings, &definition, &run)
            .map_err(|error| format!("the folders of its checks could not be made: {error}"))?;
        Ok(LaunchSpec {
            attempt: run.attempt,
            task: task.id.clone(),
            fence: run.fence,
            program,
            args,
            env,
            cwd: run.workspace.task_dir().to_owned(),
            stdin,
            log: run.workspace.file(workspace::LOG),
            log_limit: settings.log_limit,
            stdout: Some(stdout(&settings, run.attempt)),
            stdout_limit: settings.stdout_limit,
            stdout_first: kept_first(&definition),
            time_limit: task.wishes.time_limit,
            asks_people: asking::asks(&definition),
            stall_limit: definition.stall,
            soft_signal,
            grace: definition.grace,
            durable: run.workspace.durable(),
            file_size_limit: settings.file_size_limit,
            walls,
            checking,
        })
    });
    made.await.map_err(|error| format!("preparing it broke: {error}"))?
}

/// What lines hold of an agent's output by which its money is counted and its questions are put: these are kept whatever else is left out.
fn kept_first(definition: &AgentDefinition) -> Vec<String> {
    let mut words = definition.reading.words_of_usage();
    if asking::asks(definition) {
        words.extend(asking::WORDS.map(str::to_owned));
    }
    words
}

/// Where an agent's standard output is kept: results, usage or an answer are read from it by every rule.
pub(super) fn stdout(settings: &Settings, attempt: AttemptId) -> PathBuf {
    settings.attempts.join(attempt.to_string()).join("stdout")
}

/// Waits for room in memory for a run's result, where that may be large.
pub(super) async fn room(means: &Means, run: &Run) -> Option<OwnedSemaphorePermit> {
    let files = [run.workspace.file(workspace::RESULT), stdout(&means.settings, run.attempt)];
    let is_large = files.iter().any(|path| std::fs::symlink_metadata(path).is_ok_and(|seen| seen.len() > LARGE));
    if !is_large {
        return None;
    }
    Arc::clone(&means.large).acquire_owned().await.ok()
}

/// Collects what a run has left.
pub(super) async fn collected(settings: &Arc<Settings>, run: &Run, agent: &AgentName, ending: &Ending) -> Collected {
    let (settings, run, agent, exit) = (Arc::clone(settings), run.clone(), agent.clone(), exit_code(ending));
    let work = if let Ending::Recorded(record) = ending { record.checked.clone() } else { None };
    let collected = tokio::task::spawn_blocking(move || {
        let stdout = stdout(&settings, run.attempt);
        let definition = settings.agents.get(&agent);
        let reading = definition.map(|definition| Arc::clone(&definition.reading)).unwrap_or_default();
        let mut given = workspace::attachment_names(&run.task.attachments);
        // What its definition had written there is no work of its.
        let written = definition.into_iter().flat_map(|definition| definition.files.keys());
        given.extend(written.filter_map(|path| path.strip_prefix("{task_dir}/")).map(str::to_owned));
        let left = results::Run {
            workspace: &run.workspace,
            agent_id: &run.agent_id,
            task: &run.task.id,
            reading: &reading,
            stdout: Some(&stdout),
            exit,
            attachments: &given,
        };
        let mut found = results::collect(&left, &settings.bounds);
        if let Some(work) = work {
            checking::collect(&settings, &run, &work, &mut found);
        }
        found
    });
    collected.await.unwrap_or_else(|error| Collected {
        no_text_because: Some(format!("what it left could not be collected: {error}")),
        ..Collected::default()
    })
}

/// The end of an agent that was started: whoever says that it never was has found nothing of it any more.
pub(super) fn of_a_run(told: Ending) -> Ending {
    match told {
        Ending::NeverStarted => Ending::Removed,
        Ending::Recorded(_) | Ending::Lost | Ending::Removed => told,
    }
}

/// The code with which an agent ended that ended by itself.
fn exit_code(ending: &Ending) -> Option<i32> {
    match ending {
        Ending::Recorded(ExitRecord { exit: Exit::Code(code), cause: Cause::Itself, .. }) => Some(*code),
        Ending::Recorded(_) | Ending::Lost | Ending::Removed | Ending::NeverStarted => None,
    }
}
