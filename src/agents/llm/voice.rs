//! What a run says on standard output while it goes on: one JSON object a line, each whole at once, so that whoever reads it is never behind.

use std::{
    fmt,
    io::{self, Write},
    time::Duration,
};

use serde_json::{Value, json};

use super::super::model::{Failure, Tokens};

/// One thing that happens in a conversation.
#[derive(Debug)]
pub(in crate::agents) enum Said<'a> {
    /// The model wrote.
    Text(&'a str),
    /// A tool begins to work; the title is one short line.
    ToolStarted { id: &'a str, tool: &'a str, title: &'a str },
    /// It has ended.
    ToolEnded { id: &'a str, tool: &'a str, ok: bool, title: &'a str },
    /// A call is made again.
    Retry(Retry<'a>),
    /// A call is over, whole or not; tokens where the endpoint told them, or what it told instead that can't be true.
    Called { model: &'a str, tokens: Option<&'a Tokens>, odd: Option<&'a Value> },
}

/// A call that is made again.
#[derive(Debug)]
pub(in crate::agents) struct Retry<'a> {
    pub(in crate::agents) nth: u32,
    pub(in crate::agents) of: u32,
    pub(in crate::agents) wait: Duration,
    pub(in crate::agents) why: &'a str,
}

impl fmt::Display for Retry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; retry {}/{} in {} s", self.why, self.nth, self.of, self.wait.as_secs())
    }
}

/// Who tells it.
pub(in crate::agents) trait Voice {
    /// Tells it at once.
    ///
    /// # Errors
    ///
    /// If nobody can be told: the run ends then.
    fn say(&mut self, said: &Said<'_>) -> io::Result<()>;
}

/// Lines of JSON on standard output, and trouble in words on standard error.
pub(super) struct JsonLines<'a> {
    pub(super) out: &'a mut dyn Write,
    pub(super) err: &'a mut dyn Write,
}

impl JsonLines<'_> {
    /// The first line of a run.
    pub(super) fn session(&mut self, model: &str) -> io::Result<()> {
        self.line(&json!({ "type": "session", "model": model }))
    }

    /// The last line of a run that went well.
    pub(super) fn done(&mut self, answer: &str) -> io::Result<()> {
        self.line(&json!({ "type": "result", "ok": true, "text": answer }))
    }

    /// The last line of one that did not; in words too.
    pub(super) fn failed(&mut self, failure: &Failure, in_words: &str) {
        let mut line = json!({ "type": "result", "ok": false, "error": failure.why });
        if let Some(status) = failure.status {
            line["status"] = Value::from(status);
        }
        if let Some(wait) = failure.wait {
            line["retry_after_s"] = Value::from(wait.as_secs());
        }
        // Nobody is left to tell if both are closed.
        let _ = self.line(&line);
        let _ = writeln!(self.err, "{in_words}");
    }

    fn line(&mut self, line: &Value) -> io::Result<()> {
        self.out.write_all(format!("{line}\n").as_bytes())?;
        self.out.flush()
    }
}

impl Voice for JsonLines<'_> {
    fn say(&mut self, said: &Said<'_>) -> io::Result<()> {
        let line = match said {
            Said::Text(piece) => json!({ "type": "text", "delta": piece }),
            Said::ToolStarted { id, tool, title } => json!({ "type": "tool_start", "id": id, "tool": tool, "title": title }),
            Said::ToolEnded { id, tool, ok, title } => json!({ "type": "tool_end", "id": id, "tool": tool, "ok": ok, "title": title }),
            Said::Retry(retry) => {
                let _ = writeln!(self.err, "{retry}");
                json!({ "type": "retry", "wait_s": retry.wait.as_secs(), "why": retry.why })
            }
            Said::Called { model, tokens, odd } => called(model, *tokens, *odd),
        };
        self.line(&line)
    }
}

/// What is unknown is left out: it is not zero. What can't be true is told as it is: the reader makes a remark of it.
fn called(model: &str, tokens: Option<&Tokens>, odd: Option<&Value>) -> Value {
    let mut line = json!({ "type": "call", "model": model });
    let Some(tokens) = tokens else {
        if let Some(odd) = odd {
            line["usage"] = odd.clone();
        }
        return line;
    };
    let mut usage = json!({ "input": tokens.input, "output": tokens.output });
    for (name, count) in [("cache_read", tokens.cache_read), ("cache_write", tokens.cache_write), ("reasoning", tokens.reasoning)] {
        if let Some(count) = count {
            usage[name] = Value::from(count);
        }
    }
    line["usage"] = usage;
    if let Some(cost) = &tokens.cost {
        line["cost_usd"] = Value::Number(cost.clone());
    }
    line
}
