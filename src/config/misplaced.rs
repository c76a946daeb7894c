//! Keys that are known elsewhere, or by another name: where they belong.

use std::collections::BTreeSet;

use orchestrator_core::domain::reading::Reading;
use serde_json::Value;

/// What other programs, and people, call a key of a definition.
const OTHER_NAMES: [(&str, &str); 17] = [
    ("arguments", "args"),
    ("argv", "args"),
    ("bin", "command"),
    ("binary", "command"),
    ("cmd", "command"),
    ("description", "about"),
    ("environment", "env"),
    ("exec", "command"),
    ("executable", "command"),
    ("keys", "secrets"),
    ("model", "default_model"),
    ("parser", "output"),
    ("path", "command"),
    ("program", "command"),
    ("reading", "output"),
    ("signal", "soft_signal"),
    ("timeout_s", "timeout_seconds"),
];

/// Where a key belongs that is unknown among these; none: it isn't known elsewhere either.
pub(super) fn way_out(key: &str, known: &BTreeSet<&str>) -> Option<String> {
    let of_agent = known.contains("command") && known.contains("output");
    if ["isolation", "sandbox", "walls"].contains(&key) && known.contains("file_system") {
        return Some("Its keys (file_system, network, …) stand directly in the definition.".to_owned());
    }
    if of_agent && ["timeout", "timeout_seconds", "time_limit"].contains(&key) {
        return Some("A task's time limit is `TIMEOUT` in discord-config.env, or [timeout:…] in its text; how long an agent may be silent is `stall_seconds`.".to_owned());
    }
    let named = OTHER_NAMES.iter().find(|(other, name)| *other == key && known.contains(name)).map(|(_, name)| *name);
    // `memory` for `memory_mb`.
    let begun = |begins: &str| {
        let mut longer = known.iter().filter(|known| known.strip_prefix(begins).is_some_and(|rest| rest.starts_with('_')));
        longer.next().copied().filter(|_| longer.next().is_none())
    };
    if let Some(name) = named.or_else(|| begun(key)) {
        return Some(format!("Did you mean `{name}`?"));
    }
    let of_output =
        || serde_json::to_value(Reading::default()).ok().and_then(|rules: Value| rules.as_object().map(|rules| rules.contains_key(key)));
    (of_agent && of_output() == Some(true)).then(|| format!("Did you mean `output.{key}`?"))
}
