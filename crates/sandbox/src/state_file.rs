//! Keeps the world in a file between runs, and the attachments in a folder beside it.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{env_file::private_file, hub::Hub, world::World, world::snowflake::Snowflake};

/// How long changes are gathered before they are written.
const GATHER: Duration = Duration::from_millis(200);

/// The state file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It is there but can't be read.
    #[error("could not read the state file {path}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It is not what this version writes.
    #[error("{path} is no state of a local Discord of this version; move it away to begin a new world", path = path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

/// Reads a world; `None` if there is no file yet.
pub(crate) fn load(path: &Path) -> Result<Option<World>, StateError> {
    let read = |source| StateError::Read { path: path.to_owned(), source };
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(read(error)),
    };
    let format = |source| StateError::Format { path: path.to_owned(), source };
    let mut state: Value = serde_json::from_slice(&bytes).map_err(format)?;
    bring_up_to_date(&mut state);
    let mut world: World = serde_json::from_value(state).map_err(format)?;
    for id in world.attachments().collect::<Vec<_>>() {
        match fs::read(files_folder(path).join(id.to_string())) {
            Ok(bytes) => world.restore_file(id, bytes),
            Err(error) => tracing::warn!(%error, attachment = %id, "the attachment {id} is missing from the folder beside the state file"),
        }
    }
    Ok(Some(world))
}

/// Worlds of earlier versions had one guild, to which all channels belonged.
fn bring_up_to_date(state: &mut Value) {
    let Some(world) = state.as_object_mut() else { return };
    let Some(mut guild) = world.remove("guild") else { return };
    let id = guild["id"].clone();
    guild["former_members"] = world.remove("former_members").unwrap_or_else(|| json!({}));
    for channel in world.get_mut("channels").and_then(Value::as_object_mut).into_iter().flat_map(serde_json::Map::values_mut) {
        channel["guild"] = id.clone();
    }
    let key = id.as_str().unwrap_or_default();
    world.insert("guilds".to_owned(), json!({ key: guild }));
}

/// Writes the world after every change, gathered for a moment, and once more at the end.
pub(crate) async fn keep(hub: Arc<Hub>, path: PathBuf, stop: CancellationToken) {
    let (mut changes, mut saved) = (hub.world_changes(), BTreeSet::new());
    loop {
        changes.borrow_and_update();
        let snapshot = hub.read(World::clone);
        let target = path.clone();
        let known = std::mem::take(&mut saved);
        let written = tokio::task::spawn_blocking(move || save(&snapshot, &target, &known)).await;
        match written {
            Ok(Ok(now_saved)) => saved = now_saved,
            Ok(Err(error)) => tracing::warn!(%error, "the world could not be written to {}", path.display()),
            Err(error) => tracing::warn!(%error, "writing the world broke off"),
        }
        if stop.is_cancelled() {
            return;
        }
        // Both branches are cancel safe; a stop leads to one more round.
        tokio::select! {
            () = stop.cancelled() => {}
            told = changes.changed() => if told.is_ok() {
                tokio::select! { () = stop.cancelled() => {} () = tokio::time::sleep(GATHER) => {} }
            },
        }
    }
}

/// Writes new attachments, then the world in one step, then removes attachments that are gone; gives the attachments that are there now.
fn save(world: &World, path: &Path, saved: &BTreeSet<Snowflake>) -> io::Result<BTreeSet<Snowflake>> {
    let folder = files_folder(path);
    fs::create_dir_all(&folder)?;
    let wanted: BTreeSet<Snowflake> = world.attachments().collect();
    for id in wanted.difference(saved) {
        let target = folder.join(id.to_string());
        if let Some(bytes) = world.file(*id).filter(|_| !target.exists()) {
            write_whole(&target, &bytes)?;
        }
    }
    write_whole(path, &serde_json::to_vec(world)?)?;
    for id in saved.difference(&wanted) {
        fs::remove_file(folder.join(id.to_string()))?;
    }
    Ok(wanted)
}

/// Writes a file so that it is there whole or not at all, for its owner only: it holds tokens.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = with_suffix(path, ".new");
    let mut file = private_file(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(new, path)
}

fn files_folder(path: &Path) -> PathBuf {
    with_suffix(path, ".files")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
