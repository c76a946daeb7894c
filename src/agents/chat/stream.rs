//! The wire of a streamed chat completion: lines of server-sent events, each with a piece of the answer, the tokens, or an end.

use serde_json::{Number, Value};

/// The longest line that is waited for, in bytes.
const MAX_LINE: usize = 4 * 1024 * 1024;

/// What one line says.
#[derive(Debug, PartialEq)]
pub(super) enum Event {
    /// The model wrote.
    Piece {
        text: String,
        /// The model that answers, where it is said.
        model: Option<String>,
    },
    /// What the request used in all.
    Tokens(Tokens),
    /// The model has ended; not `whole`: it had to.
    Finished { whole: bool },
    /// The provider gave up.
    Failed(String),
}

/// Tokens as the orchestrator counts them: cached ones are not in `input`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tokens {
    pub(super) input: u64,
    pub(super) output: u64,
    pub(super) cache_read: u64,
    pub(super) cache_write: u64,
    /// In dollars, where the provider says it.
    pub(super) cost: Option<Number>,
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
    let Ok(value) = serde_json::from_str::<Value>(data) else { return Vec::new() };
    if let Some(error) = value.get("error").filter(|error| !error.is_null()) {
        return vec![Event::Failed(said(error))];
    }
    let mut found = Vec::new();
    let choice = &value["choices"][0];
    if let Some(text) = choice["delta"]["content"].as_str().filter(|text| !text.is_empty()) {
        found.push(Event::Piece { text: text.to_owned(), model: value["model"].as_str().map(str::to_owned) });
    }
    match choice["finish_reason"].as_str() {
        None => {}
        Some("length") => found.push(Event::Finished { whole: false }),
        Some("error" | "content_filter") => found.push(Event::Failed("it withheld the rest".to_owned())),
        Some(_) => found.push(Event::Finished { whole: true }),
    }
    found.extend(tokens(&value["usage"]).map(Event::Tokens));
    found
}

/// Reads `usage`; `None` where it is missing or no count: unknown is not zero.
fn tokens(usage: &Value) -> Option<Tokens> {
    let (prompt, output) = (usage["prompt_tokens"].as_u64()?, usage["completion_tokens"].as_u64()?);
    let details = &usage["prompt_tokens_details"];
    let cache_read = details["cached_tokens"].as_u64().unwrap_or(0).min(prompt);
    let cache_write = details["cache_write_tokens"].as_u64().unwrap_or(0).min(prompt - cache_read);
    let cost = usage["cost"].as_number().filter(|cost| cost.as_f64().is_some_and(|cost| cost >= 0.0)).cloned();
    Some(Tokens { input: prompt - cache_read - cache_write, output, cache_read, cache_write, cost })
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

fn shortened(text: &str) -> String {
    let line: Vec<&str> = text.split_whitespace().collect();
    line.join(" ").chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(text: &str) -> Event {
        Event::Piece { text: text.to_owned(), model: None }
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

        assert_eq!((tokens.input, tokens.cache_read, tokens.output), (234, 1_000, 56));
        assert_eq!(tokens.cost, Number::from_f64(0.000_42));
    }

    #[test]
    fn usage_that_is_no_count_is_unknown() {
        for usage in
            ["null", "{}", "{\"prompt_tokens\":-1,\"completion_tokens\":2}", "{\"prompt_tokens\":1.5,\"completion_tokens\":2}", "[]", "7"]
        {
            assert_eq!(events(&format!("data: {{\"choices\":[],\"usage\":{usage}}}")), [], "{usage}");
        }
    }

    #[test]
    fn comments_and_rubbish_say_nothing() {
        for line in ["", ": OPENROUTER PROCESSING", "event: x", "data: {", "data: []", "data: 7", "\u{0}"] {
            assert_eq!(events(line), [], "{line:?}");
        }
    }

    #[test]
    fn an_error_inside_the_stream_is_told() {
        assert_eq!(
            events("data: {\"error\":{\"code\":502,\"message\":\"upstream is gone\"}}"),
            [Event::Failed("upstream is gone".to_owned())]
        );
    }

    #[test]
    fn a_line_that_never_ends_is_given_up() {
        let mut lines = Lines::default();

        assert!(lines.take(&vec![b'x'; MAX_LINE + 1]).is_err());
    }
}
