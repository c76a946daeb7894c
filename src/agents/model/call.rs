//! One call of the model: the request, its retries before anything has come, and the answer put together from the stream.

use std::{io, time::Duration};

use futures_util::StreamExt;
use orchestrator_core::domain::retry::Delays;
use serde_json::{Value, json};

use super::{
    Endpoint, Mask,
    failure::{Failure, MAX_WAIT, is_passing, other_kind, spelled_out},
    stream::{self, CallPart, Event, Lines, Tokens},
};

/// The longest answer that is kept, with its calls, in bytes: no model writes as much.
const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// Who is told what comes while it comes.
pub(in crate::agents) trait Listener {
    /// The model wrote.
    fn piece(&mut self, text: &str) -> io::Result<()>;

    /// The call failed before anything came, and is made again after a wait; `nth` of `of`.
    fn retry(&mut self, nth: u32, of: u32, wait: Duration, why: &str);
}

/// What the model is asked.
#[derive(Clone, Copy)]
pub(in crate::agents) struct Asking<'a> {
    pub(in crate::agents) client: &'a reqwest::Client,
    pub(in crate::agents) endpoint: &'a Endpoint,
    pub(in crate::agents) messages: &'a [Value],
    pub(in crate::agents) tools: &'a [Value],
}

/// What has come of an answer: also a part of one counts, tokens were paid for it.
#[derive(Debug, Default)]
pub(in crate::agents) struct Call {
    pub(in crate::agents) text: String,
    pub(in crate::agents) tools: Vec<ToolCall>,
    pub(in crate::agents) tokens: Option<Tokens>,
    /// What was told of tokens and can't be true.
    pub(in crate::agents) odd: Option<Value>,
    /// The model that answered, where it is said.
    pub(in crate::agents) model: Option<String>,
    /// The model had to end before it wanted to.
    pub(in crate::agents) at_limit: bool,
    /// What it thought aloud, with the field's name.
    thought: Option<(&'static str, String)>,
    /// Anything that was paid for has come.
    begun: bool,
}

/// A tool that the model wants to be used.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::agents) struct ToolCall {
    index: Option<u64>,
    pub(in crate::agents) id: String,
    pub(in crate::agents) name: String,
    /// An object of JSON, if the model has kept to it.
    pub(in crate::agents) arguments: String,
}

/// The client of all calls of a run.
///
/// # Errors
///
/// If the machine refuses what it needs.
pub(in crate::agents) fn client(endpoint: &Endpoint) -> Result<reqwest::Client, Failure> {
    // No redirects: the key must not go anywhere else.
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(15))
        .read_timeout(endpoint.idle)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| Failure::of(format!("the request could not be prepared: {}", spelled_out(&error))))
}

impl Asking<'_> {
    /// Makes the call, again where nothing has come of it and it may succeed. `call` holds what has come, also after a failure.
    ///
    /// # Errors
    ///
    /// Why the answer is not whole.
    pub(in crate::agents) async fn ask(&self, call: &mut Call, listener: &mut dyn Listener) -> Result<(), Failure> {
        let mut mask = self.endpoint.mask();
        let delays = Delays::new(Duration::from_secs(1), MAX_WAIT);
        for nth in 1.. {
            let mut failure = match self.once(call, &mut mask, listener).await {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            };
            failure.why = mask.whole(&failure.why);
            // Asked again before its time, it would refuse again.
            let too_long = failure.wait.is_some_and(|wait| wait > MAX_WAIT);
            if !failure.again || too_long || call.begun || nth > self.endpoint.retries {
                return Err(failure);
            }
            let wait = delays.before(nth).max(failure.wait.unwrap_or_default()).min(MAX_WAIT);
            listener.retry(nth, self.endpoint.retries, wait, &failure.why);
            tokio::time::sleep(wait).await;
        }
        unreachable!("the loop above ends by returning")
    }

    async fn once(&self, call: &mut Call, mask: &mut Mask, listener: &mut dyn Listener) -> Result<(), Failure> {
        let endpoint = self.endpoint;
        let mut request = self.client.post(endpoint.completions()).json(&endpoint.body(self.messages, self.tools));
        if let Some(key) = &endpoint.key {
            request = request.bearer_auth(key.expose());
        }
        let response = request.send().await.map_err(|error| Failure::transport(endpoint, error))?;
        if !response.status().is_success() {
            let is_first = !self.messages.iter().any(|message| message["role"] == "tool");
            return Err(Failure::refused(response, !self.tools.is_empty(), is_first).await);
        }
        let outcome = self.read(response, call, mask, listener).await;
        let rest = mask.rest();
        call.write(&rest, listener)?;
        outcome
    }

    async fn read(
        &self,
        response: reqwest::Response,
        call: &mut Call,
        mask: &mut Mask,
        listener: &mut dyn Listener,
    ) -> Result<(), Failure> {
        if response.content_length() == Some(0) {
            return Err(Failure::no_stream(self.endpoint, "an empty body"));
        }
        // There are endpoints that call their stream something else, and such that send the answer whole.
        let (other_kind, mut whole) = (other_kind(&response), Vec::new());
        let (mut lines, mut course) = (Lines::default(), Course::default());
        let mut body = response.bytes_stream();
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| {
                let failure = Failure::transport(self.endpoint, error);
                Failure { why: format!("the answer was cut off: {}", failure.why), ..failure }
            })?;
            let events = lines.take(&chunk).map_err(Failure::of)?;
            course.begun |= !events.is_empty();
            if other_kind.is_some() && !course.begun && whole.len() <= MAX_ANSWER {
                whole.extend_from_slice(&chunk);
            }
            course.heed(events, call, mask, listener)?;
        }
        if let Some(kind) = other_kind.filter(|_| !course.begun) {
            let events = stream::completion(&whole).ok_or_else(|| Failure::no_stream(self.endpoint, &kind))?;
            course.heed(events, call, mask, listener)?;
        }
        course.end()
    }
}

/// How an answer goes on.
#[derive(Debug, Default)]
struct Course {
    /// Some event has come.
    begun: bool,
    finished: bool,
    unreadable: u32,
    /// In which words the model has said that it will not.
    refused: String,
}

impl Course {
    fn heed(&mut self, events: Vec<Event>, call: &mut Call, mask: &mut Mask, listener: &mut dyn Listener) -> Result<(), Failure> {
        for event in events {
            match event {
                Event::Piece(text) => call.write(&mask.piece(&text), listener)?,
                Event::Refused(text) => {
                    self.refused.push_str(&text);
                    call.write(&mask.piece(&text), listener)?;
                }
                Event::Finished { whole } => (self.finished, call.at_limit) = (true, call.at_limit || !whole),
                Event::Failed { why, status } => {
                    let again = status.is_some_and(is_passing);
                    let why = format!("the model's provider failed while it answered: {why}");
                    return Err(Failure { why, status, again, wait: None });
                }
                // Behind the end of the answer nothing of it is missing.
                Event::Unreadable if self.finished => {}
                Event::Unreadable if call.begun => self.unreadable += 1,
                Event::Unreadable => return Err(Failure::not_whole(1)),
                other => call.take(other),
            }
            if call.size() > MAX_ANSWER {
                return Err(Failure::of("the model wrote more than 8 MiB and was cut off"));
            }
        }
        Ok(())
    }

    fn end(self) -> Result<(), Failure> {
        match (self.finished, self.unreadable) {
            (false, _) => Err(Failure::once_more("the answer was cut off: the connection ended before the model had finished".to_owned())),
            (true, 0) if self.refused.trim().is_empty() => Ok(()),
            (true, 0) => Err(Failure::of(format!("the model refused: {}", stream::shortened(&self.refused)))),
            (true, unreadable) => Err(Failure::not_whole(unreadable)),
        }
    }
}

impl Call {
    fn write(&mut self, text: &str, listener: &mut dyn Listener) -> Result<(), Failure> {
        if text.is_empty() {
            return Ok(());
        }
        self.begun = true;
        self.text.push_str(text);
        listener.piece(text).map_err(|error| Failure::of(format!("the answer could not be written: {error}")))
    }

    /// Whether anything has come that is paid for.
    pub(in crate::agents) fn has_begun(&self) -> bool {
        self.begun
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Model(model) => self.model = Some(model),
            Event::Tokens(tokens) => (self.tokens, self.begun) = (Some(tokens), true),
            Event::Odd(told) => (self.odd, self.begun) = (Some(told), true),
            Event::CallPart(part) => self.add(part),
            Event::Thought { field, text } => {
                self.begun = true;
                self.thought.get_or_insert_with(|| (field, String::new())).1.push_str(&text);
            }
            Event::Piece(_) | Event::Refused(_) | Event::Finished { .. } | Event::Failed { .. } | Event::Unreadable => {}
        }
    }

    /// Parts of one call have the same index. There are endpoints that number every call 0, and such that do not number at all: a new id is a
    /// new call as well.
    fn add(&mut self, part: CallPart) {
        self.begun = true;
        let known = match part.index {
            Some(index) => self.tools.iter().rposition(|call| call.index == Some(index)),
            None => self.tools.len().checked_sub(1),
        };
        let known = known.filter(|known| part.id.is_empty() || self.tools[*known].id.is_empty() || self.tools[*known].id == part.id);
        let known = known.unwrap_or_else(|| {
            self.tools.push(ToolCall { index: part.index, ..ToolCall::default() });
            self.tools.len() - 1
        });
        let call = &mut self.tools[known];
        if call.id.is_empty() {
            call.id = part.id;
        }
        if call.name.is_empty() {
            call.name = part.name;
        }
        call.arguments.push_str(&part.arguments);
    }

    fn size(&self) -> usize {
        let calls: usize = self.tools.iter().map(|call| call.name.len() + call.arguments.len() + 32).sum();
        self.text.len() + calls + self.thought.as_ref().map_or(0, |(_, text)| text.len())
    }

    /// The answer as the next request repeats it. Arguments that are no object are left out: there are endpoints that refuse a conversation
    /// because of them.
    pub(in crate::agents) fn message(&self) -> Value {
        let content = if self.text.is_empty() { Value::Null } else { Value::from(self.text.as_str()) };
        let mut message = json!({ "role": "assistant", "content": content });
        if let Some((field, text)) = &self.thought {
            message[*field] = Value::from(text.as_str());
        }
        let calls = self.tools.iter().map(|call| {
            let is_object = serde_json::from_str::<Value>(&call.arguments).is_ok_and(|given| given.is_object());
            let arguments = if is_object { &call.arguments } else { "{}" };
            json!({ "id": call.id, "type": "function", "function": { "name": call.name, "arguments": arguments } })
        });
        message["tool_calls"] = calls.collect();
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(index: Option<u64>, id: &str, name: &str, arguments: &str) -> CallPart {
        CallPart { index, id: id.to_owned(), name: name.to_owned(), arguments: arguments.to_owned() }
    }

    fn put_together(parts: Vec<CallPart>) -> Vec<(String, String, String)> {
        let mut call = Call::default();
        for part in parts {
            call.take(Event::CallPart(part));
        }
        call.tools.into_iter().map(|call| (call.id, call.name, call.arguments)).collect()
    }

    #[test]
    fn calls_are_put_together_however_an_endpoint_numbers_them() {
        let two = [("a".to_owned(), "x".to_owned(), "{\"n\":1}".to_owned()), ("b".to_owned(), "y".to_owned(), "{}".to_owned())];

        let numbered = [(Some(0), Some(1)), (Some(0), Some(0)), (None, None), (Some(4), Some(2))];
        for (first, second) in numbered {
            let parts = vec![part(first, "a", "x", "{\"n\""), part(first, "", "", ":1}"), part(second, "b", "y", "{}")];
            assert_eq!(put_together(parts), two, "{first:?} {second:?}");
        }
        let mixed =
            vec![part(Some(0), "a", "x", "{\"n\""), part(Some(1), "b", "y", "{"), part(Some(0), "", "", ":1}"), part(Some(1), "", "", "}")];
        assert_eq!(put_together(mixed), two, "parts that come by turns");
    }

    #[test]
    fn what_the_model_thought_goes_back_under_its_name_and_broken_arguments_do_not() {
        let mut call = Call { text: "I look.".to_owned(), ..Call::default() };
        call.take(Event::Thought { field: "reasoning_content", text: "hm".to_owned() });
        call.take(Event::CallPart(part(Some(0), "a", "x", "{\"n\":")));

        let message = call.message();

        assert_eq!((&message["reasoning_content"], &message["content"]), (&"hm".into(), &"I look.".into()));
        assert_eq!(message["tool_calls"][0]["function"], json!({ "name": "x", "arguments": "{}" }));
    }
}
