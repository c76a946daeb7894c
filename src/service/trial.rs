//! One task through one agent, in a folder of its own: no queue, no Discord, nothing kept.

use std::{path::PathBuf, time::Duration};

use orchestrator_core::{
    domain::{
        actor::Actor,
        agent::{AgentName, Secret},
        attempt::Report,
        evidence::Collected,
        id::AttemptId,
        task::{Origin, Priority, Task},
    },
    intake::parse::{self, Asked},
    outcome::judge::{Case, judge},
    ports::{
        agent_runner::{AgentRunner as _, Ending, Exit, ExitRecord, StopReason},
        clock::Clock as _,
        entropy::Entropy as _,
    },
    runner::{alone, crew},
    wording::redact::redact_report,
};
use tokio_util::sync::CancellationToken;

use super::{ServiceError, build};
use crate::{
    adapters::{
        process::{self, ProcessRunner},
        system_clock::{self, SystemClock},
        system_entropy::SystemEntropy,
    },
    config::Config,
};

/// What came of a trial.
#[derive(Debug)]
pub struct Trial {
    /// What a task would have been told.
    pub report: Report,
    /// How the process ended, if it ran.
    pub record: Option<ExitRecord>,
    /// What was read of its output, before anybody judged it.
    pub collected: Collected,
    /// Its folder, if it was to be kept.
    pub kept: Option<PathBuf>,
    /// Its folder, and why it could not be removed, if it was to be.
    pub left: Option<(PathBuf, String)>,
}

impl Trial {
    /// How the process ended, in words.
    pub fn exit(&self) -> Option<String> {
        self.record.as_ref().map(|record| match record.exit {
            Exit::Code(code) => format!("code {code}"),
            Exit::Signal(signal) => format!("signal {signal}"),
        })
    }
}

/// What is tried.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// With which agent.
    pub agent: AgentName,
    /// The task's text.
    pub text: String,
    /// The model, by alias or name.
    pub model: Option<String>,
    /// How hard it thinks.
    pub thinking: Option<String>,
    /// How long it may take.
    pub time_limit: Duration,
    /// What its work is checked by, beside what each of its tasks is.
    pub checks: Vec<String>,
    /// Whether its folder is kept.
    pub keep: bool,
}

/// Why there was no trial.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// A wish can't be granted.
    #[error("{0}")]
    Refused(String),
    /// The agent could not be started.
    #[error("{0}")]
    NotStarted(String),
    /// The machine failed.
    #[error(transparent)]
    Machine(#[from] ServiceError),
}

/// Where a failed task's reason points to: here.
const ADVICE: &str = ": `orchestrator agents test` shows what is read";

/// Runs a task through an agent and tells what was read. When `stop` is cancelled, the agent is stopped first.
///
/// # Errors
///
/// [`TrialError`].
pub async fn trial(config: &Config, wanted: Wanted, stop: CancellationToken) -> Result<Trial, TrialError> {
    let home = tempfile::tempdir().map_err(|source| ServiceError::Folder { path: PathBuf::from("a temporary folder"), source })?;
    let root = home.path().canonicalize().map_err(|source| ServiceError::Folder { path: home.path().to_owned(), source })?;
    let settings = crew::Settings {
        workers: root.join("workers"),
        attempts: root.join(".runtime/attempts"),
        claims: root.join(".runtime/assigned-tasks.txt"),
        ..build::crew_settings(config, process::offered())
    };
    let runner = ProcessRunner::new(&root.join(".runtime")).map_err(|source| ServiceError::Folder { path: root.clone(), source })?.tied();
    let task = task(config, &wanted)?;
    let (requested, time_limit, checks) = (task.wishes.model.clone(), task.wishes.time_limit, task.wishes.checks.clone());
    let attempt = AttemptId::from_parts(u64::try_from(task.created_at.timestamp_millis()).unwrap_or(0), SystemEntropy.bytes());
    let (definition, offered) = (settings.agents.get(&wanted.agent).cloned(), settings.offered);
    let agent_id = format!("agent-{}-trial", task.created_at.timestamp());
    let ran = alone::run(settings, &runner, (attempt, &agent_id), task, stop.clone()).await;
    let (ending, collected) = ran.map_err(TrialError::NotStarted)?;
    let definition = definition.ok_or_else(|| TrialError::NotStarted(format!("agent `{}` is not configured", wanted.agent)))?;
    let mut report = judge(Case {
        ending: &ending,
        stop: stop.is_cancelled().then_some((StopReason::Cancelled, "you")),
        collected: collected.clone(),
        definition: &definition,
        catalogue: &config.openclaw.catalogue,
        requested: requested.as_ref(),
        time_limit,
        budget: None,
        local: system_clock::local,
        checks: &checks,
    });
    // What is read is what a trial shows.
    report.reason = report.reason.map(|why| why.replace(ADVICE, ""));
    report.remarks.extend(definition.isolation.open(offered));
    // What is shown of a trial is sent to whoever helps with it.
    let secrets: Vec<&str> = config.secrets.iter().map(Secret::expose).collect();
    let report = redact_report(report, &secrets);
    let (kept, left) = if wanted.keep {
        (Some(home.keep()), None)
    } else {
        runner.forget(attempt).await;
        (None, home.close().err().map(|error| (root, error.to_string())))
    };
    let record = if let Ending::Recorded(record) = ending { Some(record) } else { None };
    Ok(Trial { report, record, collected, kept, left })
}

fn task(config: &Config, wanted: &Wanted) -> Result<Task, TrialError> {
    let agents: Vec<AgentName> = config.agents.definitions.keys().cloned().collect();
    let rules = parse::Rules {
        catalogue: &config.openclaw.catalogue,
        agents: &agents,
        own_models: &config.agents.own_models(),
        default_agent: &config.agents.default,
        time_limit: Some(wanted.time_limit),
        max_time_limit: wanted.time_limit,
        max_priority: Priority::MAX,
        budget: None,
        max_budget: None,
        checks: &config.agents.checks(),
        // Whoever tries an agent holds the machine.
        free_checks: &Ok(()),
        attempts: 1,
    };
    let asked = Asked {
        model: wanted.model.clone(),
        thinking: wanted.thinking.clone(),
        agent: Some(wanted.agent.to_string()),
        checks: wanted.checks.clone(),
        ..Asked::default()
    };
    let refused = |refusals: Vec<_>| {
        let told: Vec<String> = refusals.iter().map(orchestrator_core::wording::refusals::Refusal::sentence).collect();
        TrialError::Refused(told.join(" "))
    };
    let now = SystemClock.now();
    Ok(Task {
        id: "trial".parse().unwrap_or_else(|_| unreachable!("it is a valid id")),
        requester: Actor::Operator { name: "you".to_owned() },
        prompt: wanted.text.clone(),
        wishes: parse::wishes(&asked, &rules).map_err(refused)?,
        origin: Origin::Asked { announce_in: None },
        attachments: Vec::new(),
        created_at: now,
    })
}
