//! What may stand in an agent's definition: placeholders that exist, names that a system takes, no secret of ours.

use std::collections::BTreeMap;

use orchestrator_core::domain::agent::{AgentName, Secret};

use super::{
    complaint::{Complaint, nearest},
    env_file::KEYS,
    own_file::OwnFile,
    provenance::names_a_secret,
    sections::{Group, RawAgent},
};

/// The placeholders of arguments and environment values.
pub const PLACEHOLDERS: [&str; 11] =
    ["task_text", "task_file", "task_dir", "task_id", "agent_id", "workspace", "model", "thinking", "timeout_s", "message", "config"];

/// Checks the parts of one definition that a person wrote.
pub(super) fn check(
    own: &OwnFile,
    key: &str,
    raw: &RawAgent,
    secrets: &BTreeMap<String, Secret>,
    tokens: &[Secret],
    faults: &mut Vec<Complaint>,
) {
    let mut texts: Vec<(String, &str)> = Vec::new();
    for (index, Group(group)) in raw.args.iter().flatten().enumerate() {
        texts.extend(group.iter().map(|text| (format!("{key}.args[{index}]"), text.as_str())));
    }
    for (name, value) in raw.env.iter().flatten() {
        let at = super::json_text::join(&format!("{key}.env"), name);
        if !is_variable(name) {
            faults.push(own.complaint(&at, "it must be a variable's name: letters, digits and _, not beginning with a digit"));
        } else if is_ours(name) {
            faults.push(own.complaint(&at, "it belongs to the orchestrator and is never given to an agent"));
        }
        texts.push((at, value));
    }
    for (at, text) in texts {
        if text.contains('\0') {
            faults.push(own.complaint(&at, "it has a NUL character in it, which no program can be given"));
        }
        if tokens.iter().any(|token| text.contains(token.expose())) {
            faults.push(own.complaint(&at, "it holds a Discord token of the orchestrator, which is never given to an agent"));
        }
        for unknown in placeholders(text).filter(|name| !PLACEHOLDERS.contains(name)) {
            let way_out = match nearest(unknown, PLACEHOLDERS) {
                Some(meant) => format!("Did you mean {{{meant}}}?"),
                None => format!("Known: {}.", PLACEHOLDERS.map(|name| format!("{{{name}}}")).join(", ")),
            };
            faults.push(own.complaint(&at, format!("there is no placeholder {{{unknown}}}")).way_out(way_out));
        }
    }
    for (name, value) in secrets {
        if tokens.contains(value) {
            let rule = format!("{name} has the value of a Discord token of the orchestrator, which is never given to an agent");
            faults.push(own.complaint(&format!("{key}.secrets"), rule));
        }
    }
    if raw.max_concurrent == Some(0) {
        faults
            .push(own.complaint(&format!("{key}.max_concurrent"), "it must be at least 1").way_out("Leave it out for no cap of its own."));
    }
    if let Some(seconds) = raw.grace_seconds.filter(|seconds| *seconds > 3_600) {
        faults.push(own.complaint(&format!("{key}.grace_seconds"), "it must be from 0 to 3600").given(&seconds.to_string()));
    }
    if let Some(signal) = raw.soft_signal.as_deref().filter(|signal| signal_number(signal).is_none()) {
        faults.push(own.complaint(&format!("{key}.soft_signal"), "it must be TERM, INT, HUP, QUIT, USR1 or USR2").given(signal));
    }
}

/// A key that stands in the file itself is seen by whoever sees the file, its backups and its history.
pub(super) fn warn_of_open_secrets(own: &OwnFile, key: &str, raw: &RawAgent, warnings: &mut Vec<Complaint>) {
    // A path to a key's file, or a placeholder, is none.
    let open = |name: &str, value: &str| names_a_secret(name) && value.len() > 8 && !value.contains(['{', '/']);
    for (name, _) in raw.env.iter().flatten().filter(|(name, value)| open(name, value)) {
        let at = super::json_text::join(&format!("{key}.env"), name);
        let complaint = own.complaint(&at, "it looks like a secret that stands in the file");
        warnings.push(complaint.way_out(format!("Put it into discord-config.env and its name into `{key}.secrets`.")));
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
