//! What may stand in an agent's definition: placeholders that exist, names that a system takes, no secret of ours.

use std::collections::BTreeMap;

use orchestrator_core::domain::agent::{AgentName, PLACEHOLDERS, Secret};

use super::{
    agent_section::{Group, RawAgent},
    built_in::THIS_PROGRAM,
    complaint::{Complaint, nearest},
    env_file::KEYS,
    own_file::Written,
    provenance::names_a_secret,
};

/// One place where somebody wrote down an agent.
pub(super) struct Layer<'a> {
    /// The file.
    pub(super) file: &'a dyn Written,
    /// The agent's key in it; empty: the whole file is the agent.
    pub(super) key: String,
    /// What stands there.
    pub(super) raw: &'a RawAgent,
}

impl Layer<'_> {
    /// A key of the agent, with its path in the file.
    pub(super) fn at(&self, below: &str) -> String {
        if self.key.is_empty() { below.to_owned() } else { format!("{}.{below}", self.key) }
    }

    /// A complaint about a key of the agent.
    pub(super) fn complaint(&self, below: &str, rule: &str) -> Complaint {
        self.file.complaint(&self.at(below), rule)
    }
}

/// Checks the parts of one definition that a person wrote. `own_home`: whether its HOME may be its own.
pub(super) fn check(
    layer: &Layer<'_>,
    own_home: bool,
    secrets: &BTreeMap<String, Secret>,
    tokens: &[Secret],
    faults: &mut Vec<Complaint>,
    warnings: &mut Vec<Complaint>,
) {
    let raw = layer.raw;
    let mut texts: Vec<(String, String)> = Vec::new();
    check_command(layer, faults);
    for (index, Group(group)) in raw.args.iter().flatten().enumerate() {
        texts.extend(group.iter().map(|text| (format!("args[{index}]"), text.clone())));
    }
    for (name, value) in raw.env.iter().flatten() {
        // Whoever writes `"KEY=value"` for a name has written a value, too.
        let at = super::json_text::join("env", name.split('=').next().unwrap_or_default());
        if !is_variable(name) {
            faults.push(layer.complaint(&at, "it must be a variable's name: letters, digits and _, not beginning with a digit"));
        } else if is_ours(name) {
            faults.push(layer.complaint(&at, "it belongs to the orchestrator and is never given to an agent"));
        }
        texts.push((at, value.clone()));
    }
    for (path, content) in raw.files.iter().flatten() {
        let at = super::json_text::join("files", path);
        let below = FOLDERS.iter().find_map(|folder| path.strip_prefix(folder)?.strip_prefix('/'));
        if below.is_none_or(|below| below.split('/').any(|name| matches!(name, "" | "." | ".."))) {
            let rule = format!("it must be a path below {}", FOLDERS.join(", "));
            faults.push(layer.complaint(&at, &rule).way_out("Like \"{home}/.tool/settings.json\"."));
        } else if path.starts_with("{home}") && !own_home {
            let rule = "it would never be written: the agent's HOME is the user's own, where nothing is put";
            faults.push(layer.complaint(&at, rule).way_out(format!("Set `{}` to \"own\" or \"auto\".", layer.at("home"))));
        }
        check_placeholders(layer, &at, path, (false, false), faults);
        texts.push((at, super::agent_section::content(content)));
    }
    for (at, text) in texts {
        if text.contains('\0') {
            faults.push(layer.complaint(&at, "it has a NUL character in it, which no program can be given"));
        }
        if tokens.iter().any(|token| text.contains(token.expose())) {
            faults.push(layer.complaint(&at, "it holds a Discord token of the orchestrator, which is never given to an agent"));
        }
        // A file may have braces of its own.
        let is_content = at.starts_with("files.");
        let told = if is_content { &mut *warnings } else { &mut *faults };
        check_placeholders(layer, &at, &text, (is_content, at.starts_with("env.")), told);
    }
    for (name, value) in secrets {
        if tokens.contains(value) {
            let rule = format!("{name} has the value of a Discord token of the orchestrator, which is never given to an agent");
            faults.push(layer.complaint("secrets", &rule));
        }
    }
    if raw.max_concurrent == Some(0) {
        faults.push(layer.complaint("max_concurrent", "it must be at least 1").way_out("Leave it out for no cap of its own."));
    }
    if let Some(seconds) = raw.grace_seconds.filter(|seconds| *seconds > 3_600) {
        faults.push(layer.complaint("grace_seconds", "it must be from 0 to 3600").given(&seconds.to_string()));
    }
    if let Some(seconds) = raw.stall_seconds.filter(|seconds| *seconds > MOST_STALL_SECONDS) {
        faults.push(layer.complaint("stall_seconds", "it must be from 0 to 86400").given(&seconds.to_string()).way_out("0: never."));
    }
    if let Some(signal) = raw.soft_signal.as_deref().filter(|signal| signal_number(signal).is_none()) {
        faults.push(layer.complaint("soft_signal", "it must be TERM, INT, HUP, QUIT, USR1 or USR2").given(signal));
    }
}

/// Tells of what looks like a placeholder and is none: in a file's content only where it is nearly one, and without repeating what may be secret.
fn check_placeholders(layer: &Layer<'_>, at: &str, text: &str, (is_content, is_secret): (bool, bool), told: &mut Vec<Complaint>) {
    for unknown in placeholders(text).filter(|name| !PLACEHOLDERS.contains(name)) {
        let known = || format!("Known: {}.", PLACEHOLDERS.map(|name| format!("{{{name}}}")).join(", "));
        let (rule, way_out) = match nearest(unknown, PLACEHOLDERS) {
            Some(meant) => (format!("there is no placeholder {{{unknown}}}"), format!("Did you mean {{{meant}}}?")),
            None if is_content => continue,
            None if is_secret => ("what stands between braces there is no placeholder".to_owned(), known()),
            None => (format!("there is no placeholder {{{unknown}}}"), known()),
        };
        told.push(layer.complaint(at, &rule).way_out(way_out));
    }
}

/// A program is known before its task is.
fn check_command(layer: &Layer<'_>, faults: &mut Vec<Complaint>) {
    let Some(command) = layer.raw.command.as_deref() else { return };
    if command.trim().is_empty() {
        faults.push(layer.complaint("command", "it must be a program's name or path").given(command));
    } else if command.contains('\0') {
        faults.push(layer.complaint("command", "it has a NUL character in it, which no path has"));
    } else if let Some(name) = placeholders(command).next().filter(|_| command != THIS_PROGRAM) {
        let complaint = layer.complaint("command", &format!("there are no placeholders in it, and {{{name}}} is one")).given(command);
        faults.push(complaint.way_out("Put it into `args`."));
    }
}

/// The longest silence that is counted, in seconds: a day.
pub(super) const MOST_STALL_SECONDS: u64 = 86_400;

/// Where an agent's files may go.
const FOLDERS: [&str; 3] = ["{home}", "{config_dir}", "{task_dir}"];

/// A key that stands in the file itself is seen by whoever sees the file, its backups and its history.
pub(super) fn warn_of_open_secrets(layer: &Layer<'_>, warnings: &mut Vec<Complaint>) {
    // A path to a key's file, or a placeholder, is none.
    let open = |name: &str, value: &str| names_a_secret(name) && value.len() > 8 && !value.contains(['{', '/']);
    for (name, _) in layer.raw.env.iter().flatten().filter(|(name, value)| open(name, value)) {
        let complaint = layer.complaint(&super::json_text::join("env", name), "it looks like a secret that stands in the file");
        warnings.push(complaint.way_out(format!("Put it into discord-config.env and its name into `{}`.", layer.at("secrets"))));
    }
}

/// Why a name can't be among an agent's secrets, if it can't.
pub(super) fn unfit_secret(name: &str) -> Option<&'static str> {
    if is_ours(name) {
        return Some("it belongs to the orchestrator and is never given to an agent");
    }
    (!is_variable(name)).then_some("it must be the name of a variable: letters, digits and _")
}

/// A soft stop's signal by name, with or without `SIG`.
pub(super) fn signal_number(name: &str) -> Option<i32> {
    match name.trim().to_ascii_uppercase().trim_start_matches("SIG") {
        "HUP" => Some(libc::SIGHUP),
        "INT" => Some(libc::SIGINT),
        "QUIT" => Some(libc::SIGQUIT),
        "USR1" => Some(libc::SIGUSR1),
        "USR2" => Some(libc::SIGUSR2),
        "TERM" => Some(libc::SIGTERM),
        _ => None,
    }
}

/// A name for a definition that can't be found; it is never run, because its absence is a fault.
pub(super) fn placeholder_name() -> AgentName {
    "demo".parse().unwrap_or_else(|_| unreachable!("`demo` is a valid name"))
}

/// Whether a variable is the orchestrator's own.
fn is_ours(name: &str) -> bool {
    KEYS.iter().any(|key| key.secret && key.name == name) || name == "ORCH_ATTEMPT"
}

fn is_variable(name: &str) -> bool {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    plain && (1..=128).contains(&name.len()) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// The words between braces that look like placeholders: `{"a": 1}` is none.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name)
        .filter(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_in_an_argument_is_no_placeholder() {
        let found: Vec<&str> = placeholders("{\"a\": {\"b\": 1}} {model} {Mixed} {}").collect();

        assert_eq!(found, ["model"]);
    }
}
