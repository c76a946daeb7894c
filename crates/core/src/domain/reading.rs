//! How an agent's answer is read from what it prints: declared in its definition, so that a new agent needs no code.

mod kept;
pub mod lenient;
mod select;

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, MapAccess, Visitor},
};

pub use self::select::{OneOrMore, Pointer, Selector, Take, Test, Where, holds};

/// The rules by which one kind of agent is read. Without any, what it prints is its answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reading {
    /// What its standard output is made of.
    pub format: Format,
    /// Its answer, where it writes no RESULT.txt. Of several rules the first that finds something counts, here as everywhere below.
    pub text: OneOrMore<Selector>,
    /// The session that it kept, by which it could go on.
    pub session: OneOrMore<Selector>,
    /// The model that answered, where the usage does not tell.
    pub model: OneOrMore<Selector>,
    /// What it says went wrong.
    pub error: OneOrMore<Selector>,
    /// The HTTP status of the model call that went wrong.
    pub status: OneOrMore<Selector>,
    /// When it may ask again: seconds to wait, seconds since 1970, or a time. Without it the error's words are searched.
    pub resets: OneOrMore<Selector>,
    /// The calls of tools that were refused to it: a list, of which the length counts.
    pub denied: OneOrMore<Selector>,
    /// What the reader of its result has to know beside it: the first few of them, a remark each.
    pub notes: OneOrMore<Selector>,
    /// Its tokens and what they cost.
    pub usage: UsageRule,
    /// A folder below the workspace where it keeps its sessions as JSON lines: their usage counts before the answer's.
    pub sessions: Option<SessionFiles>,
    /// What makes its run a good one, beside a text.
    pub success: SuccessRule,
    /// What its errors mean; the first that fits counts.
    pub classes: Vec<ClassRule>,
    /// What its lines tell while it works.
    pub progress: Vec<ProgressRule>,
}

/// What standard output is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Words: all of it is the answer.
    #[default]
    Text,
    /// One JSON object, warnings before it allowed.
    Json,
    /// A JSON object a line; other lines are passed over.
    Jsonl,
    /// Nothing of worth: the answer is in RESULT.txt.
    ResultFile,
}

/// Where tokens and cost stand, and what they mean. All of it is read from one record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UsageRule {
    /// In which records; none: in all.
    #[serde(rename = "where")]
    pub among: Where,
    /// `last`: a record tells the sum so far; `sum`: each tells one call.
    pub take: Take,
    /// Tokens that the model read.
    pub input: OneOrMore<Pointer>,
    /// Tokens that it wrote.
    pub output: OneOrMore<Pointer>,
    /// Tokens that it found in its cache.
    pub cache_read: OneOrMore<Pointer>,
    /// Tokens that it put there.
    pub cache_write: OneOrMore<Pointer>,
    /// Tokens that it thought with.
    pub reasoning: OneOrMore<Pointer>,
    /// All tokens: what is missing in them was thinking, where the thinking is neither told nor included.
    pub total: OneOrMore<Pointer>,
    /// What it cost, in US dollars.
    pub cost: OneOrMore<Pointer>,
    /// Where that cost can be believed; none: always.
    pub cost_where: Where,
    /// The model that answered.
    pub model: OneOrMore<Pointer>,
    /// Its provider, where that stands apart.
    pub provider: OneOrMore<Pointer>,
    /// Whether `input` counts what was found in the cache, or put there, too.
    pub input_includes_cached: bool,
    /// Whether `output` counts the thinking too.
    pub output_includes_reasoning: bool,
}

impl Default for UsageRule {
    fn default() -> Self {
        Self {
            among: Where::new(),
            take: Take::Last,
            input: OneOrMore::default(),
            output: OneOrMore::default(),
            cache_read: OneOrMore::default(),
            cache_write: OneOrMore::default(),
            reasoning: OneOrMore::default(),
            total: OneOrMore::default(),
            cost: OneOrMore::default(),
            cost_where: Where::new(),
            model: OneOrMore::default(),
            provider: OneOrMore::default(),
            input_includes_cached: false,
            output_includes_reasoning: true,
        }
    }
}

/// Sessions that an agent keeps as JSON lines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionFiles {
    /// Their folder, below the workspace: names with `/` between them.
    pub folder: String,
    /// How a line is read.
    pub usage: UsageRule,
}

/// What makes a run a good one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SuccessRule {
    /// The exit codes that may be one.
    pub exit: Vec<i32>,
    /// What must be told, each by some record.
    pub require: Vec<Condition>,
    /// What must not be told by any.
    pub refuse: Vec<Condition>,
}

impl Default for SuccessRule {
    fn default() -> Self {
        Self { exit: vec![0], require: Vec::new(), refuse: Vec::new() }
    }
}

/// Something that records tell.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Condition {
    /// The last of some records is like this.
    Last {
        /// Which ones.
        last: Where,
        /// Like this.
        is: Where,
    },
    /// Some record is like this.
    Any(Where),
}

/// A key of a condition: one of two words, or a way through JSON.
enum ConditionKey {
    Last,
    Is,
    Way(Pointer),
}

impl<'de> Deserialize<'de> for ConditionKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)? {
            word if word == "last" => Ok(Self::Last),
            word if word == "is" => Ok(Self::Is),
            way => Pointer::try_from(way).map(Self::Way).map_err(de::Error::custom),
        }
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Conditions;

        impl<'de> Visitor<'de> for Conditions {
            type Value = Condition;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object like {\"/type\": \"result\"}, or one with `last` and `is`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Condition, A::Error> {
                let (mut last, mut is, mut any) = (None, None, Where::new());
                while let Some(key) = map.next_key()? {
                    match key {
                        ConditionKey::Last => last = Some(map.next_value()?),
                        ConditionKey::Is => is = Some(map.next_value()?),
                        ConditionKey::Way(way) => drop(any.insert(way, map.next_value()?)),
                    }
                }
                match (last, is) {
                    (None, None) => Ok(Condition::Any(any)),
                    (Some(last), Some(is)) if any.is_empty() => Ok(Condition::Last { last, is }),
                    _ => Err(de::Error::custom("expected `last` and `is` together and nothing beside them, or neither")),
                }
            }
        }

        deserializer.deserialize_map(Conditions)
    }
}

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// The key or the login was refused: trying again is of no use.
    Auth,
    /// Too many requests: later it may do.
    RateLimit,
    /// The account has no money or no quota left.
    Quota,
    /// The provider failed: later it may do.
    Transient,
    /// The agent's own time limit.
    Timeout,
    /// The agent's own ceiling of money.
    Budget,
    /// The request itself was refused: unknown model, too long a text.
    Request,
    /// A check without which it may not succeed did not say yes: the orchestrator's own word, which no agent's output is read as.
    CheckFailed,
}

impl ErrorClass {
    /// Whether the same run may do better later. Exhaustive on purpose: a new class does not compile until someone decides this.
    pub fn may_pass(self) -> bool {
        match self {
            Self::RateLimit | Self::Transient | Self::Timeout | Self::CheckFailed => true,
            Self::Auth | Self::Quota | Self::Budget | Self::Request => false,
        }
    }

    /// What HTTP's own words make of a status. Source: RFC 9110, RFC 6585.
    pub fn of_status(status: u64) -> Option<Self> {
        match status {
            401 | 403 => Some(Self::Auth),
            402 => Some(Self::Quota),
            429 => Some(Self::RateLimit),
            400 | 404 | 405 | 413 | 422 => Some(Self::Request),
            500..=599 => Some(Self::Transient),
            _ => None,
        }
    }

    /// The class in words, as the end of "because".
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Auth => "its key or login was refused",
            Self::RateLimit => "its provider asks to wait",
            Self::Quota => "its account has no quota or money left",
            Self::Transient => "its provider failed",
            Self::Timeout => "its own time limit was reached",
            Self::Budget => "its own ceiling of money was reached",
            Self::Request => "its provider refused the request",
            Self::CheckFailed => "a check did not say yes",
        }
    }
}

/// What an error means, where one of these fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassRule {
    /// It means this.
    pub class: ErrorClass,
    /// Exit codes.
    #[serde(default)]
    pub exit: Vec<i32>,
    /// HTTP statuses.
    #[serde(default)]
    pub status: Vec<u64>,
    /// Words in the error, whatever their case.
    #[serde(default)]
    pub error: OneOrMore<String>,
}

/// What lines of a certain kind tell while the agent works.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgressRule {
    /// They tell this.
    pub tells: Signal,
    /// Which lines.
    #[serde(default, rename = "where")]
    pub among: Where,
    /// What is shown of them.
    #[serde(default)]
    pub at: OneOrMore<Pointer>,
}

/// What an agent is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// It writes.
    Text,
    /// It began to use a tool.
    ToolStarted,
    /// It has used one.
    ToolEnded,
    /// It asks its model again after an error.
    Retry,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_no_pointer_is_refused_with_an_example() {
        let error = serde_json::from_value::<Reading>(json!({"text": "result"})).unwrap_err().to_string();

        assert!(error.contains("`result` is no way through JSON") && error.contains("/result/text"), "{error}");
    }

    #[test]
    fn a_reading_is_written_and_read_again() {
        let written = json!({
            "format": "jsonl",
            "text": {"where": {"/type": "text"}, "at": "/part/text", "take": "last"},
            "model": {"keys": "/models"},
            "usage": {"take": "sum", "input": ["/in", "/input"], "output_includes_reasoning": false},
            "success": {"exit": [0, 3], "refuse": [{"/type": "error"}, {"last": {"/type": "end"}, "is": {"/ok": {"not": true}}}]},
            "classes": [{"class": "auth", "error": "401"}],
        });

        let reading: Reading = serde_json::from_value(written).unwrap();

        assert_eq!(serde_json::from_value::<Reading>(serde_json::to_value(&reading).unwrap()).unwrap(), reading);
        assert!(matches!(reading.success.refuse[..], [Condition::Any(_), Condition::Last { .. }]));
    }
}
