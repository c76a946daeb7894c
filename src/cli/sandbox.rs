//! `sandbox`: the local Discord alone.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use clap::Args;
use orchestrator_sandbox::{Demand, Limits, Options, Sandbox};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use super::{
    Chattiness, Context,
    exit::{Exit, Failure},
};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  orchestrator sandbox --write-env discord-config.env\n  orchestrator sandbox --listen 127.0.0.1:9000 --limits off --state world.json\n  orchestrator sandbox --trouble trouble.json --trouble-seed 7 --trouble-rate 0.1\n\nWhoever can reach the address can read every token in there and act as anybody."
)]
pub(super) struct SandboxArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8765")]
    listen: SocketAddr,
    /// Write the settings with which a bot finds it into this file
    #[arg(long, value_name = "FILE")]
    write_env: Option<PathBuf>,
    /// Whether Discord's rate limits hold: `discord`, `discord/10` (every window ten times shorter) or `off`
    #[arg(long, value_name = "KIND", default_value = "discord")]
    limits: Limits,
    /// Make the trouble that this JSON file asks for: one demand, or a list, as for `POST /sandbox/trouble`
    #[arg(long, value_name = "FILE")]
    trouble: Option<PathBuf>,
    /// Let a storm of passing trouble blow, drawn from this seed: the same seed, the same fates
    #[arg(long, value_name = "N")]
    trouble_seed: Option<u64>,
    /// The share of requests that meet the storm, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.1, requires = "trouble_seed", value_parser = share)]
    trouble_rate: f64,
    /// Keep its world in this file, between runs
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

fn share(given: &str) -> Result<f64, String> {
    given.parse().ok().filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| "it is a number from 0 to 1".to_owned())
}

/// The demands of `--trouble`, read before anything is started.
fn script(path: &Path) -> Result<Vec<Demand>, Failure> {
    let unreadable = |reason: String| Failure::new(Exit::Usage, format!("{} can't be used: {reason}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    Demand::read_script(&text).map_err(|error| unreadable(error.to_string()))
}

pub(super) async fn run(context: &Context, args: SandboxArgs) -> Result<Exit, Failure> {
    context.log(Chattiness::Service, None)?;
    let demands = args.trouble.as_deref().map(script).transpose()?.unwrap_or_default();
    let options = Options { listen: args.listen, limits: args.limits, state: args.state, ..Options::default() };
    let failed = |error: &(dyn std::error::Error + 'static)| Failure::of(Exit::Broken, error);
    // Listened for before anything is printed: whoever reads that may end it at once.
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| failed(&error))?;
    let discord = Sandbox::start(options).await.map_err(|error| failed(&error))?;
    if let Some(path) = &args.write_env {
        discord.write_env(path).map_err(|error| failed(&error))?;
    }
    for demand in demands {
        discord.make_trouble(demand);
    }
    if let Some(seed) = args.trouble_seed {
        discord.trouble_storm(seed, args.trouble_rate);
    }
    let told = json!({"url": discord.base_url(), "gateway": discord.gateway_url(), "env_file": args.write_env});
    context.voice.result(&told, || {
        let mut lines = vec![format!("The local Discord is at {}. Open it in a browser; Ctrl-C ends it.", discord.base_url())];
        if let Some(path) = &args.write_env {
            lines.push(format!("A bot finds it with {}.", path.display()));
        }
        lines.join("\n")
    });
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    discord.shutdown().await;
    Ok(Exit::Done)
}
