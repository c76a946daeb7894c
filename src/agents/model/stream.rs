//! The wire of a streamed chat completion: lines of server-sent events, each with a piece of the answer, the tokens, or an end.

use orchestrator_core::domain::reading::lenient;
use serde_json::{Number, Value, json};

/// The longest line that is waited for, in bytes.
const MAX_LINE: usize = 4 * 1024 * 1024;

/// More tokens than any call has had: beyond it a number is a mistake, as it is to the orchestrator.
const MOST_TOKENS: f64 = 1e15;

/// What one line says.
#[derive(Debug, PartialEq)]
pub(super) enum Event {
    /// The model that answers.
    Model(String),
    /// The model wrote.
    Piece(String),
    /// The model wrote that it will not do what it was asked.
    Refused(String),
    /// The model thought aloud; some endpoints want it back with a tool's result, under the name that they gave it.
    Thought { field: &'static str, text: String },
    /// A piece of a tool's call.
    CallPart(CallPart),
    /// What the request used in all.
    Tokens(Tokens),
    /// The same as it was told, `input` and `output`, where that can't be true.
    Odd(Value),
    /// The model has ended; not `whole`: it had to.
    Finished { whole: bool },
    /// The provider gave up, with a number that says why, as HTTP has it.
    Failed { why: String, status: Option<u16> },
    /// Something was said that can't be read: whatever it was is missing.
    Unreadable,
}

/// A piece of one of the calls of an answer.
#[derive(Debug, Default, PartialEq)]
pub(super) struct CallPart {
    pub(super) index: Option<u64>,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: String,
}

/// Tokens as the orchestrator counts them: cached ones are not in `input`, reasoning is in `output`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::agents) struct Tokens {
    pub(in crate::agents) input: u64,
    pub(in crate::agents) output: u64,
    pub(in crate::agents) cache_read: Option<u64>,
    pub(in crate::agents) cache_write: Option<u64>,
    pub(in crate::agents) reasoning: Option<u64>,
    /// In dollars, as the provider writes it, where it says it.
    pub(in crate::agents) cost: Option<Number>,
}

/// Puts chunks together to lines: a chunk may end inside a character.
#[derive(Debug, Default)]
pub(super) struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    /// The events of all lines that are whole now.
    ///
    /// # Errors
    ///
    /// If a line never ends.
    pub(super) fn take(&mut self, chunk: &[u8]) -> Result<Vec<Event>, &'static str> {
        self.rest.extend_from_slice(chunk);
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else {
            return if self.rest.len() > MAX_LINE { Err("the endpoint's answer is no stream of events") } else { Ok(Vec::new()) };
        };
        let whole: Vec<u8> = self.rest.drain(..=end).collect();
        Ok(whole.split(|byte| *byte == b'\n').flat_map(|line| events(&String::from_utf8_lossy(line))).collect())
    }
}

/// What one line says; comments, names and blank lines say nothing.
fn events(line: &str) -> Vec<Event> {
    let Some(data) = line.trim_end().strip_prefix("data:").map(str::trim_start) else { return Vec::new() };
    if data == "[DONE]" {
        return vec![Event::Finished { whole: true }];
    }
    let Ok(value) = lenient::parse(data) else {
        // A bare word that keeps the connection alive is no piece of an event.
        return if data.contains(['{', '"', '}']) { vec![Event::Unreadable] } else { Vec::new() };
    };
    told(&value)
}

/// What the body of an answer says that came whole, without a stream; `None` if it is none.
pub(super) fn completion(body: &[u8]) -> Option<Vec<Event>> {
    let mut value: Value = serde_json::from_slice(body).ok()?;
    if let Some(mut message) = value.pointer_mut("/choices/0/message").filter(|message| message.is_object()).map(Value::take) {
        // Calls that come whole are not numbered, and pieces without a number belong together.
        for (nth, call) in message["tool_calls"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut).enumerate() {
            call.insert("index".to_owned(), Value::from(nth));
        }
        value["choices"][0]["delta"] = message;
    } else if value["error"].is_null() {
        return None;
    }
    let mut events = told(&value);
    events.push(Event::Finished { whole: true });
    Some(events)
}

fn told(value: &Value) -> Vec<Event> {
    if let Some(error) = value.get("error").filter(|error| !error.is_null()) {
        let status = error["code"].as_u64().and_then(|code| u16::try_from(code).ok()).filter(|code| (400..600).contains(code));
        return vec![Event::Failed { why: said(error), status }];
    }
    let mut found: Vec<Event> = value["model"].as_str().map(|model| Event::Model(model.to_owned())).into_iter().collect();
    let choice = &value["choices"][0];
    let delta = &choice["delta"];
    for field in ["reasoning_content", "reasoning"] {
        if let Some(text) = delta[field].as_str().filter(|text| !text.is_empty()) {
            found.push(Event::Thought { field, text: text.to_owned() });
            break;
        }
    }
    found.extend(words(&delta["content"]));
    found.extend(some(&delta["refusal"]).map(Event::Refused));
    found.extend(delta["tool_calls"].as_array().into_iter().flatten().map(|part| Event::CallPart(call_part(part))));
    match choice["finish_reason"].as_str() {
        None => {}
        Some("length") => found.push(Event::Finished { whole: false }),
        Some("error" | "content_filter") => found.push(Event::Failed { why: "it withheld the rest".to_owned(), status: None }),
        Some(_) => found.push(Event::Finished { whole: true }),
    }
    found.extend(tokens(&value["usage"]).map(Event::Tokens).or_else(|| odd(&value["usage"]).map(Event::Odd)));
    found
}

/// What was written: a text, or a list of parts, of which those that are no text are left out.
fn words(content: &Value) -> Vec<Event> {
    let is_text = |part: &&Value| part["type"].as_str().is_none_or(|kind| kind.ends_with("text") || kind == "refusal");
    let parts = content.as_array().into_iter().flatten().filter(is_text);
    let read = |part: &Value| some(&part["text"]).map(Event::Piece).or_else(|| some(&part["refusal"]).map(Event::Refused));
    some(content).map(Event::Piece).into_iter().chain(parts.filter_map(read)).collect()
}

fn some(text: &Value) -> Option<String> {
    text.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn call_part(part: &Value) -> CallPart {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (index, function) = (part["index"].as_u64(), &part["function"]);
    // Some endpoints give the arguments as an object instead of its text.
    let arguments = if function["arguments"].is_object() { function["arguments"].to_string() } else { text(&function["arguments"]) };
    CallPart { index, id: text(&part["id"]), name: text(&function["name"]), arguments }
}

/// Reads `usage`; `None` where it is missing or no count: unknown is not zero.
fn tokens(usage: &Value) -> Option<Tokens> {
    let (prompt, output) = (usage["prompt_tokens"].as_u64()?, usage["completion_tokens"].as_u64()?);
    let details = &usage["prompt_tokens_details"];
    let cache_read = details["cached_tokens"].as_u64().map(|cached| cached.min(prompt));
    let uncached = prompt - cache_read.unwrap_or(0);
    let cache_write = details["cache_write_tokens"].as_u64().map(|written| written.min(uncached));
    let reasoning = usage["completion_tokens_details"]["reasoning_tokens"].as_u64();
    let cost = usage["cost"].as_number().filter(|cost| cost.as_f64().is_some_and(|cost| cost >= 0.0)).cloned();
    Some(Tokens { input: uncached - cache_write.unwrap_or(0), output, cache_read, cache_write, reasoning, cost })
}

/// Figures that no call has had: they are handed on as they are, for whoever reads them to wonder at.
fn odd(usage: &Value) -> Option<Value> {
    let given = [&usage["prompt_tokens"], &usage["completion_tokens"]];
    let is_odd = |count: &&Value| !count.is_null() && !count.as_f64().is_some_and(|count| (0.0..=MOST_TOKENS).contains(&count));
    given.iter().any(is_odd).then(|| json!({ "input": given[0], "output": given[1] }))
}

/// The sentence in an error's body, short enough for a log line.
pub(super) fn error_text(body: &[u8]) -> String {
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => said(value.get("error").unwrap_or(&value)),
        Err(_) => shortened(&String::from_utf8_lossy(body)),
    }
}

fn said(error: &Value) -> String {
    let text = error["message"].as_str().or(error.as_str()).map_or_else(|| error.to_string(), str::to_owned);
    shortened(&text)
}

/// One line of it, short enough for a log.
pub(super) fn shortened(text: &str) -> String {
    let line: Vec<&str> = text.split_whitespace().collect();
    line.join(" ").chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(text: &str) -> Event {
        Event::Piece(text.to_owned())
    }

    #[test]
    fn a_chunk_may_end_inside_a_character() {
        let wire = "data: {\"choices\":[{\"delta\":{\"content\":\"ä🙂\"}}]}\n\n".as_bytes();
        let mut lines = Lines::default();

        let found: Vec<Event> = wire.chunks(1).flat_map(|byte| lines.take(byte).unwrap()).collect();

        assert_eq!(found, [piece("ä🙂")]);
    }

    #[test]
    fn cached_tokens_are_not_counted_twice() {
        let line = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1234,\"completion_tokens\":56,\"prompt_tokens_details\":{\"cached_tokens\":1000},\"cost\":0.00042}}";

        let [Event::Tokens(tokens)] = &events(line)[..] else { panic!("no tokens in {line}") };

        assert_eq!((tokens.input, tokens.cache_read, tokens.cache_write, tokens.output), (234, Some(1_000), None, 56));
        assert_eq!(tokens.cost, Number::from_f64(0.000_42));
    }

    #[test]
    fn usage_that_is_no_count_is_unknown() {
        for usage in
            ["null", "{}", "{\"prompt_tokens\":null,\"completion_tokens\":2}", "{\"prompt_tokens\":1.5,\"completion_tokens\":2}", "[]", "7"]
        {
            assert_eq!(events(&format!("data: {{\"choices\":[],\"usage\":{usage}}}")), [], "{usage}");
        }
    }

    #[test]
    fn comments_and_rubbish_say_nothing() {
        for line in ["", ": OPENROUTER PROCESSING", "event: x", "data:", "data: ping", "data: []", "data: 7", "\u{0}"] {
            assert_eq!(events(line), [], "{line:?}");
        }
    }

    #[test]
    fn a_piece_of_an_event_is_told_as_one() {
        for line in ["data: {", "data: ten\"}}]}"] {
            assert_eq!(events(line), [Event::Unreadable], "{line:?}");
        }
        let half_a_sign = "data: {\"choices\":[{\"delta\":{\"content\":\"\\ud83d\"}}]}";
        assert_eq!(events(half_a_sign), [Event::Piece("\u{fffd}".to_owned())]);
    }

    #[test]
    fn an_error_inside_the_stream_is_told() {
        assert_eq!(
            events("data: {\"error\":{\"code\":502,\"message\":\"upstream is gone\"}}"),
            [Event::Failed { why: "upstream is gone".to_owned(), status: Some(502) }]
        );
    }

    #[test]
    fn a_line_that_never_ends_is_given_up() {
        let mut lines = Lines::default();

        assert!(lines.take(&vec![b'x'; MAX_LINE + 1]).is_err());
    }
}
