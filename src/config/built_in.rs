//! The agents that are known without any configuration: written in the same words as anybody's own.

use std::collections::BTreeMap;

use orchestrator_core::domain::reading::Reading;

use super::agent_section::{RawAgent, RawReading};

/// Their names and definitions.
const WRITTEN: [(&str, &str); 14] = [
    ("openclaw", include_str!("built_in/openclaw.json")),
    ("openclaw-exec", include_str!("built_in/openclaw-exec.json")),
    ("claude", include_str!("built_in/claude.json")),
    ("codex", include_str!("built_in/codex.json")),
    ("opencode", include_str!("built_in/opencode.json")),
    ("gemini", include_str!("built_in/gemini.json")),
    ("pi", include_str!("built_in/pi.json")),
    ("claude-acp", include_str!("built_in/claude-acp.json")),
    ("codex-acp", include_str!("built_in/codex-acp.json")),
    ("opencode-acp", include_str!("built_in/opencode-acp.json")),
    ("gemini-acp", include_str!("built_in/gemini-acp.json")),
    ("llm", include_str!("built_in/llm.json")),
    ("chat", include_str!("built_in/chat.json")),
    ("demo", include_str!("built_in/demo.json")),
];

/// The program of those that live in this very binary.
pub(super) const THIS_PROGRAM: &str = "{orchestrator}";

/// What may stand in a definition, for editors: a JSON Schema (draft 7).
pub const SCHEMA: &str = include_str!("agent.schema.json");

/// All of them, by name.
pub(super) fn agents() -> BTreeMap<&'static str, RawAgent> {
    let read = |text| serde_json::from_str(text).unwrap_or_else(|error| unreachable!("a test reads every one of them: {error}"));
    WRITTEN.into_iter().map(|(name, text)| (name, read(text))).collect()
}

/// How the bridge is read that speaks with an agent.
pub(super) fn acp_reading() -> Reading {
    let written = include_str!("built_in/acp.reading.json");
    serde_json::from_str(written).unwrap_or_else(|error| unreachable!("a test reads it: {error}"))
}

/// The definition of one, as it is written.
pub fn written(name: &str) -> Option<&'static str> {
    WRITTEN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The reading that a name stands for: a built-in agent's, or one of the words that stood for it before there were rules.
pub(super) fn reading(name: &str) -> Option<RawReading> {
    match name {
        "command" => Some(RawReading::Rules(Box::default())),
        "openclaw_exec" => reading("openclaw-exec"),
        name => {
            let mut agents = agents();
            agents.remove(name).map(|agent| agent.output.unwrap_or(RawReading::Rules(Box::default())))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    #[test]
    fn the_schema_knows_every_key_and_no_other() {
        let schema: Value = serde_json::from_str(SCHEMA).expect("JSON");
        let keys = |value: &Value| value.as_object().map(|object| object.keys().cloned().collect::<BTreeSet<String>>()).unwrap_or_default();
        let written = |value: Result<Value, _>| keys(&value.expect("it is plain data"));
        let reading = Reading { sessions: None, ..Reading::default() };

        let mut agent = keys(&schema["properties"]);
        agent.remove("$schema");
        assert_eq!(agent, written(serde_json::to_value(RawAgent::default())));
        let definitions = keys(&schema["definitions"]["reading"]["properties"]);
        assert_eq!(definitions, written(serde_json::to_value(&reading)));
        let usage = keys(&schema["definitions"]["usage"]["properties"]);
        assert_eq!(usage, written(serde_json::to_value(&reading.usage)));
    }

    #[test]
    fn every_built_in_agent_is_written_in_the_words_of_the_configuration() {
        let agents = agents();

        assert_eq!(agents.len(), WRITTEN.len());
        for (name, agent) in agents {
            assert!(agent.command.is_some() && agent.about.is_some(), "{name}");
            assert!(matches!(reading(name), Some(RawReading::Rules(_))), "{name}");
        }
        assert!(acp_reading().success.require.len() == 1);
    }
}
