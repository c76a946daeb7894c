//! What is answered when something is not done, and how bodies and queries are read: always JSON, always with a sentence.

use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Query, Request, rejection::BytesRejection},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use orchestrator_core::{
    domain::id::TaskId,
    intake::desk::DeskError,
    ports::{chat::ChatError, rows::RowsError, store::StoreError},
    queue::QueueError,
    wording::{
        refusals::Refusal,
        views::{ErrorBody, ErrorCode, FieldIssue},
    },
};
use serde::de::DeserializeOwned;

/// Something is not done, and this is why.
#[derive(Debug)]
pub(super) struct Refused {
    status: StatusCode,
    body: ErrorBody,
}

impl Refused {
    pub(super) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, body: ErrorBody { error: ErrorCode { code: code.to_owned(), message: message.into() }, fields: Vec::new() } }
    }

    fn field(mut self, field: impl Into<String>, issue: impl Into<String>) -> Self {
        self.body.fields.push(FieldIssue { field: field.into(), issue: issue.into() });
        self
    }

    /// A field that can't be read.
    pub(super) fn bad_field(field: &str, issue: impl Into<String>) -> Self {
        let issue = issue.into();
        Self::new(StatusCode::BAD_REQUEST, "bad_request", format!("`{field}`: {issue}")).field(field, issue)
    }

    pub(super) fn no_such_task(given: &str) -> Self {
        Refusal::NoSuchTask { given: given.to_owned() }.into()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let answer = Self::new(status_of(&refusal), refusal.word(), refusal.sentence());
        match field_of(&refusal) {
            Some(field) => answer.field(field, refusal.sentence()),
            None => answer,
        }
    }
}

impl From<DeskError> for Refused {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Refused(refusals) => {
                let message = refusals.iter().map(Refusal::sentence).collect::<Vec<_>>().join(" ");
                let Some(first) = refusals.first() else {
                    return Self::new(StatusCode::BAD_REQUEST, "refused", "The request was refused.");
                };
                let answer = Self::new(status_of(first), first.word(), message);
                refusals
                    .iter()
                    .filter_map(|refusal| Some((field_of(refusal)?, refusal.sentence())))
                    .fold(answer, |answer, (field, issue)| answer.field(field, issue))
            }
            DeskError::Queue(error) => error.into(),
        }
    }
}

impl From<QueueError> for Refused {
    fn from(error: QueueError) -> Self {
        let message = error.to_string();
        match error {
            QueueError::NoTask(task) => Self::no_such_task(task.as_str()),
            QueueError::NotNow { .. } | QueueError::Late | QueueError::Illegal(_) => Self::new(StatusCode::CONFLICT, "not_now", message),
            QueueError::TooMany { limit, .. } => Refusal::TooManyOpen { most: limit }.into(),
            QueueError::Store(StoreError::Closed) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "closing", "The service is ending. Ask again when it is back.")
            }
            QueueError::Store(StoreError::Rows(RowsError::DiskFull)) => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "disk_full",
                "The disk is full: nothing can be stored. Make room and ask again.",
            ),
            QueueError::Store(failed) => {
                tracing::error!(error = %failed, "a request could not be answered: {failed}");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "store", message)
            }
        }
    }
}

impl From<ChatError> for Refused {
    fn from(error: ChatError) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "discord", format!("{error}."))
    }
}

/// Exhaustive on purpose: a new refusal does not compile until someone decides its status.
fn status_of(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::Empty
        | Refusal::Nul
        | Refusal::MistypedCommand { .. }
        | Refusal::UnknownModel { .. }
        | Refusal::UnknownAgent { .. }
        | Refusal::BadThinking { .. }
        | Refusal::BadTimeout { .. }
        | Refusal::TimeoutTooLong { .. }
        | Refusal::BadPriority { .. }
        | Refusal::PriorityTooHigh { .. }
        | Refusal::BadBudget { .. }
        | Refusal::BudgetTooHigh { .. }
        | Refusal::UnknownCheck { .. }
        | Refusal::BadIsolation { .. }
        | Refusal::BadCheckCommand { .. }
        | Refusal::TooManyChecks { .. } => StatusCode::BAD_REQUEST,
        Refusal::TooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::NotAllowed { .. } => StatusCode::FORBIDDEN,
        Refusal::TooManyOpen { .. } => StatusCode::TOO_MANY_REQUESTS,
        Refusal::NoSuchTask { .. } => StatusCode::NOT_FOUND,
        Refusal::HasEnded { .. } | Refusal::HasNotEnded { .. } | Refusal::IdTaken { .. } => StatusCode::CONFLICT,
        Refusal::Closed { .. } => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn field_of(refusal: &Refusal) -> Option<&'static str> {
    match refusal {
        Refusal::Empty | Refusal::Nul | Refusal::MistypedCommand { .. } | Refusal::TooLong { .. } => Some("text"),
        Refusal::UnknownModel { .. } => Some("model"),
        Refusal::UnknownAgent { .. } => Some("agent"),
        Refusal::BadThinking { .. } => Some("thinking"),
        Refusal::BadTimeout { .. } | Refusal::TimeoutTooLong { .. } => Some("timeout"),
        Refusal::BadPriority { .. } | Refusal::PriorityTooHigh { .. } => Some("priority"),
        Refusal::BadBudget { .. } | Refusal::BudgetTooHigh { .. } => Some("budget"),
        Refusal::UnknownCheck { .. } | Refusal::BadCheckCommand { .. } | Refusal::TooManyChecks { .. } => Some("checks"),
        Refusal::BadIsolation { .. } => Some("isolation"),
        Refusal::IdTaken { .. } => Some("task_id"),
        Refusal::NotAllowed { .. }
        | Refusal::TooManyOpen { .. }
        | Refusal::NoSuchTask { .. }
        | Refusal::HasEnded { .. }
        | Refusal::HasNotEnded { .. }
        | Refusal::Closed { .. } => None,
    }
}

/// A body of JSON; an empty one is `{}`.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| unreadable(&rejection))?;
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        let mut json = serde_json::Deserializer::from_slice(text);
        serde_path_to_error::deserialize(&mut json).map(Self).map_err(|error| {
            let path = error.path().to_string();
            let issue = error.into_inner().to_string();
            if path == "." {
                Refused::new(StatusCode::BAD_REQUEST, "bad_request", issue.clone()).field("", issue)
            } else {
                Refused::bad_field(&path, issue)
            }
        })
    }
}

fn unreadable(rejection: &BytesRejection) -> Refused {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "too_long", "The body is longer than 2 MiB.");
    }
    Refused::new(StatusCode::BAD_REQUEST, "bad_request", "The body could not be read.")
}

/// What stands behind `?`.
#[derive(Debug)]
pub(super) struct Asked<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let rejected = |rejection: axum::extract::rejection::QueryRejection| {
            let issue = rejection.body_text();
            Refused::new(StatusCode::BAD_REQUEST, "bad_request", issue.clone()).field("query", issue)
        };
        Query::<T>::from_request_parts(parts, state).await.map(|Query(asked)| Self(asked)).map_err(rejected)
    }
}

/// The task id in the path. One that can't be an id is simply not known.
#[derive(Debug)]
pub(super) struct Named(pub(super) TaskId);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let path = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        let given = path.map(|path| path.0).unwrap_or_default();
        given.parse().map(Self).map_err(|_| Refused::no_such_task(&given))
    }
}

pub(super) async fn no_such_route() -> Refused {
    Refused::new(StatusCode::NOT_FOUND, "no_such_route", "There is no such route. `GET /v1/status` is one.")
}

pub(super) async fn no_such_method() -> Refused {
    Refused::new(StatusCode::METHOD_NOT_ALLOWED, "no_such_method", "This route does not take this method.")
}
