//! One request, one try: through the gate, over the wire, and its answer classified.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use orchestrator_core::{
    domain::{id::UserId, outbound::Identity},
    ports::chat::ChatError,
};
use reqwest::{
    Client, RequestBuilder, Response, StatusCode, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
    multipart::{Form, Part},
    redirect::Policy,
};
use serde_json::Value;
use tokio::{
    sync::{Notify, OnceCell},
    time::Instant,
};

use super::{
    answer::{self, Answer},
    config::{SenderConfig, SenderConfigError},
    gate::{Gate, locked},
    limits::Refusals,
    pace::{Pace, Scope},
    route::{Route, Urgency},
};

/// No answer of Discord's API is longer: a hundred full messages are a tenth of it.
const LONGEST_ANSWER: usize = 16 * 1024 * 1024;
/// After so many 401 in a row nothing is sent with a token but what carries one of its own: no repetition would better it, and each counts for
/// the ban of our address. The mailer gives up earlier; this is for all others.
const MOST_UNAUTHORIZED: u32 = 12;
/// What an upload is granted beyond the usual time for an answer, per mebibyte.
const TIME_PER_MEBIBYTE: Duration = Duration::from_secs(6);

/// Sends requests to Discord, one try each, within its limits.
///
/// Tokens go to the configured base alone: redirects are not followed, proxies of the environment not used.
#[derive(Debug)]
pub struct Sender {
    client: Client,
    pub(super) base: Url,
    speakers: Vec<Speaker>,
    refusals: Mutex<Refusals>,
    refused: Notify,
    tallies: Tallies,
    pub(super) guild: AtomicU64,
    answer_timeout: Duration,
    longest_wait: Duration,
}

/// One identity: its token, its limits, and who it is.
#[derive(Debug)]
struct Speaker {
    identity: Identity,
    authorization: HeaderValue,
    gate: Gate,
    /// `None`: its token is not accepted.
    user: OnceCell<Option<UserId>>,
    /// How many requests in a row were answered with 401.
    unauthorized: AtomicU32,
}

#[derive(Debug, Default)]
struct Tallies {
    requests: AtomicU64,
    limited: AtomicU64,
    lost: AtomicU64,
}

/// What the sender has done since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Requests that were sent.
    pub requests: u64,
    /// Of these, answered with 429.
    pub limited: u64,
    /// Of these, without an answer that could be read.
    pub lost: u64,
    /// Requests that had to wait for a limit before they were sent.
    pub waits: u64,
    /// Limits that are remembered at this moment.
    pub limits: usize,
    /// Requests of the last ten minutes that Discord holds against our address.
    pub refused_lately: u32,
}

/// What goes with a request.
#[derive(Debug)]
pub(super) enum Body {
    None,
    Json(Value),
    /// A payload and files: names and bytes.
    Files(Value, Vec<(String, Vec<u8>)>),
}

impl Sender {
    /// Makes a sender; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`SenderConfigError`], naming the setting that is wrong.
    pub fn new(config: &SenderConfig) -> Result<Self, SenderConfigError> {
        let base = config.base()?;
        let speakers = config.headers()?.into_iter().map(|(identity, authorization)| Speaker {
            identity,
            authorization,
            gate: Gate::new(config.budget),
            user: OnceCell::new(),
            unauthorized: AtomicU32::new(0),
        });
        Ok(Self {
            speakers: speakers.collect(),
            client: client(config)?,
            base,
            refusals: Mutex::new(Refusals::new(config.budget.refusals)),
            refused: Notify::new(),
            tallies: Tallies::default(),
            guild: AtomicU64::new(config.guild.unwrap_or(0)),
            answer_timeout: config.answer_timeout,
            longest_wait: config.longest_wait,
        })
    }

    /// What the sender has done so far.
    pub fn counters(&self) -> Counters {
        Counters {
            requests: self.tallies.requests.load(Ordering::Relaxed),
            limited: self.tallies.limited.load(Ordering::Relaxed),
            lost: self.tallies.lost.load(Ordering::Relaxed),
            waits: self.speakers.iter().map(|speaker| speaker.gate.waits()).sum(),
            limits: self.speakers.iter().map(|speaker| speaker.gate.remembered()).sum(),
            refused_lately: locked(&self.refusals).recent(Instant::now()),
        }
    }

    /// The requests of the last ten minutes that Discord holds against our address: so many, so long ago, the oldest first. To be stored, and
    /// told to the next process.
    pub fn refusals(&self) -> Vec<(Duration, u32)> {
        locked(&self.refusals).ages(Instant::now())
    }

    /// Counts the refusals that an earlier process has stored.
    pub fn recall_refusals(&self, before: &[(Duration, u32)]) {
        locked(&self.refusals).recall(before, Instant::now());
    }

    /// Waits until another request is refused. For one listener.
    pub async fn refused_again(&self) {
        self.refused.notified().await;
    }

    /// The tokens are accepted again, as a gateway session has shown: requests are sent although the last ones were refused with 401.
    pub fn trust_tokens(&self) {
        self.speakers.iter().for_each(|speaker| speaker.unauthorized.store(0, Ordering::Relaxed));
    }

    /// The base without a slash at its end.
    pub fn base(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// The client, for requests without a token.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// The identities that have a token of their own, the orchestrator's first.
    pub(super) fn identities(&self) -> impl Iterator<Item = Identity> + '_ {
        self.speakers.iter().map(|speaker| speaker.identity)
    }

    /// Where the user behind an identity is remembered.
    pub(super) fn user_cell(&self, identity: Identity) -> &OnceCell<Option<UserId>> {
        &self.speaker(identity).user
    }

    /// Sends one request and reads its answer.
    pub(super) async fn call(&self, who: Identity, route: &Route, body: Body) -> Result<Answer, ChatError> {
        if let Some(left) = locked(&self.refusals).stopped_for(Instant::now()) {
            return Err(ChatError::NotSent {
                reason: format!(
                    "too many requests were refused within ten minutes; nothing is sent for {} s, so that Discord does not ban this address",
                    left.as_secs() + 1
                ),
            });
        }
        let speaker = self.speaker(who);
        if route.urgency != Urgency::Callback && speaker.unauthorized.load(Ordering::Relaxed) >= MOST_UNAUTHORIZED {
            return Err(ChatError::Unauthorized);
        }
        let under_way = speaker.gate.enter(route, self.longest_wait).await.map_err(|retry_after| ChatError::RateLimited { retry_after })?;
        self.tallies.requests.fetch_add(1, Ordering::Relaxed);
        // An error drops `under_way`, which makes room for the next.
        let response = self.request(speaker, route, body)?.send().await.map_err(|error| self.lost(error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let read = read_up_to(response, LONGEST_ANSWER).await;
        let json: Option<Value> =
            if status.is_success() { None } else { read.as_ref().ok().and_then(|body| serde_json::from_slice(body).ok()) };
        let pace = Pace::read(status, &headers, json.as_ref());
        under_way.answered(&pace);
        self.note(speaker, status, &pace);
        if !status.is_success() {
            return Err(answer::refused(status, json.as_ref(), &pace));
        }
        Ok(Answer { status, body: read.map_err(|error| self.lost_body(error))? })
    }

    fn request(&self, speaker: &Speaker, route: &Route, body: Body) -> Result<RequestBuilder, ChatError> {
        let url = format!("{}/api/v10{}", self.base(), route.path);
        let request = self.client.request(route.method.clone(), url).header(AUTHORIZATION, speaker.authorization.clone());
        Ok(match body {
            Body::None => request.timeout(self.answer_timeout),
            Body::Json(payload) => request.timeout(self.answer_timeout).header(CONTENT_TYPE, "application/json").body(payload.to_string()),
            Body::Files(payload, files) => {
                let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
                let mebibytes = u32::try_from(bytes.div_ceil(1024 * 1024)).unwrap_or(u32::MAX);
                let timeout = self.answer_timeout.saturating_add(TIME_PER_MEBIBYTE.saturating_mul(mebibytes));
                request.timeout(timeout).multipart(form(&payload, files).map_err(answer::lost)?)
            }
        })
    }

    fn note(&self, speaker: &Speaker, status: StatusCode, pace: &Pace) {
        let limited = status == StatusCode::TOO_MANY_REQUESTS;
        let shared = pace.refusal.is_some_and(|refusal| refusal.scope == Scope::Shared);
        if limited {
            self.tallies.limited.fetch_add(1, Ordering::Relaxed);
        }
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) || limited && !shared {
            locked(&self.refusals).note(Instant::now());
            self.refused.notify_one();
        }
        match status {
            StatusCode::UNAUTHORIZED => drop(speaker.unauthorized.fetch_add(1, Ordering::Relaxed)),
            // These tell nothing of the token.
            StatusCode::TOO_MANY_REQUESTS => {}
            status if status.is_server_error() => {}
            _ => speaker.unauthorized.store(0, Ordering::Relaxed),
        }
    }

    fn lost(&self, error: reqwest::Error) -> ChatError {
        self.tallies.lost.fetch_add(1, Ordering::Relaxed);
        answer::lost(error)
    }

    /// The head of a success was read, its body not: the request has arrived, whatever the error says.
    fn lost_body(&self, error: Unread) -> ChatError {
        self.tallies.lost.fetch_add(1, Ordering::Relaxed);
        ChatError::Unknown {
            reason: match error {
                Unread::TooLong => format!("the answer is longer than {LONGEST_ANSWER} bytes"),
                Unread::Lost(error) => match answer::lost(error) {
                    ChatError::NotSent { reason } | ChatError::Unknown { reason } => reason,
                    other => other.to_string(),
                },
            },
        }
    }

    fn speaker(&self, who: Identity) -> &Speaker {
        self.speakers.iter().find(|speaker| speaker.identity == who).unwrap_or(&self.speakers[0])
    }
}

/// A body was not read to its end.
#[derive(Debug)]
pub(super) enum Unread {
    TooLong,
    Lost(reqwest::Error),
}

/// Reads a body, but not more than so many bytes.
pub(super) async fn read_up_to(mut response: Response, most: usize) -> Result<Vec<u8>, Unread> {
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    if announced > most {
        return Err(Unread::TooLong);
    }
    let mut body = Vec::with_capacity(announced);
    while let Some(chunk) = response.chunk().await.map_err(Unread::Lost)? {
        if body.len() + chunk.len() > most {
            return Err(Unread::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn client(config: &SenderConfig) -> Result<Client, SenderConfigError> {
    Client::builder()
        .user_agent(&config.user_agent)
        .connect_timeout(config.connect_timeout)
        .timeout(config.answer_timeout.saturating_mul(20))
        // Shorter than servers keep theirs: a connection that was closed meanwhile would cost an unknown outcome.
        .pool_idle_timeout(Duration::from_secs(20))
        .redirect(Policy::none())
        .no_proxy()
        .use_rustls_tls()
        .build()
        .map_err(|error| SenderConfigError::Client { reason: error.to_string() })
}

fn form(payload: &Value, files: Vec<(String, Vec<u8>)>) -> Result<Form, reqwest::Error> {
    let mut form = Form::new().part("payload_json", Part::text(payload.to_string()).mime_str("application/json")?);
    for (index, (name, bytes)) in files.into_iter().enumerate() {
        let part = Part::bytes(bytes).file_name(name).mime_str("text/plain; charset=utf-8")?;
        form = form.part(format!("files[{index}]"), part);
    }
    Ok(form)
}
