//! The shipped files and the documentation say what the program does.

use std::collections::BTreeMap;

use discord_orchestrator::config::{AGENT_VARIABLE_PREFIXES, AGENT_VARIABLES, ENV_KEYS, config_keys};
use orchestrator_core::domain::agent::PLACEHOLDERS;
use serde_json::Value;

use super::Machine;

const PAGE: &str = include_str!("../../../docs/configuration.md");
const ENV_EXAMPLE: &str = include_str!("../../../discord-config.env.example");
const OWN_EXAMPLE: &str = include_str!("../../../orchestrator_config.example.json");
const OPENCLAW_EXAMPLE: &str = include_str!("../../../openclaw-example.json");

#[test]
fn the_one_table_names_every_key_with_its_default() {
    let rows: BTreeMap<&str, &str> = section("## All keys", "## Agents")
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .map(|(key, rest)| (key, rest.split(" | ").next().unwrap_or_default().trim_matches('`')))
        .collect();
    let none = |default: &str| if default.is_empty() { "none".to_owned() } else { default.to_owned() };
    let mut known: BTreeMap<String, String> = config_keys()
        .into_iter()
        .map(|(key, default)| {
            let shown = match default {
                Value::Null => "none".to_owned(),
                Value::String(text) => text,
                other => other.to_string(),
            };
            (key, shown)
        })
        .collect();
    known.extend(ENV_KEYS.iter().filter(|key| !key.name.starts_with("SANDBOX")).map(|key| (key.name.to_owned(), none(key.default))));

    let documented: BTreeMap<String, String> = rows.into_iter().map(|(key, default)| (key.to_owned(), default.to_owned())).collect();
    assert_eq!(documented, known);
}

#[test]
fn the_page_names_every_placeholder_variable_and_agent() {
    let agents = section("## Agents", "## openclaw.json");
    for placeholder in PLACEHOLDERS {
        assert!(agents.contains(&format!("`{{{placeholder}}}`")), "{placeholder}");
    }
    for variable in AGENT_VARIABLES {
        assert!(agents.contains(&format!("`{variable}`")), "{variable}");
    }
    for prefix in AGENT_VARIABLE_PREFIXES {
        assert!(agents.contains(&format!("`{prefix}*`")), "{prefix}");
    }
    for name in Machine::new().config().agents.names() {
        assert!(agents.contains(&format!("| `{name}` |")), "{name}");
    }
}

#[test]
fn the_agents_that_are_ready_to_copy_are_accepted() {
    let example = PAGE.split("```jsonc\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");

    let config = Machine::new().file("orchestrator_config.json", example).config();

    for name in ["claude", "codex", "gemini", "opencode", "pi", "script"] {
        assert!(config.agents.names().contains(&name), "{name}");
    }
}

#[test]
fn the_examples_load_as_they_are_shipped() {
    let machine = Machine::new()
        .file("discord-config.env", ENV_EXAMPLE)
        .file("orchestrator_config.json", OWN_EXAMPLE)
        .file("openclaw.json", OPENCLAW_EXAMPLE);
    let config = machine.config();

    assert_eq!(config.discord.unwrap_err().keys, ["ORCHESTRATOR_AGENT_TOKEN", "TASK_QUEUE_CHANNEL", "RESULTS_CHANNEL"]);
    assert_eq!(machine.warnings(), Vec::<String>::new());
}

#[test]
fn the_env_example_works_once_its_values_are_filled_in() {
    let filled: String = ENV_EXAMPLE
        .lines()
        .map(|line| {
            let filled = match line.split_once("=\"your-") {
                Some((key, _)) if key.ends_with("TOKEN") => format!("{key}=\"a-token\""),
                Some((key, _)) => format!("{key}=\"147049347303866{}\"", key.len()),
                None => line.to_owned(),
            };
            filled + "\n"
        })
        .collect();
    let machine = Machine::new().file("discord-config.env", filled).file("openclaw.json", OPENCLAW_EXAMPLE);

    assert!(machine.config().discord.is_ok());
    assert_eq!(machine.warnings(), Vec::<String>::new());
    for key in ENV_KEYS.iter().filter(|key| !key.name.starts_with("SANDBOX")) {
        assert!(ENV_EXAMPLE.contains(&format!("\n{}=", key.name)), "{} is not in the example", key.name);
    }
}

#[test]
fn the_openclaw_example_is_plain_json_with_all_that_openclaw_asks_of_a_model() {
    let file: Value = serde_json::from_str(OPENCLAW_EXAMPLE).unwrap();

    for model in file["models"]["providers"]["openrouter"]["models"].as_array().unwrap() {
        for key in ["id", "name", "reasoning", "input", "cost", "contextWindow", "maxTokens"] {
            assert!(!model[key].is_null(), "{key} is missing in {model}");
        }
        for key in ["input", "output", "cacheRead", "cacheWrite"] {
            assert!(model["cost"][key].is_number(), "{key} is missing in {model}");
        }
    }
}

fn section(from: &str, to: &str) -> &'static str {
    let start = PAGE.find(from).expect(from);
    let length = PAGE[start..].find(to).expect(to);
    &PAGE[start..start + length]
}
