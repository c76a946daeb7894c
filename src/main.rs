//! The program.

use std::process::ExitCode;

use discord_orchestrator::{adapters::process, config, service};

fn main() -> ExitCode {
    // Before any runtime, thread or configuration: what follows forks, and must inherit nothing of them.
    if let Some(ended) = process::hidden_verb() {
        return ended;
    }
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let config = match config::load(&config::Flags::default()) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(1);
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let life = service::lifecycle::Lifecycle::default();
        let mut set = tokio::task::JoinSet::new();
        set.spawn(life.clone().obey_signals());
        if std::env::args().nth(1).as_deref() == Some("once") {
            match service::once(&config, life).await {
                Ok(n) => println!("{n} tasks"),
                Err(e) => {
                    eprintln!("{e}");
                    return ExitCode::from(1);
                }
            }
        } else if let Err(e) = service::run(&config, life).await {
            eprintln!("{e}");
            return ExitCode::from(1);
        }
        ExitCode::SUCCESS
    })
}
