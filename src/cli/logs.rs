//! `logs`: what a task's agent has said, or the service's own log.

use std::{fs::File, io::Read as _, os::unix::fs::MetadataExt as _, path::Path, time::Duration};

use clap::Args;
use futures_util::StreamExt as _;
use orchestrator_core::wording::views::LogChunk;

use super::{
    Context,
    client::Client,
    exit::{Exit, Failure},
    status,
};
use crate::telemetry;

/// How often the service's log is looked at while it is followed.
const LOOK: Duration = Duration::from_millis(250);

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  orchestrator logs 1443021398234771496\n  orchestrator logs -f 1443021398234771496\n  orchestrator logs --service -f"
)]
pub(super) struct LogsArgs {
    /// The task
    #[arg(required_unless_present = "service")]
    id: Option<String>,
    /// The service's own log instead
    #[arg(long, conflicts_with_all = ["id", "attempt"])]
    service: bool,
    /// Go on until the attempt has ended
    #[arg(short, long)]
    follow: bool,
    /// Begin with the last lines
    #[arg(long, value_name = "LINES")]
    tail: Option<usize>,
    /// Of this attempt instead of the latest
    #[arg(long, value_name = "NUMBER")]
    attempt: Option<u32>,
}

pub(super) async fn run(context: &Context, args: LogsArgs) -> Result<Exit, Failure> {
    let config = context.config()?;
    let Some(id) = &args.id else {
        return of_service(context, &config.logs_dir.join(telemetry::FILE), &args).await;
    };
    let id = status::in_path(id)?;
    let client = Client::find_to_look(&config)?;
    let attempt = args.attempt.map_or_else(String::new, |number| format!("&attempt={number}"));
    let tail = args.tail.map_or_else(String::new, |lines| format!("&tail={lines}"));
    if args.follow {
        let response = client.stream(&format!("/tasks/{id}/log?follow=true{attempt}{tail}")).await?;
        let mut parts = response.bytes_stream();
        while let Some(part) = parts.next().await {
            let part = part.map_err(|error| Failure::of(Exit::Unreachable, &error))?;
            context.voice.foreign(&String::from_utf8_lossy(&part));
        }
        client.close().await;
        return Ok(Exit::Done);
    }
    let mut chunk: LogChunk = client.get(&format!("/tasks/{id}/log?follow=false{attempt}{tail}")).await?;
    if context.voice.json {
        context.voice.result(&chunk, String::new);
    } else {
        while !chunk.text.is_empty() {
            context.voice.foreign(&chunk.text);
            chunk = client.get(&format!("/tasks/{id}/log?follow=false&attempt={}&from={}", chunk.attempt, chunk.next)).await?;
        }
    }
    client.close().await;
    Ok(Exit::Done)
}

/// The service's log, from its file: it is there when the service is not.
async fn of_service(context: &Context, path: &Path, args: &LogsArgs) -> Result<Exit, Failure> {
    let missing =
        |error: std::io::Error| Failure::new(Exit::NotFound, format!("The service's log {} could not be read: {error}.", path.display()));
    let mut file = File::open(path).map_err(missing)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(missing)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let skipped = args.tail.map_or(0, |tail| lines.len().saturating_sub(tail));
    context.voice.foreign(&lines[skipped..].concat());
    if !args.follow {
        return Ok(Exit::Done);
    }
    loop {
        tokio::time::sleep(LOOK).await;
        bytes.clear();
        file.read_to_end(&mut bytes).map_err(missing)?;
        context.voice.foreign(&String::from_utf8_lossy(&bytes));
        // Put aside at its bound: the name is another file's now.
        let is_another = |path: &Path, file: &File| Some(std::fs::metadata(path).ok()?.ino() != file.metadata().ok()?.ino());
        if bytes.is_empty() && is_another(path, &file) == Some(true) {
            file = File::open(path).map_err(missing)?;
        }
    }
}
