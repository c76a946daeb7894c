//! Writes the `discord-config.env` with which a bot finds this world.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::world::World;

/// The env file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("could not write the env file {path}; choose a place that can be written to", path = path.display())]
pub struct WriteEnvError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// The settings, one a line: the first bot's token, those of the next three as workers', the channels, the guild and where it all is.
pub(crate) fn contents(world: &World, base_url: &str) -> String {
    let mut lines = vec![
        "# Written by the local Discord: these tokens are good there and nowhere else.".to_owned(),
        format!("DISCORD_API_BASE={base_url}"),
        format!("GUILD_ID={}", world.guild().id),
    ];
    let names = ["ORCHESTRATOR_AGENT_TOKEN", "WORKER1_TOKEN", "WORKER2_TOKEN", "WORKER3_TOKEN"];
    lines.extend(names.into_iter().zip(world.users().filter(|user| user.bot)).map(|(name, bot)| format!("{name}={}", bot.token)));
    for (name, channel) in [("TASK_QUEUE_CHANNEL", "task-queue"), ("RESULTS_CHANNEL", "results"), ("WORKER_POOL_CHANNEL", "worker-pool")] {
        lines.extend(world.channel_named(channel).map(|channel| format!("{name}={}", channel.id)));
    }
    // The owner's, who may do everything.
    lines.extend(world.user(world.guild().owner).map(|person| format!("SANDBOX_HUMAN_TOKEN={}", person.token)));
    lines.push(String::new());
    lines.join("\n")
}

/// Writes the file so that only its owner can read it, in one step.
pub(crate) fn write(path: &Path, contents: &str) -> Result<(), WriteEnvError> {
    let failed = |source| WriteEnvError { path: path.to_owned(), source };
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let written = private_file(&new).and_then(|mut file| file.write_all(contents.as_bytes()).and_then(|()| file.sync_all()));
    written.and_then(|()| std::fs::rename(&new, path)).map_err(failed)
}

/// An empty file that only its owner can read.
pub(crate) fn private_file(path: &Path) -> io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // A file that was there before keeps its mode, so it is set again.
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(file)
}
