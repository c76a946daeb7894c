//! Checks as a person declares them: for all agents, and for one.

use std::{collections::BTreeMap, path::Path, time::Duration};

use orchestrator_core::domain::{
    check::{self, Check, CheckName, MOST},
    isolation::Isolation,
};
use serde::{Deserialize, Serialize};

use super::{
    agent_checks::Layer,
    agent_section::RawAgent,
    complaint::{Complaint, nearest},
    isolation::{self, RawFileSystem, RawNetwork},
    json_text,
    own_file::{OwnFile, Written},
};

/// The longest command, in bytes: as much as a shell takes as one argument, and no more than anybody reads.
const LONGEST_COMMAND: usize = 4_000;
/// The longest that a check may take, in seconds.
const LONGEST_SECONDS: u64 = 86_400;

/// One check. What it does not say of its isolation is as its agent's.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawCheck {
    pub(super) command: Option<String>,
    pub(super) timeout_seconds: Option<u64>,
    pub(super) required: Option<bool>,
    pub(super) file_system: Option<RawFileSystem>,
    pub(super) read: Option<Vec<String>>,
    pub(super) write: Option<Vec<String>>,
    pub(super) network: Option<RawNetwork>,
    pub(super) memory_mb: Option<u64>,
    pub(super) processes: Option<u32>,
    pub(super) disk_mb: Option<u64>,
}

impl RawCheck {
    /// Its isolation, as an agent's definition has it.
    fn as_agent(&self) -> RawAgent {
        RawAgent {
            file_system: self.file_system,
            read: self.read.clone(),
            write: self.write.clone(),
            network: self.network.clone(),
            memory_mb: self.memory_mb,
            processes: self.processes,
            disk_mb: self.disk_mb,
            ..RawAgent::default()
        }
    }
}

/// What the isolation of an agent is made from: the service's own file, the root folder, and the account's HOME.
pub(super) type Ground<'a> = (&'a OwnFile, &'a Path, Option<&'a str>);

/// The checks that one agent's tasks may name: those for all agents, and its own, which win. `raw`: its layers over the built-in one.
pub(super) fn of(raw: &RawAgent, layers: &[Layer<'_>], ground: Ground<'_>) -> BTreeMap<CheckName, Check> {
    let mut declared: BTreeMap<&String, &RawCheck> = ground.0.raw.checks.iter().collect();
    for layer in layers.iter().rev() {
        declared.extend(layer.raw.checks.iter().flatten());
    }
    let made = declared.into_iter().filter_map(|(name, check)| {
        Some((
            name.parse().ok()?,
            Check {
                command: check.command.clone()?,
                time_limit: check.timeout_seconds.map_or(check::TIME_LIMIT, Duration::from_secs),
                required: check.required.unwrap_or(false),
                isolation: isolation_of(check, raw, layers, ground),
            },
        ))
    });
    made.collect()
}

/// What a check says for itself, else what its agent has.
fn isolation_of(check: &RawCheck, raw: &RawAgent, layers: &[Layer<'_>], ground: Ground<'_>) -> Isolation {
    let own = check.as_agent();
    let merged = own.clone().over(raw.clone());
    let above = Layer { file: ground.0, key: String::new(), raw: &own };
    let below = layers.iter().map(|layer| Layer { file: layer.file, key: layer.key.clone(), raw: layer.raw });
    let layers: Vec<Layer<'_>> = std::iter::once(above).chain(below).collect();
    isolation::of(&merged, &layers, ground)
}

/// Those that each of an agent's tasks has. A name that is not declared is complained of.
pub(super) fn always(layers: &[Layer<'_>], known: &BTreeMap<CheckName, Check>, faults: &mut Vec<Complaint>) -> Vec<CheckName> {
    let Some(layer) = layers.iter().find(|layer| layer.raw.default_checks.is_some()) else { return Vec::new() };
    let mut found = Vec::new();
    for (index, name) in layer.raw.default_checks.iter().flatten().enumerate() {
        match known.keys().find(|known| known.as_str() == name) {
            Some(known) if found.contains(known) => {}
            Some(known) => found.push(known.clone()),
            None => {
                let names: Vec<&str> = known.keys().map(CheckName::as_str).collect();
                let meant = nearest(name, names.iter().copied()).map(|meant| format!("Did you mean \"{meant}\"? ")).unwrap_or_default();
                let there = if names.is_empty() { "None is declared.".to_owned() } else { format!("Known: {}.", names.join(", ")) };
                let complaint = layer.complaint(&format!("default_checks[{index}]"), "it must be the name of a check");
                faults.push(complaint.given(name).way_out(format!("{meant}{there}")));
            }
        }
    }
    if found.len() > MOST {
        faults.push(layer.complaint("default_checks", &format!("there may be {MOST} at most")));
    }
    found
}

/// Checks what a person wrote of one agent's checks.
pub(super) fn check(layer: &Layer<'_>, faults: &mut Vec<Complaint>) {
    for (name, check) in layer.raw.checks.iter().flatten() {
        examine(layer.file, &layer.at(&json_text::join("checks", name)), name, check, faults);
    }
}

/// Checks those for all agents.
pub(super) fn check_all(own: &OwnFile, faults: &mut Vec<Complaint>) {
    for (name, check) in &own.raw.checks {
        examine(own, &json_text::join("checks", name), name, check, faults);
    }
}

fn examine(file: &dyn Written, key: &str, name: &str, check: &RawCheck, faults: &mut Vec<Complaint>) {
    if let Err(error) = name.parse::<CheckName>() {
        faults.push(file.complaint(key, &error.to_string()));
    }
    let command = check.command.as_deref().unwrap_or_default();
    let rule = if command.trim().is_empty() {
        // One of the wrong type was complained of already.
        let told = faults.iter().any(|fault| fault.key == format!("{key}.command"));
        (!told).then(|| "it needs a `command`: what `/bin/sh -c` is given".to_owned())
    } else if command.contains('\0') {
        Some("its `command` has a NUL character in it, which no program can be given".to_owned())
    } else if command.len() > LONGEST_COMMAND {
        Some(format!("its `command` must have {LONGEST_COMMAND} bytes at most; put it into a script"))
    } else {
        None
    };
    faults.extend(rule.map(|rule| file.complaint(key, &rule)));
    if let Some(seconds) = check.timeout_seconds.filter(|seconds| !(1..=LONGEST_SECONDS).contains(seconds)) {
        let complaint = file.complaint(&format!("{key}.timeout_seconds"), &format!("it must be from 1 to {LONGEST_SECONDS}"));
        faults.push(complaint.given(&seconds.to_string()));
    }
    let raw = check.as_agent();
    let layer = Layer { file, key: key.to_owned(), raw: &raw };
    isolation::check_paths_and_bounds(&layer, faults);
}
