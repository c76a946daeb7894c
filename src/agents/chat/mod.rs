//! The built-in agent with a model: one streaming chat completion of an OpenAI-compatible endpoint. RESULT.txt grows while the model writes.

mod stream;

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::Path,
    time::Duration,
};

use futures_util::StreamExt;
use orchestrator_core::domain::{agent::Secret, retry::Delays};
use reqwest::{StatusCode, header::RETRY_AFTER};

use self::stream::{Event, Lines, Tokens};
use super::{End, workspace};

/// Where the model is asked, taken from the environment that the agent's definition gives.
#[derive(Clone, Debug)]
pub struct Endpoint {
    base_url: String,
    key: Option<Secret>,
    model: String,
    /// Sent to `OpenRouter` alone: other endpoints refuse words that they don't know.
    effort: Option<String>,
    /// The longest silence of the endpoint.
    idle: Duration,
    retries: u32,
}

const OPENROUTER: &str = "https://openrouter.ai/api/v1";

/// The longest result that is kept, in bytes: no model writes as much.
const MAX_RESULT: usize = 8 * 1024 * 1024;

/// The longest wait that an endpoint may ask for; the task's time limit goes on meanwhile.
const MAX_WAIT: Duration = Duration::from_secs(30);

impl Endpoint {
    /// `LLM_BASE_URL`, `LLM_API_KEY`, `OPENROUTER_API_KEY`; `LLM_MODEL` as it is, else `ORCH_MODEL` without its provider. `None` without a
    /// key and an address: then no model is asked.
    ///
    /// # Errors
    ///
    /// What is missing or wrong, as a sentence.
    pub fn of(variables: &BTreeMap<String, String>) -> Result<Option<Self>, String> {
        let given = |name: &str| variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
        let key = given("LLM_API_KEY").or_else(|| given("OPENROUTER_API_KEY")).map(Secret::new);
        let base_url = given("LLM_BASE_URL");
        if key.is_none() && base_url.is_none() {
            return Ok(None);
        }
        let base_url = base_url.unwrap_or(OPENROUTER).trim_end_matches('/');
        if !base_url.starts_with("http://") && !base_url.starts_with("https://") {
            return Err("LLM_BASE_URL must begin with https:// or http://".to_owned());
        }
        let asked = given("ORCH_MODEL").map(|full| full.split_once('/').map_or(full, |(_, model)| model));
        let Some(model) = given("LLM_MODEL").or(asked) else {
            return Err("no model is named: the task, `primary` in openclaw.json, or LLM_MODEL must name one".to_owned());
        };
        let number = |name: &str, default: u64| {
            given(name).map_or(Ok(default), |text| text.parse().map_err(|_| format!("{name} must be a whole number")))
        };
        let effort =
            given("ORCH_THINKING").filter(|level| matches!(*level, "low" | "medium" | "high") && base_url.contains("//openrouter.ai/"));
        Ok(Some(Self {
            base_url: base_url.to_owned(),
            key,
            model: model.to_owned(),
            effort: effort.map(str::to_owned),
            idle: Duration::from_secs(number("LLM_IDLE_SECONDS", 90)?.clamp(1, 3_600)),
            retries: u32::try_from(number("LLM_RETRIES", 2)?).unwrap_or(2).min(10),
        }))
    }

    fn body(&self, task: &str) -> serde_json::Value {
        let system = "You carry out a task that somebody posted in a chat. Answer with the finished result, in Markdown. You have no tools, no \
                      files and no further turns: where something can't be done without them, say so briefly and do the rest.";
        let mut body = serde_json::json!({
            "model": self.model,
            "messages": [{ "role": "system", "content": system }, { "role": "user", "content": task }],
            "stream": true,
            "stream_options": { "include_usage": true },
        });
        if let Some(effort) = &self.effort {
            body["reasoning"] = serde_json::json!({ "effort": effort });
        }
        body
    }
}

/// Why there is no whole answer.
#[derive(Debug)]
struct Failure {
    why: String,
    /// The wait after which the same request may succeed; only before the model has written anything.
    again_after: Option<Duration>,
}

impl Failure {
    fn of(why: impl Into<String>) -> Self {
        Self { why: why.into(), again_after: None }
    }
}

/// Asks the model and writes down what it says.
pub(super) fn run(folder: &Path, task: &str, endpoint: &Endpoint, out: &mut dyn Write, err: &mut dyn Write) -> End {
    let mut answer = Answer { text: String::new(), tokens: None, model: None, file: None };
    let outcome = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(ask(folder, task, endpoint, &mut answer, out, err)),
        Err(error) => Err(Failure::of(format!("the machine refused what a request needs: {error}"))),
    };
    // Tokens were paid for, whether the answer is whole or not.
    let usage = answer.usage(endpoint).map_or(Ok(()), |usage| workspace::write(folder, "USAGE.json", &format!("{usage}\n")));
    let why = match (outcome, usage) {
        (Ok(()), Ok(())) => return End::Done,
        (Ok(()), Err(error)) => format!("USAGE.json could not be written: {error}"),
        (Err(failure), _) => failure.why,
    };
    // An endpoint may repeat the key that it refuses.
    let why = endpoint.key.as_ref().map_or(why.clone(), |key| why.replace(key.expose(), "[key]"));
    let kept = if answer.text.is_empty() {
        String::new()
    } else {
        format!(" ({} characters of the answer are kept)", answer.text.chars().count())
    };
    // Nobody is left to tell if standard error is closed.
    let _ = writeln!(err, "{why}{kept}");
    End::Failed
}

/// What has come so far.
struct Answer {
    text: String,
    tokens: Option<Tokens>,
    model: Option<String>,
    file: Option<fs::File>,
}

impl Answer {
    fn add(&mut self, folder: &Path, piece: &str, out: &mut dyn Write) -> io::Result<()> {
        if self.file.is_none() {
            self.file = Some(fs::File::create(folder.join("RESULT.txt"))?);
        }
        self.text.push_str(piece);
        if let Some(file) = &mut self.file {
            file.write_all(piece.as_bytes())?;
        }
        out.write_all(piece.as_bytes())?;
        out.flush()
    }

    fn usage(&self, endpoint: &Endpoint) -> Option<serde_json::Value> {
        let tokens = self.tokens.as_ref()?;
        let model = self.model.as_deref().unwrap_or(&endpoint.model);
        let mut usage = serde_json::json!({
            "input": tokens.input, "output": tokens.output, "cache_read": tokens.cache_read, "cache_write": tokens.cache_write, "model": model,
        });
        if let Some(cost) = &tokens.cost {
            usage["cost_usd"] = serde_json::Value::Number(cost.clone());
        }
        Some(usage)
    }
}

async fn ask(
    folder: &Path,
    task: &str,
    endpoint: &Endpoint,
    answer: &mut Answer,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Failure> {
    // No redirects: the key must not go anywhere else.
    let client = reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(15))
        .read_timeout(endpoint.idle)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| Failure::of(format!("the request could not be prepared: {}", spelled_out(&error))))?;
    let delays = Delays::new(Duration::from_secs(1), MAX_WAIT);
    for retry in 1.. {
        let failure = match once(&client, folder, task, endpoint, answer, out).await {
            Ok(()) => return Ok(()),
            Err(failure) => failure,
        };
        match failure.again_after.filter(|_| answer.text.is_empty() && retry <= endpoint.retries) {
            None => return Err(failure),
            Some(at_least) => {
                let wait = delays.before(retry).max(at_least).min(MAX_WAIT);
                let _ = writeln!(err, "{}; retry {retry}/{} in {} s", failure.why, endpoint.retries, wait.as_secs());
                tokio::time::sleep(wait).await;
            }
        }
    }
    unreachable!("the loop above ends by returning")
}

async fn once(
    client: &reqwest::Client,
    folder: &Path,
    task: &str,
    endpoint: &Endpoint,
    answer: &mut Answer,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut request = client.post(format!("{}/chat/completions", endpoint.base_url)).json(&endpoint.body(task));
    if let Some(key) = &endpoint.key {
        request = request.bearer_auth(key.expose());
    }
    let response = request.send().await.map_err(|error| transport(&error, endpoint))?;
    if !response.status().is_success() {
        return Err(refused(response).await);
    }
    let mut lines = Lines::default();
    let mut finished = false;
    let mut body = response.bytes_stream();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| Failure::of(format!("the answer was cut off: {}", transport(&error, endpoint).why)))?;
        for event in lines.take(&chunk).map_err(Failure::of)? {
            match event {
                Event::Piece { text, model } => {
                    answer.model = model.or(answer.model.take());
                    if answer.text.len() + text.len() > MAX_RESULT {
                        return Err(Failure::of("the model wrote more than 8 MiB and was cut off"));
                    }
                    answer.add(folder, &text, out).map_err(|error| Failure::of(format!("RESULT.txt could not be written: {error}")))?;
                }
                Event::Tokens(tokens) => answer.tokens = Some(tokens),
                Event::Finished { whole: true } => finished = true,
                Event::Finished { whole: false } => {
                    finished = true;
                    let note = "\n\n[The model reached its output limit here.]\n";
                    answer.add(folder, note, out).map_err(|error| Failure::of(format!("RESULT.txt could not be written: {error}")))?;
                }
                Event::Failed(why) => return Err(Failure::of(format!("the model's provider failed while it answered: {why}"))),
            }
        }
    }
    if !finished {
        return Err(Failure::of("the answer was cut off: the connection ended before the model had finished"));
    }
    if answer.text.trim().is_empty() {
        return Err(Failure::of("the model gave an empty answer"));
    }
    Ok(())
}

fn transport(error: &reqwest::Error, endpoint: &Endpoint) -> Failure {
    if error.is_timeout() && !error.is_connect() {
        return Failure::of(format!("nothing came from the model for {} s", endpoint.idle.as_secs()));
    }
    Failure {
        why: format!("{} can't be reached: {}", endpoint.base_url, spelled_out(error)),
        again_after: error.is_connect().then_some(Duration::ZERO),
    }
}

/// An error with its causes: the outermost sentence alone says nothing.
fn spelled_out(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.last().map_or_else(|| error.to_string(), ToString::to_string)
}

async fn refused(response: reqwest::Response) -> Failure {
    let status = response.status();
    let asked = response.headers().get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.trim().parse().ok()).map(Duration::from_secs);
    let said = response.bytes().await.map(|body| stream::error_text(&body)).unwrap_or_default();
    let colon = if said.is_empty() { "" } else { ": " };
    let meaning = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "the model key was refused",
        StatusCode::PAYMENT_REQUIRED => "the account of the model key has no money left",
        StatusCode::NOT_FOUND => "the endpoint knows no such model or address",
        StatusCode::TOO_MANY_REQUESTS => "the model's provider asks to wait",
        status if status.is_server_error() => "the model's provider failed",
        _ => "the request was refused",
    };
    let again = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
    Failure { why: format!("{meaning} (HTTP {}){colon}{said}", status.as_u16()), again_after: again.then_some(asked.unwrap_or_default()) }
}
