//! One agent as a person writes it: in `orchestrator_config.json`, or in a folder of its own. Our own built-in ones are written so, too.

use std::{collections::BTreeMap, fmt};

use orchestrator_core::domain::{permission::Policy, reading::Reading};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, Visitor, value::MapAccessDeserializer},
};
use serde_json::Value;

use super::{
    checks::RawCheck,
    isolation::{RawFileSystem, RawNetwork},
    protocol::RawProtocol,
    quotas::RawQuota,
};

/// One agent. Each key that is given replaces what a lower layer says; a name that is not built in needs its `command`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawAgent {
    /// Which schema an editor is to check it by; nothing else reads it.
    #[serde(rename = "$schema", skip_serializing)]
    pub(super) schema: Option<String>,
    pub(super) about: Option<String>,
    pub(super) command: Option<String>,
    pub(super) args: Option<Vec<Group>>,
    pub(super) env: Option<BTreeMap<String, String>>,
    pub(super) secrets: Option<Vec<String>>,
    pub(super) protocol: Option<RawProtocol>,
    pub(super) permissions: Option<Policy>,
    pub(super) permission_seconds: Option<u64>,
    pub(super) start_seconds: Option<u64>,
    pub(super) mode: Option<String>,
    pub(super) login: Option<String>,
    pub(super) stdin: Option<RawStdin>,
    pub(super) home: Option<RawHome>,
    pub(super) files: Option<BTreeMap<String, Value>>,
    pub(super) models: Option<BTreeMap<String, String>>,
    pub(super) default_model: Option<String>,
    pub(super) thinking: Option<RawThinking>,
    pub(super) output: Option<RawReading>,
    pub(super) max_concurrent: Option<u32>,
    pub(super) grace_seconds: Option<u64>,
    pub(super) stall_seconds: Option<u64>,
    pub(super) quota: Option<RawQuota>,
    pub(super) soft_signal: Option<String>,
    pub(super) file_system: Option<RawFileSystem>,
    pub(super) read: Option<Vec<String>>,
    pub(super) write: Option<Vec<String>>,
    pub(super) network: Option<RawNetwork>,
    pub(super) unix_sockets: Option<bool>,
    pub(super) memory_mb: Option<u64>,
    pub(super) processes: Option<u32>,
    pub(super) disk_mb: Option<u64>,
    pub(super) isolation_required: Option<bool>,
    pub(super) costs_nothing: Option<bool>,
    pub(super) checks: Option<BTreeMap<String, RawCheck>>,
    pub(super) default_checks: Option<Vec<String>>,
}

impl RawAgent {
    /// This one over a lower layer: what it says counts; of `env` and `files` each entry does.
    pub(super) fn over(self, below: Self) -> Self {
        Self {
            schema: None,
            about: self.about.or(below.about),
            command: self.command.or(below.command),
            args: self.args.or(below.args),
            env: joined(self.env, below.env),
            secrets: self.secrets.or(below.secrets),
            protocol: self.protocol.or(below.protocol),
            permissions: self.permissions.or(below.permissions),
            permission_seconds: self.permission_seconds.or(below.permission_seconds),
            start_seconds: self.start_seconds.or(below.start_seconds),
            mode: self.mode.or(below.mode),
            login: self.login.or(below.login),
            stdin: self.stdin.or(below.stdin),
            home: self.home.or(below.home),
            files: joined(self.files, below.files),
            models: self.models.or(below.models),
            default_model: self.default_model.or(below.default_model),
            thinking: self.thinking.or(below.thinking),
            output: self.output.or(below.output),
            max_concurrent: self.max_concurrent.or(below.max_concurrent),
            grace_seconds: self.grace_seconds.or(below.grace_seconds),
            stall_seconds: self.stall_seconds.or(below.stall_seconds),
            quota: match (self.quota, below.quota) {
                (Some(above), Some(below)) => Some(above.over(below)),
                (above, below) => above.or(below),
            },
            soft_signal: self.soft_signal.or(below.soft_signal),
            file_system: self.file_system.or(below.file_system),
            read: self.read.or(below.read),
            write: self.write.or(below.write),
            network: self.network.or(below.network),
            unix_sockets: self.unix_sockets.or(below.unix_sockets),
            memory_mb: self.memory_mb.or(below.memory_mb),
            processes: self.processes.or(below.processes),
            disk_mb: self.disk_mb.or(below.disk_mb),
            isolation_required: self.isolation_required.or(below.isolation_required),
            costs_nothing: self.costs_nothing.or(below.costs_nothing),
            checks: joined(self.checks, below.checks),
            default_checks: self.default_checks.or(below.default_checks),
        }
    }
}

fn joined<T>(above: Option<BTreeMap<String, T>>, below: Option<BTreeMap<String, T>>) -> Option<BTreeMap<String, T>> {
    match (above, below) {
        (Some(above), Some(mut below)) => {
            below.extend(above);
            Some(below)
        }
        (above, below) => above.or(below),
    }
}

/// What standard input is; `true` is how `task` was written once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawStdin {
    Nothing,
    Task,
    Prompt,
}

impl<'de> Deserialize<'de> for RawStdin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Bool(false) => Ok(Self::Nothing),
            Value::Bool(true) => Ok(Self::Task),
            Value::String(word) if word == "nothing" => Ok(Self::Nothing),
            Value::String(word) if word == "task" => Ok(Self::Task),
            Value::String(word) if word == "prompt" => Ok(Self::Prompt),
            _ => Err(de::Error::custom("expected \"nothing\", \"task\" or \"prompt\"")),
        }
    }
}

/// Where HOME is; `auto`: the attempt's own where a key is given by name, else the user's, where logins are.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawHome {
    User,
    Own,
    Auto,
}

/// An agent's own words for the thinking levels; a level without one is not passed on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawThinking {
    pub(super) off: Option<String>,
    pub(super) low: Option<String>,
    pub(super) medium: Option<String>,
    pub(super) high: Option<String>,
}

/// How an agent is read: by rules of its own, or as one that is built in.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum RawReading {
    As(String),
    Rules(Box<Reading>),
}

impl<'de> Deserialize<'de> for RawReading {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrRules;

        impl<'de> Visitor<'de> for NameOrRules {
            type Value = RawReading;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("rules for reading it, or the name of a built-in agent that is read alike")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<RawReading, E> {
                Ok(RawReading::As(name.to_owned()))
            }

            // Not through a buffered value: so a mistake is told with its path.
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<RawReading, A::Error> {
                Reading::deserialize(MapAccessDeserializer::new(map)).map(|rules| RawReading::Rules(Box::new(rules)))
            }
        }

        deserializer.deserialize_any(NameOrRules)
    }
}

/// One argument, or several that stand or fall together: `["--model", "{model}"]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Group(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Group {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore;

        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Group;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a list of texts that stand or fall together")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Group, E> {
                Ok(Group(vec![text.to_owned()]))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut elements: A) -> Result<Group, A::Error> {
                let mut group = Vec::new();
                while let Some(text) = elements.next_element()? {
                    group.push(text);
                }
                Ok(Group(group))
            }
        }

        deserializer.deserialize_any(OneOrMore)
    }
}

/// What a file of an agent holds: a text as it is, anything else as JSON.
pub(super) fn content(value: &Value) -> String {
    value.as_str().map_or_else(|| serde_json::to_string_pretty(value).unwrap_or_default(), str::to_owned)
}
