//! The machine: folders, disk, store, isolation of agents, and whether a service runs.

use std::path::Path;

use orchestrator_core::wording::{figures, views::StatusView};

use super::Finding;
use crate::{
    adapters::process,
    cli::client::Client,
    cli::house,
    config::{Config, Surroundings},
};

/// Up to this size the store is looked through.
const EXAMINED: u64 = 512 << 20;

pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        [("state folder", &config.runtime_dir), ("workspaces", &config.workers_dir), ("logs", &config.logs_dir)]
            .into_iter()
            .filter_map(|(check, folder)| writable(check, folder))
            .collect();
    findings.push(disk(config));
    findings.extend(store(config).await);
    findings.push(service(config).await);
    findings.push(isolation().await);
    findings
}

/// Tells only of a folder that can't be written to.
fn writable(check: &str, folder: &Path) -> Option<Finding> {
    let tried = std::fs::create_dir_all(folder).and_then(|()| tempfile::Builder::new().prefix(".doctor").tempfile_in(folder));
    let error = tried.err()?;
    Some(
        Finding::broken(check, format!("{} can't be written to: {error}", folder.display()))
            .way_out("Give this account the folder, or use another root with --dir."),
    )
}

fn disk(config: &Config) -> Finding {
    let check = "disk";
    let space = match rustix::fs::statvfs(&config.root) {
        Ok(space) => space,
        Err(error) => return Finding::odd(check, format!("the free space at {} can't be told: {error}", config.root.display())),
    };
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    let low = config.limits.disk_low_water;
    let says = format!("{} free at {}", figures::bytes(free), config.root.display());
    if free < low {
        return Finding::broken(check, format!("{says}; nothing is started below {}", figures::bytes(low)))
            .way_out("Make room: old workspaces under workers/ are the usual cause. `disk_low_water_mb` is the bound.");
    }
    if free < low.saturating_mul(2) {
        return Finding::odd(check, format!("{says}; nothing is started below {}", figures::bytes(low)));
    }
    Finding::well(check, says)
}

/// The store, where there is one: it opens, and nothing in it is damaged.
async fn store(config: &Config) -> Option<Finding> {
    let check = "store";
    let path = house::database(config);
    let size = std::fs::metadata(&path).ok()?.len();
    if config.discord.is_err() {
        return None;
    }
    let store = match house::store(config) {
        Ok(store) => store,
        Err(failure) => return Some(Finding::broken(check, failure.message).way_out("`orchestrator restore` puts a backup in its place.")),
    };
    if size > EXAMINED {
        return Some(Finding::well(
            check,
            format!("{} ({}), opened; too large to be looked through here", path.display(), figures::bytes(size)),
        ));
    }
    let found = store.verify().await;
    store.close().await;
    Some(match found {
        Ok(()) => Finding::well(check, format!("{} ({}), undamaged", path.display(), figures::bytes(size))),
        Err(error) => Finding::broken(check, error.to_string()).way_out("`orchestrator restore` puts a backup in its place."),
    })
}

async fn service(config: &Config) -> Finding {
    let check = "service";
    match Client::of_service(config) {
        Ok(Some(client)) => match client.get::<StatusView>("/status").await {
            Ok(status) => {
                let mut told: Vec<String> = status.closed.into_iter().chain(status.troubles).collect();
                if told.is_empty() {
                    return Finding::well(check, format!("runs as process {}, version {}", status.pid, status.version));
                }
                told.insert(0, format!("runs as process {}.", status.pid));
                Finding::odd(check, told.join(" "))
            }
            Err(failure) => Finding::broken(check, failure.message).way_out("Restart it; running agents are found again."),
        },
        Ok(None) => Finding::well(check, "does not run at the moment; `orchestrator run` starts it"),
        Err(failure) => Finding::broken(check, failure.message),
    }
}

/// What ends agents' processes in the worst case, tried out.
pub(super) async fn isolation() -> Finding {
    let check = "isolation";
    let program = Surroundings::of_this_process().map(|around| around.this_program);
    let tried = tokio::task::spawn_blocking(move || program.and_then(|program| process::level(&program))).await;
    match tried {
        Ok(Ok(level)) if level.marker_scan => Finding::well(check, level.to_string()),
        Ok(Ok(level)) => {
            Finding::odd(check, level.to_string()).way_out("Run it as the account that owns the agents' processes, with /proc mounted.")
        }
        Ok(Err(error)) => Finding::odd(check, format!("could not be tried: {error}")),
        Err(error) => Finding::odd(check, format!("could not be tried: {error}")),
    }
}
