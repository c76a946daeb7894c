//! `panic` and `resume`: everything stops, whatever else is dead; and goes on.

use std::time::Duration;

use clap::Args;
use orchestrator_core::{
    domain::id::TaskId,
    wording::views::{PauseAsk, Paused, StatusView},
};
use serde_json::{Value, json};

use super::{
    Context,
    client::Client,
    exit::{Exit, Failure},
    house,
};
use crate::{
    adapters::process::{self, Ended, How},
    config::{self, Config, Flags},
};

/// How long a service that hangs is waited for: ending agents must not wait for it.
const SERVICE_PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  orchestrator panic\n  orchestrator resume\n\nNothing more is started on any instance until `resume`. Works without a service: agents are found by their control files\nand by the marker in their environment."
)]
pub(super) struct PanicArgs {
    /// How long agents get to end by themselves before they are killed
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = super::given::duration)]
    grace: Duration,
}

pub(super) async fn run(context: &Context, args: PanicArgs) -> Result<Exit, Failure> {
    let config = match context.demonstration()? {
        // Also one that is dead: its agents may live.
        Some(folder) => config::load(&Flags { config_dir: Some(folder), ..Flags::default() })?,
        None => context.own_config()?,
    };
    // First the claims: what is ended must not be started anew.
    let paused = match tokio::time::timeout(SERVICE_PATIENCE, pause(&config)).await {
        Ok(paused) => paused,
        Err(_) => Err(Failure::new(Exit::Unreachable, format!("The service did not answer within {} s.", SERVICE_PATIENCE.as_secs()))),
    };
    let (runtime, grace) = (config.runtime_dir.clone(), args.grace);
    let ended = tokio::task::spawn_blocking(move || process::emergency(&runtime, grace)).await;
    let ended = ended.map_err(|error| Failure::of(Exit::Broken, &error))?;
    let ended = ended.map_err(|error| Failure::new(Exit::Broken, format!("The folder of attempts could not be read: {error}.")))?;

    // What the service was quicker to stop is told too.
    let by_service: Vec<&TaskId> =
        paused.iter().flatten().filter(|task| !ended.iter().any(|one| one.task.as_ref() == Some(*task))).collect();
    let told = json!({
        "paused": paused.is_ok(),
        "stopped_by_service": by_service,
        "pause_failed": paused.as_ref().err().map(|failure| failure.message.clone()),
        "ended": ended.iter().map(|one| json!({"attempt": one.attempt, "task": one.task, "how": how(one.how), "gone": is_gone(one.how)})).collect::<Vec<_>>(),
    });
    context.voice.result(&told, || words(paused.as_ref().err(), &by_service, &ended));
    let all_gone = ended.iter().all(|one| is_gone(one.how));
    Ok(if paused.is_ok() && all_gone { Exit::Done } else { Exit::Broken })
}

/// Stops claims, and lets a service that lives stop its agents; gives the tasks that ran.
async fn pause(config: &Config) -> Result<Vec<TaskId>, Failure> {
    // Without a store nothing was ever claimed, and a service that is started later begins with none.
    if !house::database(config).exists() && Client::of_service(config)?.is_none() {
        return Ok(Vec::new());
    }
    let client = Client::find(config)?;
    let before: StatusView = client.get("/status").await?;
    let _paused: Paused = client.post("/pause", &PauseAsk { stop_running: true }).await?;
    let service = client.service;
    client.close().await;
    let ran = before.running.into_iter().filter(|task| task.started_at.is_some()).map(|task| task.id);
    Ok(if service { ran.collect() } else { Vec::new() })
}

fn words(pause_failed: Option<&Failure>, by_service: &[&TaskId], ended: &[Ended]) -> String {
    let mut lines = vec![match pause_failed {
        None => "Paused: nothing more is started until `orchestrator resume`.".to_owned(),
        Some(failure) => format!("NOT PAUSED: {} A service that is started again goes on with what waits.", failure.message),
    }];
    lines.extend(by_service.iter().map(|task| format!("task {task}: stopped by the service")));
    if ended.is_empty() && by_service.is_empty() {
        lines.push("No agent was running.".to_owned());
    }
    lines.extend(ended.iter().map(|one| {
        let task = one.task.as_ref().map_or_else(|| one.attempt.to_string(), |task| format!("task {task} ({})", one.attempt));
        format!("{task}: {}", how(one.how))
    }));
    lines.join("\n")
}

fn how(how: How) -> String {
    match how {
        How::Asked => "ended when it was asked to".to_owned(),
        How::Killed => "killed".to_owned(),
        How::AttendantKilled { found } => {
            format!("killed with its attendant, which did not answer; {found} processes were found by their marker")
        }
        How::LeftOver { found } => format!("{found} left-over processes were found by their marker and killed"),
        How::OutOfReach => "runs in another container and can't be ended from here: stop that container".to_owned(),
    }
}

fn is_gone(how: How) -> bool {
    match how {
        How::Asked | How::Killed | How::AttendantKilled { .. } | How::LeftOver { .. } => true,
        How::OutOfReach => false,
    }
}

pub(super) async fn resume(context: &Context) -> Result<Exit, Failure> {
    let client = Client::find_to_look(&context.config()?)?;
    let told: Value = client.post("/resume", &json!({})).await?;
    let service = client.service;
    client.close().await;
    context.voice.result(&told, || "Tasks are started again.".to_owned());
    if !service {
        context.voice.note("No service runs: `orchestrator run` starts one.");
    }
    Ok(Exit::Done)
}
