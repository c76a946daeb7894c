//! What agents may reach and take, as a person writes it: of one agent, and for all that say nothing of it.

use std::path::{Path, PathBuf};

use orchestrator_core::domain::{
    agent::Home,
    hosts::{Host, Hosts, MOST_OF_THIS_MACHINE},
    isolation::{FileSystem, Isolation, Network},
};
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;

use super::{agent_checks::Layer, agent_section::RawAgent, complaint::Complaint, own_file::OwnFile};

/// For agents that say nothing of it themselves.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawIsolation {
    pub(super) file_system: Option<RawFileSystem>,
    pub(super) network: Option<RawNetwork>,
    pub(super) unix_sockets: Option<bool>,
    pub(super) memory_mb: Option<u64>,
    pub(super) processes: Option<u32>,
    pub(super) disk_mb: Option<u64>,
    pub(super) required: Option<bool>,
}

/// Which files an agent reaches.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawFileSystem {
    Full,
    Workspace,
}

/// Which network an agent reaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawNetwork {
    All,
    None,
    /// Each as it is written: what is no host is complained of where its place is known.
    Hosts(Vec<String>),
}

impl<'de> Deserialize<'de> for RawNetwork {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = || de::Error::custom("expected \"all\", \"none\" or {\"hosts\": [\"api.example.org\", …]}");
        match Value::deserialize(deserializer)? {
            Value::String(word) if word == "all" => Ok(Self::All),
            Value::String(word) if word == "none" => Ok(Self::None),
            Value::Object(mut keys) => match (keys.remove("hosts"), keys.is_empty()) {
                (Some(hosts), true) => serde_json::from_value(hosts).map(Self::Hosts).map_err(|_| wrong()),
                _ => Err(wrong()),
            },
            _ => Err(wrong()),
        }
    }
}

/// The least memory that a bound may leave, in MiB: no interpreter starts with less.
const LEAST_MEMORY: u64 = 16;

/// What one agent may reach and take: what its own layers say, else what is said for all, else what is built in. `raw`: its layers over the
/// built-in one.
pub(super) fn of(raw: &RawAgent, layers: &[Layer<'_>], (own, root, user): (&OwnFile, &Path, Option<&str>)) -> Isolation {
    let all = &own.raw.isolation;
    let said = |key: fn(&RawAgent) -> bool| layers.iter().any(|layer| key(layer.raw));
    let file_system = if said(|raw| raw.file_system.is_some()) { raw.file_system } else { all.file_system.or(raw.file_system) };
    let network =
        if said(|raw| raw.network.is_some()) { &raw.network } else { all.network.as_ref().map_or(&raw.network, |_| &all.network) };
    let paths = |given: &Option<Vec<String>>| given.iter().flatten().map(|path| absolute(path, root, user)).collect();
    Isolation {
        file_system: match file_system {
            None | Some(RawFileSystem::Full) => FileSystem::Full,
            Some(RawFileSystem::Workspace) => FileSystem::Workspace,
        },
        read: paths(&raw.read),
        write: paths(&raw.write),
        network: match network {
            None | Some(RawNetwork::All) => Network::All,
            Some(RawNetwork::None) => Network::None,
            // One that is no host is a fault of its own, and nothing is started with it.
            Some(RawNetwork::Hosts(given)) => Network::Hosts(Hosts(given.iter().filter_map(|host| host.parse().ok()).collect())),
        },
        no_unix_sockets: !raw.unix_sockets.or(all.unix_sockets).unwrap_or(true),
        memory: raw.memory_mb.or(all.memory_mb).map(|mib| mib.saturating_mul(1 << 20)),
        processes: raw.processes.or(all.processes),
        disk: raw.disk_mb.or(all.disk_mb).map(|mib| mib.saturating_mul(1 << 20)),
        elsewhere: false,
        required: raw.isolation_required.or(all.required).unwrap_or(false),
    }
}

/// A path as it is written: absolute, below the account's home, or relative to the root folder.
fn absolute(path: &str, root: &Path, home: Option<&str>) -> PathBuf {
    match (path.strip_prefix("~/"), home) {
        (Some(below), Some(home)) => Path::new(home).join(below),
        _ => root.join(path),
    }
}

/// Checks what a person wrote of one agent.
pub(super) fn check(layer: &Layer<'_>, made: &Isolation, home: Home, faults: &mut Vec<Complaint>, warnings: &mut Vec<Complaint>) {
    let raw = layer.raw;
    check_paths_and_bounds(layer, faults);
    for (key, paths) in [("read", &raw.read), ("write", &raw.write)] {
        if paths.is_some() && made.file_system == FileSystem::Full {
            let rule = "it names what an agent reaches besides its workspace, and this one reaches everything, but in tasks with `[isolation:workspace]`";
            let complaint = layer.complaint(key, rule);
            warnings.push(complaint.way_out("Set `file_system` to \"workspace\"."));
        }
    }
    if matches!(raw.file_system, Some(RawFileSystem::Workspace)) && home == Home::User {
        let complaint = layer.complaint("file_system", "the HOME of this account is shut to an agent with `file_system: workspace`");
        warnings.push(complaint.way_out("Set `home` to \"own\", or name what it needs of it in `read` or `write`."));
    }
}

/// The part of it that does not depend on what else is said of the agent.
pub(super) fn check_paths_and_bounds(layer: &Layer<'_>, faults: &mut Vec<Complaint>) {
    let raw = layer.raw;
    bounds((raw.memory_mb, raw.processes, raw.disk_mb), |key, rule| layer.complaint(key, rule), faults);
    hosts(raw.network.as_ref(), |key, rule| layer.complaint(key, rule), faults);
    for (key, paths) in [("read", &raw.read), ("write", &raw.write)] {
        for (index, path) in paths.iter().flatten().enumerate().filter(|(_, path)| path.trim().is_empty() || path.contains(['\0', '{'])) {
            let rule = "it must be a path: absolute, below ~/, or relative to the root folder; placeholders are not filled in";
            faults.push(layer.complaint(&format!("{key}[{index}]"), rule).given(path));
        }
    }
}

/// Checks what is said for all agents.
pub(super) fn check_all(own: &OwnFile, faults: &mut Vec<Complaint>) {
    let all = &own.raw.isolation;
    let complaint = |key: &str, rule: &str| own.complaint(&format!("isolation.{key}"), rule);
    bounds((all.memory_mb, all.processes, all.disk_mb), complaint, faults);
    hosts(all.network.as_ref(), complaint, faults);
}

fn hosts(network: Option<&RawNetwork>, complaint: impl Fn(&str, &str) -> Complaint, faults: &mut Vec<Complaint>) {
    let Some(RawNetwork::Hosts(given)) = network else { return };
    if given.is_empty() {
        faults.push(complaint("network.hosts", "it must name a host").way_out("`network: \"none\"` shuts every host out."));
    }
    for (index, host) in given.iter().enumerate() {
        if let Err(error) = host.parse::<Host>() {
            faults.push(complaint(&format!("network.hosts[{index}]"), &error.to_string()).given(host));
        }
    }
    let of_this_machine = Hosts(given.iter().filter_map(|host| host.parse().ok()).collect()).of_this_machine().len();
    if of_this_machine > MOST_OF_THIS_MACHINE {
        let rule = format!(
            "it may name {MOST_OF_THIS_MACHINE} ports of this machine itself, and these are {of_this_machine} (`localhost` is two addresses)"
        );
        faults.push(complaint("network.hosts", &rule));
    }
}

fn bounds(
    (memory, processes, disk): (Option<u64>, Option<u32>, Option<u64>),
    complaint: impl Fn(&str, &str) -> Complaint,
    faults: &mut Vec<Complaint>,
) {
    if let Some(mib) = memory.filter(|mib| *mib < LEAST_MEMORY) {
        let rule = format!("it must be at least {LEAST_MEMORY}");
        faults.push(complaint("memory_mb", &rule).given(&mib.to_string()).way_out("Leave it out for no bound."));
    }
    for key in [(processes == Some(0)).then_some("processes"), (disk == Some(0)).then_some("disk_mb")].into_iter().flatten() {
        faults.push(complaint(key, "it must be at least 1").way_out("Leave it out for no bound."));
    }
}
