//! A model behind an OpenAI-compatible endpoint: where it is, one streamed call of it, what a call used, and the answer as it grows.
//!
//! Both built-in agents with a model stand on this room: `demo` with a key (one answer, no tools) and `llm` (turns with tools).

mod call;
mod failure;
mod mask;
mod result_file;
mod spent;
mod stream;

use std::{collections::BTreeMap, time::Duration};

use orchestrator_core::domain::agent::Secret;
use reqwest::Url;
use serde_json::{Value, json};

pub(super) use self::{
    call::{Asking, Call, Listener, ToolCall, client},
    failure::Failure,
    mask::Mask,
    result_file::ResultFile,
    spent::Spent,
    stream::Tokens,
};

/// Where the model is asked, taken from the environment that the agent's definition gives.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    base_url: Url,
    key: Option<Secret>,
    /// The model that is asked.
    pub(super) model: String,
    /// Sent to `OpenRouter` alone: other endpoints refuse words that they don't know.
    effort: Option<String>,
    /// The longest silence of the endpoint.
    idle: Duration,
    /// How often one call is tried again.
    pub(super) retries: u32,
}

const OPENROUTER: &str = "https://openrouter.ai/api/v1";

/// The variables that hold a model's key.
pub(super) const KEYS: [&str; 2] = ["LLM_API_KEY", "OPENROUTER_API_KEY"];

/// A variable that says something.
pub(super) fn given<'a>(variables: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
}

/// A variable that is a whole number.
///
/// # Errors
///
/// What is wrong, as a sentence.
pub(super) fn number(variables: &BTreeMap<String, String>, name: &str, default: u64) -> Result<u64, String> {
    given(variables, name).map_or(Ok(default), |text| text.parse().map_err(|_| format!("{name} must be a whole number")))
}

impl Endpoint {
    /// `LLM_BASE_URL`, `LLM_API_KEY`, `OPENROUTER_API_KEY`; `LLM_MODEL` as it is, else `ORCH_MODEL` without its provider. `None` without a
    /// key and an address: then no model is asked.
    ///
    /// # Errors
    ///
    /// What is missing or wrong, as a sentence.
    pub(super) fn of(variables: &BTreeMap<String, String>) -> Result<Option<Self>, String> {
        let given = |name: &str| given(variables, name);
        let key = KEYS.iter().find_map(|name| given(name)).map(Secret::new);
        let base_url = given("LLM_BASE_URL");
        if key.is_none() && base_url.is_none() {
            return Ok(None);
        }
        let base_url = base_url.unwrap_or(OPENROUTER);
        if !base_url.starts_with("http://") && !base_url.starts_with("https://") {
            return Err("LLM_BASE_URL must begin with https:// or http://".to_owned());
        }
        let base_url = Url::parse(base_url).map_err(|error| format!("LLM_BASE_URL is no address: {error}"))?;
        let asked = given("ORCH_MODEL").map(|full| full.split_once('/').map_or(full, |(_, model)| model));
        let Some(model) = given("LLM_MODEL").or(asked) else {
            return Err("no model is named: the task, `primary` in openclaw.json, or LLM_MODEL must name one".to_owned());
        };
        let effort = given("ORCH_THINKING")
            .filter(|level| matches!(*level, "low" | "medium" | "high") && base_url.host_str() == Some("openrouter.ai"));
        Ok(Some(Self {
            base_url,
            key,
            model: model.to_owned(),
            effort: effort.map(str::to_owned),
            idle: Duration::from_secs(number(variables, "LLM_IDLE_SECONDS", 90)?.clamp(1, 3_600)),
            retries: u32::try_from(number(variables, "LLM_RETRIES", 2)?).unwrap_or(2).min(10),
        }))
    }

    /// Where a call is made: below the address, with the query that it has.
    fn completions(&self) -> Url {
        let mut url = self.base_url.clone();
        let path = format!("{}/chat/completions", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url
    }

    /// The address as messages tell it: name, password and query of an address are secrets.
    fn shown(&self) -> String {
        format!("{}://{}{}", self.base_url.scheme(), self.host(), self.base_url.path().trim_end_matches('/'))
    }

    /// Where the endpoint is, with its port.
    fn host(&self) -> String {
        let host = self.base_url.host_str().unwrap_or_default();
        self.base_url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// What takes the key out of texts that come from elsewhere.
    pub(super) fn mask(&self) -> Mask {
        Mask::of(self.key.as_ref())
    }

    /// The request for one call; without tools the word `tools` is not in it, because there are endpoints that don't know it.
    fn body(&self, messages: &[Value], tools: &[Value]) -> Value {
        let mut body = json!({
            "model": self.model,
            "messages": messages,
            "stream": true,
            "stream_options": { "include_usage": true },
        });
        if !tools.is_empty() {
            body["tools"] = Value::Array(tools.to_vec());
        }
        if let Some(effort) = &self.effort {
            body["reasoning"] = json!({ "effort": effort });
        }
        body
    }
}
