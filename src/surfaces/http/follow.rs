//! `GET /v1/tasks/{id}/events`: what a task is doing, told whenever it changes, until it has ended.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::{Stream, StreamExt as _, stream};
use orchestrator_core::{domain::id::TaskId, wording::views::TaskDetail};

use super::{
    Door,
    answer::{Named, Refused},
    tasks,
};

/// How often a followed task is looked at. Only while somebody follows it.
const LOOK: Duration = Duration::from_millis(200);
/// How often a line is sent that says nothing, so that a dead connection is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Where a stream is.
struct Following {
    door: Door,
    id: TaskId,
    shown: Option<TaskDetail>,
    over: bool,
}

pub(super) async fn events(
    State(door): State<Door>,
    Named(id): Named,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refused> {
    tasks::seen(&door, id.clone()).await?;
    let closing = door.closing.clone();
    let following = Following { door, id, shown: None, over: false };
    let stream = stream::unfold(following, next).take_until(closing.cancelled_owned());
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// Waits for the next change. `state` for each, `ended` for the last, `gone` if the task can't be looked at any more.
async fn next(mut following: Following) -> Option<(Result<Event, Infallible>, Following)> {
    if following.over {
        return None;
    }
    loop {
        if following.shown.is_some() {
            tokio::time::sleep(LOOK).await;
        }
        let Ok(seen) = tasks::seen(&following.door, following.id.clone()).await else {
            following.over = true;
            return Some((Ok(gone()), following));
        };
        let ended = seen.detail.summary.outcome.is_some();
        if ended || following.shown.as_ref() != Some(&seen.detail) {
            following.shown = Some(seen.detail.clone());
            let Ok(told) = seen.whole(&following.door).await else {
                following.over = true;
                return Some((Ok(gone()), following));
            };
            following.over = ended;
            let name = if ended { "ended" } else { "state" };
            let event = Event::default().event(name).data(serde_json::to_string(&told).unwrap_or_default());
            return Some((Ok(event), following));
        }
    }
}

/// The task can't be looked at any more.
fn gone() -> Event {
    Event::default().event("gone").data("{}")
}
