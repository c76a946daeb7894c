//! Agents that have a folder of their own below the root: `agents/<name>/` with an `agent.json`, an `AGENTS.md`, or both.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use orchestrator_core::domain::agent::AgentName;

use super::{
    Config,
    agent_section::RawAgent,
    complaint::Complaint,
    own_file::{self, OwnFile},
    provenance::{Setting, Source},
    text_file,
};

/// The folder below the root in which each agent may have one of its own.
pub(super) const FOLDER: &str = "agents";
/// The definition in it.
const DEFINITION: &str = "agent.json";
/// The instructions in it.
const INSTRUCTIONS: &str = "AGENTS.md";

/// What an agent's own folder holds.
pub(super) struct OwnFolder {
    pub(super) file: OwnFile<RawAgent>,
    pub(super) instructions: Option<String>,
}

/// The folders of agents, by their names. What is hidden, and what holds nothing of an agent, is passed over.
pub(super) fn read(root: &Path, faults: &mut Vec<Complaint>) -> BTreeMap<String, OwnFolder> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(root.join(FOLDER)).into_iter().flatten().filter_map(Result::ok) {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let holds = |file: &str| path.join(file).symlink_metadata().is_ok();
        if name.starts_with('.') || !path.is_dir() || !(holds(DEFINITION) || holds(INSTRUCTIONS)) {
            continue;
        }
        if let Err(error) = name.parse::<AgentName>() {
            let place: String = path.display().to_string().chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
            let complaint = Complaint::of_file(place, format!("a folder has the name of its agent, and {error}"));
            faults.push(complaint.way_out("Rename it; one whose name begins with a dot is passed over."));
            continue;
        }
        let file = own_file::read_alone::<RawAgent>(&path.join(DEFINITION), faults);
        let instructions = text_file::read(&path.join(INSTRUCTIONS)).unwrap_or_else(|complaint| {
            faults.push(complaint);
            None
        });
        found.insert(name, OwnFolder { file, instructions });
    }
    found
}

/// The names of all secrets that the folders' definitions name.
pub(super) fn secrets(folders: &BTreeMap<String, OwnFolder>) -> impl Iterator<Item = String> {
    folders.values().flat_map(|folder| folder.file.raw.secrets.iter().flatten().cloned())
}

/// What the folders say, as settings, but for what `above` says of the same agents: `env` and `files` count entry by entry, all else key by key.
pub(super) fn settings(folders: &BTreeMap<String, OwnFolder>, above: &[Setting]) -> Vec<Setting> {
    let known: BTreeSet<&str> = above.iter().map(|setting| setting.key.as_str()).collect();
    let is_told = |agent: &str, key: &str| {
        let path = format!("{agent}.{key}");
        let top = key.split('.').next().unwrap_or(key);
        let whole = format!("{agent}.{top}");
        match top {
            "env" | "files" => known.contains(path.as_str()),
            _ => known.iter().any(|known| *known == whole || known.strip_prefix(&whole).is_some_and(|rest| rest.starts_with('.'))),
        }
    };
    let mut found = Vec::new();
    for (name, folder) in folders {
        let agent = format!("{FOLDER}.{name}");
        let own = folder.file.settings_below(&agent);
        found.extend(own.into_iter().filter(|setting| {
            let key = setting.key.strip_prefix(&agent).and_then(|rest| rest.strip_prefix('.'));
            key.is_none_or(|key| !is_told(&agent, key))
        }));
    }
    found
}

/// Whether a complaint is about a certain agent's definition, wherever that stands.
pub fn is_about_agent(complaint: &Complaint, name: &str) -> bool {
    complaint.key.starts_with(&format!("{FOLDER}.{name}.")) || complaint.place.contains(&format!("/{FOLDER}/{name}/{DEFINITION}"))
}

/// The files and other places that say something of an agent, in the order of their keys; none for one that is as it is built in.
pub fn places_of_agent(config: &Config, name: &str) -> Vec<String> {
    let below = format!("{FOLDER}.{name}.");
    let mut places: Vec<String> = Vec::new();
    for setting in config.settings.iter().filter(|setting| setting.key.starts_with(&below)) {
        let place = match &setting.from {
            Source::File { path, .. } => path.display().to_string(),
            other => other.to_string(),
        };
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}
