//! One run of an agent by itself, without a queue: how `agents test` tries one.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{
    making::{self, Run},
    means::Settings,
    workspace::Workspace,
};
use crate::{
    domain::{acp::Protocol, evidence::Collected, id::AttemptId, permission::Policy, task::Task},
    ports::agent_runner::{AgentRunner, Ending, StopReason},
};

/// Runs a task's agent once and waits for its end; when `stop` is cancelled it is stopped first. The caller has the runner forget the attempt.
///
/// # Errors
///
/// Why it could not be started, as a sentence.
pub async fn run(
    settings: Settings,
    runner: &dyn AgentRunner,
    (attempt, agent_id): (AttemptId, &str),
    task: Task,
    stop: CancellationToken,
) -> Result<(Ending, Collected), String> {
    let agent = task.wishes.agent.clone();
    let Some(mut definition) = settings.agents.get(&agent).cloned() else { return Err(format!("agent `{agent}` is not configured")) };
    definition.isolation = definition.isolation.closer(task.wishes.closer);
    if let Protocol::Acp(acp) = &mut definition.protocol
        && acp.permissions == Policy::Ask
    {
        // Nobody is there to be asked.
        acp.permissions = Policy::Deny;
    }
    let program = definition.program.clone()?;
    if let Some(refusal) = definition.isolation.refusal(settings.offered) {
        return Err(refusal);
    }
    let workspace = Workspace::new(&settings.workers, agent_id, &task.id);
    let run = Run { attempt, fence: 1, agent_id: agent_id.to_owned(), workspace, task };
    let settings = Arc::new(settings);
    let spec = making::launch(&settings, &definition, program, &run, Vec::new()).await?;
    runner.launch(&spec).await.map_err(|error| error.to_string())?;
    let ending = tokio::select! {
        biased;
        ending = runner.wait(attempt) => ending,
        () = stop.cancelled() => {
            runner.stop(attempt, StopReason::Cancelled).await;
            runner.wait(attempt).await
        }
    };
    let ending = making::of_a_run(ending);
    let collected = making::collected(&settings, &run, &agent, &ending).await;
    Ok((ending, collected))
}
