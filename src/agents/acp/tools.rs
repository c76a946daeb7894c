//! The tools that an agent uses, as it tells of them: begun once, ended once, with the best title that is known by then.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::lines::{Lines, title};

/// Most tools that are remembered of one run; of more only the beginning and the end are told.
const REMEMBERED: usize = 10_000;

/// What is known of the tools.
#[derive(Debug, Default)]
pub(super) struct Tools {
    known: BTreeMap<String, Tool>,
}

/// Longest name by which an agent knows a call that it is remembered by, in bytes.
const ID: usize = 1_024;
/// Longest word for a kind of tool, in characters.
const KIND: usize = 40;

#[derive(Debug, Default)]
struct Tool {
    title: String,
    kind: String,
    begun: bool,
    ended: bool,
}

impl Tools {
    /// Whether any was used: then the model was asked more than once.
    pub(super) fn were_used(&self) -> bool {
        !self.known.is_empty()
    }

    /// A `tool_call` or `tool_call_update`.
    pub(super) fn update(&mut self, update: &Value, lines: &mut Lines<'_>) {
        let Some(id) = id(update) else { return lines.sign_of_life() };
        let is_new = !self.known.contains_key(id);
        if is_new && self.known.len() >= REMEMBERED {
            return lines.sign_of_life();
        }
        let tool = self.known.entry(id.to_owned()).or_default();
        tool.learn(update);
        let status = update["status"].as_str().unwrap_or_default();
        // The first word of a call is often its kind alone; what it does comes with the next.
        let begins = !is_new || matches!(status, "in_progress" | "completed" | "failed");
        let ends = matches!(status, "completed" | "failed");
        let mut told = false;
        if begins && !tool.begun {
            (tool.begun, told) = (true, true);
            lines.end_message();
            lines.say(&json!({ "type": "tool_start", "id": id, "tool": tool.kind, "title": tool.title }));
        }
        if ends && !tool.ended {
            (tool.ended, told) = (true, true);
            lines.say(&json!({ "type": "tool_end", "id": id, "tool": tool.kind, "ok": status == "completed", "title": tool.title }));
        }
        if !told {
            lines.sign_of_life();
        }
    }

    /// A call that is asked about, with what was known of it before; it is told that it has begun.
    pub(super) fn asked(&mut self, call: &Value, lines: &mut Lines<'_>) -> (String, String) {
        let Some(id) = id(call) else { return (title(call["title"].as_str().unwrap_or_default()), String::new()) };
        if self.known.len() < REMEMBERED {
            let tool = self.known.entry(id.to_owned()).or_default();
            tool.learn(call);
            if !tool.begun {
                tool.begun = true;
                lines.end_message();
                lines.say(&json!({ "type": "tool_start", "id": id, "tool": tool.kind, "title": tool.title }));
            }
        }
        self.known.get(id).map(|tool| (tool.title.clone(), tool.kind.clone())).unwrap_or_default()
    }
}

impl Tool {
    fn learn(&mut self, told: &Value) {
        if let Some(new) = told["title"].as_str().map(title).filter(|new| !new.is_empty()) {
            self.title = new;
        }
        if let Some(kind) = told["kind"].as_str() {
            self.kind = title(kind).chars().take(KIND).collect();
        }
    }
}

fn id(call: &Value) -> Option<&str> {
    call["toolCallId"].as_str().filter(|id| id.len() <= ID)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(updates: &[Value]) -> Vec<String> {
        let mut out = Vec::new();
        let (mut lines, mut tools) = (Lines::new(&mut out), Tools::default());
        for update in updates {
            tools.update(update, &mut lines);
        }
        let lines = out.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
        lines.map(|line| format!("{} {}", line["type"].as_str().unwrap(), line["title"].as_str().unwrap_or("-"))).collect()
    }

    #[test]
    fn a_tool_is_told_by_what_it_does_and_not_by_its_kind() {
        let lines = told(&[
            json!({"sessionUpdate": "tool_call", "toolCallId": "1", "title": "Terminal", "status": "pending"}),
            json!({"sessionUpdate": "tool_call_update", "toolCallId": "1", "title": "touch\n hi.txt"}),
            json!({"sessionUpdate": "tool_call_update", "toolCallId": "1", "status": "completed"}),
            json!({"sessionUpdate": "tool_call_update", "toolCallId": "1", "status": "completed"}),
            json!({"sessionUpdate": "tool_call", "toolCallId": "2", "title": "read x", "status": "in_progress"}),
        ]);

        assert_eq!(lines, ["heard -", "tool_start touch hi.txt", "tool_end touch hi.txt", "tool_start read x"]);
    }
}
