//! What some agents tell beside the protocol, below `_meta`, and what would be a lie without it.
//!
//! Codex writes what went wrong as a part of its answer and ends its turn as if it had done what it was asked; that its session has failed, and that its provider
//! is asked again, stands below `_meta.codex`. Source: codex-acp 2.6.0, recorded.

use serde_json::{Value, json};

use super::{lines::Lines, message::Refusal};

/// Agents that tell, at the end of a turn, what the last call of it has used and not the whole turn. Source: recorded, opencode 1.18.33.
const LAST_CALL_ALONE: [&str; 1] = ["OpenCode"];

/// Whether an agent's tokens are its last call's alone.
pub(super) fn tells_last_call_alone(agent: &str) -> bool {
    LAST_CALL_ALONE.contains(&agent)
}

/// Longest words of trouble that are kept, in characters.
const WORDS: usize = 500;

/// Trouble with the provider, as it is told meanwhile.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// Whether the session has failed: what is written from then on is no answer.
    failed: bool,
    last: Refusal,
}

impl Trouble {
    /// A `session_info_update`. Whether it told anything of this.
    pub(super) fn update(&mut self, update: &Value, lines: &mut Lines<'_>) -> bool {
        let codex = &update["_meta"]["codex"];
        if let Some(error) = codex["error"].as_object() {
            let told = ["additionalDetails", "message"].into_iter().filter_map(|key| error.get(key)?.as_str());
            let why: String = told.map(str::trim).find(|words| !words.is_empty()).unwrap_or_default().chars().take(WORDS).collect();
            let mut kinds = error.get("codexErrorInfo").and_then(Value::as_object).into_iter().flatten();
            let status = kinds.find_map(|(_, info)| info["httpStatusCode"].as_u64());
            if error.get("willRetry").and_then(Value::as_bool) == Some(true) {
                lines.say(&json!({ "type": "retry", "why": why }));
            }
            self.last = Refusal { why, status, ..Refusal::default() };
            return true;
        }
        match codex["threadStatus"]["type"].as_str() {
            Some("systemError") => {
                self.failed = true;
                lines.end_message();
                true
            }
            Some(_) => {
                self.failed = false;
                false
            }
            None => false,
        }
    }

    /// Takes a piece of what is written, where that is what went wrong.
    pub(super) fn takes(&mut self, piece: &str) -> bool {
        if self.failed && !piece.trim().is_empty() {
            self.last.why = piece.trim().chars().take(WORDS).collect();
        }
        self.failed
    }

    /// What a turn came to that ended in trouble.
    pub(super) fn end(&mut self) -> Option<Refusal> {
        self.failed.then(|| std::mem::take(&mut self.last))
    }
}
