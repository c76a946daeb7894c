//! An OpenAI-compatible endpoint on a socket, which gives its answers in the order that a test wants.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

/// How one request is answered.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Server-sent events, in these pieces.
    Events(Vec<String>),
    /// The same, and then nothing more comes, without an end.
    Silence(Vec<String>),
    /// A refusal with its seconds to wait.
    Refusal(u16, Option<u32>, String),
    /// Anything else: its number, its headers and its body.
    Other(u16, Vec<(&'static str, String)>, String),
}

impl Reply {
    /// An answer in words.
    pub(crate) fn text(text: &str) -> Self {
        Self::Events(vec![delta(&json!({ "content": text })), end("stop"), usage(&json!(null)), done()])
    }

    /// An answer that asks for tools; each call's arguments come in pieces of a few bytes.
    pub(crate) fn tools(text: &str, calls: &[Value]) -> Self {
        let mut events = vec![delta(&json!({ "role": "assistant", "content": text }))];
        for (index, call) in calls.iter().enumerate() {
            let mut begin = call.clone();
            let arguments: Vec<char> = call["function"]["arguments"].as_str().unwrap().chars().collect();
            (begin["index"], begin["function"]["arguments"]) = (json!(index), json!(""));
            events.push(delta(&json!({ "tool_calls": [begin] })));
            for piece in arguments.chunks(3) {
                let piece: String = piece.iter().collect();
                events.push(delta(&json!({ "tool_calls": [{ "index": index, "function": { "arguments": piece } }] })));
            }
        }
        events.extend([end("tool_calls"), usage(&json!(null)), done()]);
        Self::Events(events)
    }

    /// With what the provider says that it cost.
    pub(crate) fn costing(mut self, cost: f64) -> Self {
        if let Self::Events(events) = &mut self {
            let at = events.len() - 2;
            events[at] = usage(&json!(cost));
        }
        self
    }

    /// Without a word on what it used.
    pub(crate) fn untold(mut self) -> Self {
        if let Self::Events(events) = &mut self {
            events.remove(events.len() - 2);
        }
        self
    }
}

pub(crate) fn delta(delta: &Value) -> String {
    event(&json!({ "model": "vendor/model-1-0925", "choices": [{ "index": 0, "delta": delta }] }))
}

pub(crate) fn end(reason: &str) -> String {
    event(&json!({ "choices": [{ "delta": {}, "finish_reason": reason }] }))
}

fn usage(cost: &Value) -> String {
    event(&json!({ "choices": [], "usage": {
        "prompt_tokens": 1234, "completion_tokens": 56, "prompt_tokens_details": { "cached_tokens": 1000 },
        "completion_tokens_details": { "reasoning_tokens": 20 }, "cost": cost,
    } }))
}

fn done() -> String {
    "data: [DONE]\n\n".to_owned()
}

fn event(event: &Value) -> String {
    format!("data: {event}\n\n")
}

type Shared = (Arc<Mutex<VecDeque<Reply>>>, Arc<Mutex<Vec<(HeaderMap, Value)>>>);

/// The endpoint; the last answer is given again to whoever asks more.
pub(crate) struct Endpoint {
    pub(crate) address: String,
    asked: Arc<Mutex<Vec<(HeaderMap, Value)>>>,
    /// Ends the server when the test does.
    _runtime: tokio::runtime::Runtime,
}

impl Endpoint {
    pub(crate) fn start(replies: Vec<Reply>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let asked = Arc::default();
        let shared: Shared = (Arc::new(Mutex::new(replies.into())), Arc::clone(&asked));
        let routes = Router::new().route("/v1/chat/completions", post(answer)).with_state(shared);
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = format!("http://{}/v1", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, routes).await });
        Self { address, asked, _runtime: runtime }
    }

    /// The requests so far.
    pub(crate) fn bodies(&self) -> Vec<Value> {
        self.asked.lock().unwrap().iter().map(|(_, body)| body.clone()).collect()
    }

    pub(crate) fn authorization(&self) -> String {
        self.asked.lock().unwrap()[0].0[header::AUTHORIZATION].to_str().unwrap().to_owned()
    }

    /// What the model was told of its tools' results, in the last request.
    pub(crate) fn told(&self) -> Vec<String> {
        let last = self.bodies().pop().unwrap();
        let results = last["messages"].as_array().unwrap().iter().filter(|message| message["role"] == "tool");
        results.map(|message| message["content"].as_str().unwrap().to_owned()).collect()
    }
}

async fn answer(State((replies, asked)): State<Shared>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    asked.lock().unwrap().push((headers, body));
    let reply = {
        let mut replies = replies.lock().unwrap();
        if replies.len() > 1 { replies.pop_front() } else { replies.front().cloned() }
    };
    let stream = |events: Vec<String>| stream::iter(events).map(|event| Ok::<_, std::io::Error>(Bytes::from(event)));
    match reply.expect("a test gives an answer") {
        Reply::Events(events) => ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(stream(events))).into_response(),
        Reply::Silence(events) => Response::new(Body::from_stream(stream(events).chain(stream::pending()))),
        Reply::Refusal(code, wait, message) => {
            let body = Json(json!({ "error": { "message": message, "code": code } }));
            let mut response = (StatusCode::from_u16(code).unwrap(), body).into_response();
            if let Some(wait) = wait {
                response.headers_mut().insert(header::RETRY_AFTER, wait.into());
            }
            response
        }
        Reply::Other(code, headers, body) => {
            let response = Response::builder().status(code);
            let response = headers.into_iter().fold(response, |response, (name, value)| response.header(name, value));
            response.body(Body::from(body)).unwrap()
        }
    }
}
