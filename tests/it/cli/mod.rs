//! The command line, through the real binary: what it prints, how it ends, what of it stands in Discord.

mod config;
mod control;
mod cost;
mod doctor;
mod following;
mod scripts;
mod setup;
mod socket;
mod submit;

use std::{
    ffi::OsStr,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use orchestrator_sandbox::world::snowflake::Snowflake;
use serde_json::Value;

use crate::world::{PATIENCE, World};

/// A command that runs beside the test, so that the local Discord goes on.
async fn run(world: &World, args: &[&str]) -> (i32, String, String) {
    let mut command = world.command(args);
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("the wait does not break").expect("the binary starts");
    ended(&output)
}

/// The same with variables of its own.
async fn run_with(world: &World, variables: &[(&str, &str)], args: &[&str]) -> (i32, String, String) {
    let mut command = world.command(args);
    command.envs(variables.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("the wait does not break").expect("the binary starts");
    ended(&output)
}

/// Waits until a task is as it should be, by its details as JSON.
async fn until(world: &World, task: Snowflake, is_so: impl Fn(&Value) -> bool) {
    let since = Instant::now();
    loop {
        let (code, out, err) = run(world, &["status", &task.to_string(), "--json"]).await;
        if code == 0 && is_so(&serde_json::from_str(&out).expect("JSON")) {
            return;
        }
        assert!(since.elapsed() < PATIENCE, "{task} did not become what it should: {out}{err}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

/// A program that is no agent: the binary itself, a script, a tool that looks at scripts.
#[expect(clippy::disallowed_methods, reason = "a person starts scripts too")]
fn program(path: impl AsRef<OsStr>) -> Command {
    Command::new(path)
}

fn ended(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

/// A command that goes on while the test does something else.
fn start(world: &World, args: &[&str]) -> Child {
    world.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts")
}

async fn end_of(child: Child) -> (i32, String, String) {
    let ended_by = tokio::task::spawn_blocking(move || child.wait_with_output());
    let output = tokio::time::timeout(Duration::from_secs(60), ended_by).await.expect("it ends in time").expect("the wait does not break");
    ended(&output.expect("it is waited for"))
}
