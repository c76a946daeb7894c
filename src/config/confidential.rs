//! What of a definition is nobody's business: what stands below an agent's `env`, `files` and `secrets` is never repeated.

use serde_json::Value;

use super::provenance::{MASKED, names_a_secret};

/// The keys of a definition below which a secret may stand, also one that somebody wrote there against advice.
const KEYS: [&str; 3] = ["env", "files", "secrets"];

/// Whether no value at this path is repeated.
pub(super) fn hides(path: &str) -> bool {
    place(path).is_some() || names_a_secret(path)
}

/// The entry of an agent's `env` or `files` that a path leads to, or into.
pub(super) fn entry(path: &str) -> Option<&str> {
    let (key, below) = place(path)?;
    (key != "secrets" && !below.is_empty()).then_some(below)
}

/// Which of the keys a path leads to, and what stands behind it. Paths are those of the orchestrator's file, or of a folder's definition.
fn place(path: &str) -> Option<(&str, &str)> {
    let own = match path.strip_prefix("agents.") {
        None => path,
        Some(named) => match named.strip_prefix('"') {
            None => named.split_once('.')?.1,
            Some(quoted) => quoted.split_once("\".")?.1,
        },
    };
    let (key, below) = own.find(['.', '[']).map_or((own, ""), |end| own.split_at(end));
    KEYS.contains(&key).then_some((key, below))
}

/// A setting's value, fit to be shown.
pub(super) fn shown(key: &str, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        _ if entry(key).is_some() => MASKED.to_owned(),
        Value::Array(names) if place(key).is_some() => {
            let told = names.iter().map(|name| name.as_str().filter(|name| is_a_name(name)).unwrap_or(MASKED));
            told.collect::<Value>().to_string()
        }
        Value::String(_) if names_a_secret(key) => MASKED.to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The longest word of a variable's name that is shown, in letters: a key in capitals alone has longer ones.
const LONGEST_WORD: usize = 16;

/// Whether a text is surely a variable's name and no key: capitals, digits and `_` as people name variables.
pub(super) fn is_a_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    text.len() <= 64 && text.chars().all(fits) && text.split('_').all(|word| word.len() <= LONGEST_WORD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_agent_is_given_is_hidden_wherever_its_definition_stands() {
        for path in ["agents.x.env.A", "env", "agents.\"a.b\".files.\"{home}/x\".key", "secrets[0]", "agents.x.secrets", "files.a.b"] {
            assert!(place(path).is_some(), "{path}");
        }
        for path in ["agents.env.command", "agents.files", "environment", "agents.x.output.files", "caps.files"] {
            assert!(place(path).is_none(), "{path}");
        }
        assert_eq!((entry("env.A"), entry("agents.x.env"), entry("secrets[0]")), (Some(".A"), None, None));
    }

    #[test]
    fn a_variable_s_name_is_told_from_a_key() {
        assert!(["OPENROUTER_API_KEY", "A", "WORKER1_TOKEN"].into_iter().all(is_a_name));
        let keys = ["sk-live-1234", "ghp_abcdefghij", "JBSWY3DPEHPK3PXPJBSWY3DP", "key"];
        assert!(!keys.into_iter().any(is_a_name));
    }
}
