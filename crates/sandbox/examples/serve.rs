//! Serves a local Discord until it is interrupted: `cargo run -p orchestrator-sandbox --example serve -- 127.0.0.1:8787 discord-config.env`.

use std::{error::Error, path::Path};

use orchestrator_sandbox::{Options, Sandbox};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut options = Options::default();
    if let Some(listen) = arguments.next() {
        options.listen = listen.parse()?;
    }
    let discord = Sandbox::start(options).await?;
    if let Some(env_file) = arguments.next() {
        discord.write_env(Path::new(&env_file))?;
    }
    tokio::signal::ctrl_c().await?;
    discord.shutdown().await;
    Ok(())
}
