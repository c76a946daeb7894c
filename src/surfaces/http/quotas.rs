//! `GET /v1/quotas`, and the word that one is there again.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use orchestrator_core::{
    domain::quota::Credential,
    wording::quotas::{QuotaList, QuotaView},
};
use serde_json::{Value, json};

use super::{Door, actor::Asker, answer::Refused};

pub(super) async fn quotas(State(door): State<Door>) -> Result<Json<QuotaList>, Refused> {
    let quotas = door.queue.quotas().await?;
    Ok(Json(QuotaList { quotas: quotas.into_iter().map(QuotaView::from).collect() }))
}

pub(super) async fn back(State(door): State<Door>, Asker(by): Asker, Path(given): Path<String>) -> Result<Json<Value>, Refused> {
    let credential: Credential = given.parse().map_err(|error| Refused::bad_field("credential", format!("{error}")))?;
    let known: Vec<String> = door.queue.quotas().await?.into_iter().map(|one| one.credential.to_string()).collect();
    if !known.contains(&given) {
        let why = format!("No agent has a credential `{credential}`. Known: {}.", known.join(", "));
        return Err(Refused::new(StatusCode::NOT_FOUND, "no_such_credential", why));
    }
    let message = if door.desk.quota_is_back(&by, credential.clone()).await? {
        format!("The quota of `{credential}` counts as there again: who waits for it goes on.")
    } else {
        format!("The quota of `{credential}` is not known to be used up; nothing was changed.")
    };
    Ok(Json(json!({"credential": credential, "message": message})))
}
