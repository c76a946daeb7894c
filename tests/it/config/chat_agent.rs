//! The built-in agent with a model, against an endpoint of our own on a socket.

use std::{
    collections::BTreeMap,
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    body::Body,
    extract::{Path as UrlPath, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use discord_orchestrator::agents::{End, run_in};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

const KEY: &str = "sk-very-secret-key";

/// What the endpoint was asked.
#[derive(Clone, Default)]
struct Asked {
    bodies: Arc<Mutex<Vec<(HeaderMap, Value)>>>,
    refusals: Arc<AtomicU32>,
}

/// An OpenAI-compatible endpoint; the first part of its address is how it behaves.
struct Endpoint {
    address: String,
    asked: Asked,
    /// Ends the server when the test does.
    _runtime: tokio::runtime::Runtime,
}

impl Endpoint {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let asked = Asked::default();
        let routes = Router::new().route("/{mood}/chat/completions", post(answer)).with_state(asked.clone());
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, routes).await });
        Self { address, asked, _runtime: runtime }
    }

    fn ask(&self, mood: &str) -> Run {
        self.ask_with(mood, &[("LLM_RETRIES", "0")])
    }

    fn ask_with(&self, mood: &str, more: &[(&str, &str)]) -> Run {
        let base_url = format!("{}/{mood}", self.address);
        let mut variables: BTreeMap<String, String> = [
            ("LLM_BASE_URL", base_url.as_str()),
            ("LLM_API_KEY", KEY),
            ("ORCH_MODEL", "openrouter/vendor/model-1"),
            ("LLM_IDLE_SECONDS", "1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        variables.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("TASK.txt"), "TASK: What is six times seven?").unwrap();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let end = run_in(Some("demo"), folder.path(), &variables, &mut out, &mut err);
        Run { folder, end, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
    }
}

struct Run {
    folder: tempfile::TempDir,
    end: End,
    out: String,
    err: String,
}

impl Run {
    fn file(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.folder.path().join(name)).ok()
    }

    fn usage(&self) -> Value {
        self.file("USAGE.json").map_or(Value::Null, |text| serde_json::from_str(&text).unwrap())
    }
}

async fn answer(State(asked): State<Asked>, UrlPath(mood): UrlPath<String>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    asked.bodies.lock().unwrap().push((headers, body));
    let refuse = |code: u16, message: &str| {
        let status = StatusCode::from_u16(code).unwrap();
        (status, Json(json!({ "error": { "message": message, "code": code } }))).into_response()
    };
    let piece = |text: &str| {
        format!("data: {}\n\n", json!({ "model": "vendor/model-1-0925", "choices": [{ "index": 0, "delta": { "content": text } }] }))
    };
    let stop = format!("data: {}\n\n", json!({ "choices": [{ "delta": {}, "finish_reason": "stop" }] }));
    let usage = format!(
        "data: {}\n\n",
        json!({ "choices": [], "usage": { "prompt_tokens": 1234, "completion_tokens": 56, "prompt_tokens_details": { "cached_tokens": 1000 } } })
    );
    let whole = [
        ": PROCESSING\n\n".to_owned(),
        piece("The answer "),
        piece("is **42** 🙂."),
        stop.clone(),
        usage.clone(),
        "data: [DONE]\n\n".to_owned(),
    ];
    match mood.as_str() {
        "refused" => refuse(401, &format!("Incorrect API key provided: {KEY}")),
        "busy" => refuse(429, "slow down"),
        "broken" => refuse(500, "<html>\n oops"),
        "busy-once" if asked.refusals.fetch_add(1, Ordering::SeqCst) == 0 => refuse(429, "slow down"),
        "ok" | "busy-once" => events(whole.to_vec()),
        "cut" => events(vec![piece("Half an "), "data: {\"choi".to_owned()]),
        "silent-end" => events(vec![usage, "data: [DONE]\n\n".to_owned()]),
        "upstream" => events(vec![piece("Half"), "data: {\"error\":{\"message\":\"upstream is gone\",\"code\":502}}\n\n".to_owned()]),
        "length" => {
            events(vec![piece("A long"), format!("data: {}\n\n", json!({ "choices": [{ "delta": {}, "finish_reason": "length" }] }))])
        }
        "redirect" => (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "http://127.0.0.1:9/elsewhere")]).into_response(),
        "hang" => {
            let first = stream::iter([Ok::<_, std::io::Error>(piece("Then nothing"))]);
            Response::new(Body::from_stream(first.chain(stream::pending())))
        }
        _ => refuse(404, "no such model"),
    }
}

fn events(lines: Vec<String>) -> Response {
    let paced = stream::iter(lines).then(|line| async move {
        tokio::time::sleep(Duration::from_millis(5)).await;
        Ok::<_, std::io::Error>(line)
    });
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(paced)).into_response()
}

#[test]
fn it_writes_what_the_model_says_and_what_it_used() {
    let endpoint = Endpoint::start();
    let run = endpoint.ask("ok");

    assert_eq!((run.end, run.err.as_str()), (End::Done, ""));
    assert_eq!(run.file("RESULT.txt").unwrap(), "The answer is **42** 🙂.");
    assert_eq!(run.out, "The answer is **42** 🙂.");
    assert_eq!(run.usage(), json!({ "input": 234, "output": 56, "cache_read": 1000, "cache_write": 0, "model": "vendor/model-1-0925" }));
    let (headers, body) = endpoint.asked.bodies.lock().unwrap()[0].clone();
    assert_eq!(headers["authorization"], format!("Bearer {KEY}"));
    assert_eq!(
        (&body["model"], &body["stream"], &body["stream_options"]["include_usage"]),
        (&json!("vendor/model-1"), &json!(true), &json!(true))
    );
    assert_eq!(body["messages"][1], json!({ "role": "user", "content": "What is six times seven?" }));
}

#[test]
fn what_goes_wrong_is_said_in_a_sentence_and_what_there_is_is_kept() {
    let endpoint = Endpoint::start();
    for (mood, reason, kept) in [
        ("refused", "the model key was refused (HTTP 401)", None),
        ("busy", "asks to wait (HTTP 429): slow down", None),
        ("broken", "the model's provider failed (HTTP 500): <html> oops", None),
        ("unknown", "knows no such model or address (HTTP 404)", None),
        ("redirect", "the request was refused (HTTP 307)", None),
        ("cut", "the answer was cut off", Some("Half an ")),
        ("upstream", "failed while it answered: upstream is gone", Some("Half")),
        ("hang", "nothing came from the model for 1 s", Some("Then nothing")),
        ("silent-end", "an empty answer", None),
    ] {
        let run = endpoint.ask(mood);
        assert_eq!(run.end, End::Failed, "{mood}");
        assert!(run.err.contains(reason), "{mood}: {}", run.err);
        assert!(!run.err.contains(KEY) && !run.out.contains(KEY), "{mood}: {}", run.err);
        assert_eq!(run.file("RESULT.txt").as_deref(), kept, "{mood}");
    }
    assert_eq!(endpoint.ask("silent-end").usage()["output"], 56, "tokens are paid for, result or not");
}

#[test]
fn an_endpoint_that_asks_to_wait_is_asked_again_before_anything_is_written() {
    let endpoint = Endpoint::start();
    let run = endpoint.ask_with("busy-once", &[]);

    assert_eq!(run.end, End::Done, "{}", run.err);
    assert!(run.err.contains("retry 1/2 in 1 s"), "{}", run.err);
    assert_eq!(endpoint.asked.bodies.lock().unwrap().len(), 2);
}

#[test]
fn an_answer_at_its_limit_says_so() {
    let run = Endpoint::start().ask("length");

    assert_eq!(run.end, End::Done, "{}", run.err);
    assert!(run.file("RESULT.txt").unwrap().ends_with("[The model reached its output limit here.]\n"));
    assert_eq!(run.usage(), Value::Null, "unknown tokens are not zero");
}

#[test]
fn settings_that_can_t_work_are_told_before_anything_is_asked() {
    let endpoint = Endpoint::start();
    for (settings, reason) in [
        ([("ORCH_MODEL", ""), ("LLM_MODEL", "")], "no model is named"),
        ([("LLM_BASE_URL", "example.org"), ("LLM_MODEL", "m")], "LLM_BASE_URL must begin with"),
        ([("LLM_RETRIES", "-1"), ("LLM_MODEL", "m")], "LLM_RETRIES must be a whole number"),
    ] {
        let run = endpoint.ask_with("ok", &settings);
        assert_eq!(run.end, End::Unusable);
        assert!(run.err.contains(reason), "{}", run.err);
    }
    assert!(endpoint.asked.bodies.lock().unwrap().is_empty());
}

#[test]
fn an_endpoint_that_is_not_there_is_named() {
    let run = Endpoint::start().ask_with("ok", &[("LLM_BASE_URL", "http://127.0.0.1:9/v1"), ("LLM_RETRIES", "0")]);

    assert_eq!(run.end, End::Failed);
    assert!(run.err.starts_with("http://127.0.0.1:9/v1 can't be reached: "), "{}", run.err);
}
