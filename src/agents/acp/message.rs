//! JSON-RPC 2.0, a message a line: the few kinds of messages that the protocol knows.
//!
//! Source: the JSON-RPC 2.0 specification; agentclientprotocol.com, "Protocol".

use orchestrator_core::domain::reading::lenient;
use serde_json::{Value, json};

/// "The method does not exist".
pub(super) const NO_SUCH_METHOD: i64 = -32_601;
/// "The request is invalid".
pub(super) const INVALID: i64 = -32_602;
/// The protocol's own: the agent has to be logged in.
pub(super) const AUTH_REQUIRED: i64 = -32_000;

/// Longest error that is told, in characters.
const WORDS: usize = 500;

/// A message from the agent.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Message {
    /// The answer to a request of ours.
    Answer { id: u64, outcome: Result<Value, Refusal> },
    /// It asks something.
    Request { id: Value, method: String, params: Value },
    /// It tells something.
    Notice { method: String, params: Value },
}

/// An error as an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: i64,
    /// What went wrong, and what it tells beside that.
    pub(super) why: String,
    /// The HTTP status of the model call that went wrong, where it is told.
    pub(super) status: Option<u64>,
}

impl Message {
    /// Reads one; `None`: it is no message.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        let Value::Object(mut fields) = lenient::parse(&String::from_utf8_lossy(line)).ok()? else { return None };
        let params = fields.remove("params").unwrap_or_default();
        match (fields.remove("method"), fields.remove("id")) {
            (Some(Value::String(method)), None | Some(Value::Null)) => Some(Self::Notice { method, params }),
            (Some(Value::String(method)), Some(id)) => Some(Self::Request { id, method, params }),
            (None, Some(id)) => {
                let outcome = match (fields.remove("result"), fields.remove("error")) {
                    (_, Some(error)) if !error.is_null() => Err(Refusal::read(&error)),
                    (Some(result), _) => Ok(result),
                    (None, _) => return None,
                };
                // Ours are numbers; there are programs that give them back as text.
                let id = id.as_u64().or_else(|| id.as_str()?.parse().ok())?;
                Some(Self::Answer { id, outcome })
            }
            _ => None,
        }
    }
}

impl Refusal {
    /// Reads a JSON-RPC error.
    fn read(error: &Value) -> Self {
        let message = error["message"].as_str().unwrap_or_default().trim();
        let data = &error["data"];
        let more = [data, &data["message"], &data["details"], &data["error"], &data["error"]["message"]];
        let more = more.into_iter().find_map(Value::as_str).unwrap_or_default().trim();
        let why = match (message, more) {
            ("", "") => error.to_string(),
            (message, more) if more.is_empty() || message.contains(more) => message.to_owned(),
            ("", more) => more.to_owned(),
            (message, more) => format!("{message}: {more}"),
        };
        let code = error["code"].as_i64().unwrap_or(0);
        let places = [&data["status"], &data["statusCode"], &data["httpStatus"], &data["code"], &error["code"]];
        let status = places.into_iter().filter_map(Value::as_u64).find(|status| (400..=599).contains(status));
        Self { code, why: why.chars().take(WORDS).collect(), status }
    }
}

/// A request of ours.
pub(super) fn request(id: u64, method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string()
}

/// Something that we tell.
pub(super) fn notice(method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "method": method, "params": params}).to_string()
}

/// Our answer to a request of its.
pub(super) fn answer(id: &Value, result: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string()
}

/// Our refusal of one.
pub(super) fn refusal(id: &Value, code: i64, why: &str) -> String {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": why}}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(error: &Value) -> Refusal {
        Refusal::read(error)
    }

    #[test]
    fn what_is_no_message_is_none() {
        for line in
            ["", "[]", "{}", "7", "{\"id\":7}", "{\"id\":7,\"error\":null}", "{\"method\":7}", "{\"id\":[],\"result\":1}", "{\"id\":1,"]
        {
            assert_eq!(Message::read(line.as_bytes()), None, "{line}");
        }
        assert_eq!(Message::read(b"{\"id\":\"7\",\"result\":{}}"), Some(Message::Answer { id: 7, outcome: Ok(json!({})) }));
    }

    #[test]
    fn an_error_says_all_that_it_knows() {
        let told = refused(&json!({"code": -32603, "message": "Internal error", "data": {"details": "401 bad key", "status": 401}}));
        assert_eq!((told.why.as_str(), told.status), ("Internal error: 401 bad key", Some(401)));
        assert_eq!(refused(&json!({"code": 429, "message": "slow down"})).status, Some(429));
        assert_eq!(refused(&json!({"code": -32603, "message": "failed: x", "data": "x"})).why, "failed: x");
        assert_eq!(refused(&json!({"code": -32000})).why, "{\"code\":-32000}");
    }
}
