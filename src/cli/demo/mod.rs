//! `demo`: a local Discord, a bot and an agent in one process.

mod guide;

use std::{
    fs, io,
    net::SocketAddr,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
};

use clap::Args;
use orchestrator_sandbox::{Options, Sandbox, StartError};
use serde_json::json;

use super::{
    Chattiness, Context,
    exit::{Exit, Failure},
    house,
};
use crate::{
    config::{self, Config, Flags},
    service::lifecycle::{Drain, NotAlone, OnlyOne},
    surfaces::http::socket,
};

/// Where everything of the demonstration is, below the folder that it is started in: nothing of it touches a real configuration.
const FOLDER: &str = ".runtime/demo";
/// The models of the demonstration: the shipped example, whose key is not filled in.
const MODELS: &str = include_str!("../../../openclaw-example.json");

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  orchestrator demo\n  orchestrator demo --listen 127.0.0.1:9000\n\nWhile it runs, in another terminal and the same folder:\n  orchestrator submit \"Write a haiku\" --wait\n  orchestrator status"
)]
pub(super) struct DemoArgs {
    /// Where the local Discord and its page listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8765")]
    pub(super) listen: SocketAddr,
    /// Use this agent instead of the best one that is found
    #[arg(long, value_name = "NAME")]
    pub(super) agent: Option<String>,
    /// Keep the local Discord's world in this file [default: .runtime/demo/world.json]
    #[arg(long, value_name = "FILE")]
    pub(super) state: Option<PathBuf>,
}

pub(super) async fn run(context: &Context, args: DemoArgs) -> Result<Exit, Failure> {
    let root = context.global.dir.clone().unwrap_or_default();
    let folder = root.join(FOLDER);
    let _alone = alone(&folder)?;
    let made = fs::create_dir_all(&folder).and_then(|()| fs::write(folder.join("openclaw.json"), MODELS));
    made.map_err(|error| Failure::new(Exit::Broken, format!("{} could not be written: {error}", folder.display())))?;

    let state = args.state.clone().unwrap_or_else(|| folder.join("world.json"));
    let discord = start(args.listen, state).await?;
    discord.write_env(&folder.join("discord-config.env")).map_err(|error| Failure::of(Exit::Broken, &error))?;
    let config = configuration(context, &folder, args.agent.as_deref())?;
    context.log(Chattiness::Service, Some(&config))?;

    let agents: Vec<_> = config.programs.iter().map(|program| json!({"name": program.name, "path": program.path})).collect();
    let told = json!({"url": discord.base_url(), "folder": folder, "agent": config.agents.default, "found": agents});
    context.voice.result(&told, || introduction(&discord, &config, &folder));
    let ended = Box::pin(house::run(&config, Drain::of(&config))).await;
    discord.shutdown().await;
    ended
}

/// Makes sure that no other demonstration runs in the folder: two would write the same world and the same env file.
fn alone(folder: &Path) -> Result<OnlyOne, Failure> {
    OnlyOne::take(folder).map_err(|error| match error {
        NotAlone::Held { process, .. } => {
            let env = fs::read_to_string(folder.join("discord-config.env")).unwrap_or_default();
            let at = env.lines().find_map(|line| line.strip_prefix("DISCORD_API_BASE=")).unwrap_or("an address that is not known");
            let text = format!("a demonstration runs in {} already: open {at}, or end it first (process {process})", folder.display());
            Failure::new(Exit::Refused, text)
        }
        NotAlone::Io { .. } => Failure::of(Exit::Broken, &error),
    })
}

/// Starts the local Discord; where its usual address is taken, on a free one.
async fn start(listen: SocketAddr, state: PathBuf) -> Result<Sandbox, Failure> {
    let options = Options { listen, state: Some(state), guide: Some(guide::first_task()), ..Options::default() };
    let failed = |error: StartError| Failure::of(Exit::Broken, &error);
    match Sandbox::start(options.clone()).await {
        Err(StartError::Listen { source, .. }) if source.kind() == io::ErrorKind::AddrInUse => {
            Sandbox::start(Options { listen: SocketAddr::new(listen.ip(), 0), ..options }).await.map_err(failed)
        }
        started => started.map_err(failed),
    }
}

/// The demonstration's configuration: the agent that was asked for, else a model where a key is there, else the demonstration agent.
fn configuration(context: &Context, folder: &Path, agent: Option<&str>) -> Result<Config, Failure> {
    let flags = |agent: &str| {
        // Whoever tries it wants to see something; what he sets himself comes later, and counts.
        let mut set = vec!["cards.show=live".to_owned(), "agents.demo.env.ORCH_THINKING={thinking}".to_owned()];
        set.extend(context.global.set.iter().cloned());
        set.push(format!("default_agent={agent}"));
        Flags { config_dir: Some(folder.to_owned()), set, ..Flags::default() }
    };
    if let Some(agent) = agent {
        return Ok(config::load(&flags(agent))?);
    }
    let config = config::load(&flags("chat"))?;
    let model = config.agents.get(&config.agents.default).is_some_and(|chat| chat.program.is_ok());
    if model { Ok(config) } else { Ok(config::load(&flags("demo"))?) }
}

fn introduction(discord: &Sandbox, config: &Config, folder: &Path) -> String {
    let folder = folder.display();
    let mut lines = vec![
        String::new(),
        format!("  A local Discord is at {}", discord.base_url()),
        "  Open it: a guide leads through a first task. Or go to #task-queue and write one, for example:".to_owned(),
        String::new(),
        format!("      {}", guide::FIRST_TASK),
        String::new(),
        "  Watch it being claimed (✅), run by an agent process, and answered in #results with tokens and cost.".to_owned(),
        format!("  Or from another terminal, in this folder:  {} submit \"Write a haiku\" --wait", as_called()),
        String::new(),
    ];
    lines.push(match config.agents.default.as_str() {
        "demo" => "  Agent: `demo`, a demonstration: it works on your text for a few seconds and asks no model (0 tokens, $0).".to_owned(),
        other => format!("  Agent: `{other}`."),
    });
    if config.agents.default.as_str() == "demo" {
        lines.push("  With OPENROUTER_API_KEY (or LLM_BASE_URL) in the environment a model really answers.".to_owned());
    }
    if config.programs.is_empty() {
        lines.push("  No other agent program (openclaw, claude, codex, opencode, gemini, pi) was found on this machine.".to_owned());
    } else {
        let found: Vec<String> = config.programs.iter().map(|program| format!("{} ({})", program.name, program.path.display())).collect();
        lines.push(format!("  Found on this machine: {}.", found.join(", ")));
        lines.push(format!("  To use one, define it under `agents` in {folder}/orchestrator_config.json and start with --agent NAME;"));
        lines.push("  OpenClaw needs no definition: --agent openclaw-exec.".to_owned());
    }
    lines.push(format!("  Ctrl-C ends it. What it keeps is in {folder}; removing that folder begins anew."));
    lines.push(String::new());
    lines.join("\n")
}

/// This program as it was called, so that what is shown can be copied: after `cargo run` it is not in the path.
fn as_called() -> String {
    std::env::args_os().next().and_then(|name| name.into_string().ok()).unwrap_or_else(|| "orchestrator".to_owned())
}

/// The demonstration's folder, if one has left its env file below `root`.
pub(super) fn left_in(root: &Path) -> Option<PathBuf> {
    let folder = root.join(FOLDER);
    folder.join("discord-config.env").is_file().then_some(folder)
}

/// Whether a demonstration runs in its folder.
pub(super) fn runs_in(folder: &Path) -> bool {
    UnixStream::connect(socket::path_in(&folder.join(".runtime"))).is_ok()
}
