//! `/v1/tasks`: list, show, submit.

use axum::{Json, extract::State, http::StatusCode};
use orchestrator_core::{
    domain::{
        check,
        component::Verb,
        id::{AttemptId, TaskId},
    },
    intake::{desk::Request, parse},
    ports::rows::TaskFilter,
    wording::{
        views::{SubmitAsk, Taken, TaskDetail, TaskPage, WhyView},
        why::Reader,
    },
};
use serde::Deserialize;

use super::{
    Door,
    actor::Asker,
    answer::{Asked, Body, Named, Refused},
    log, show, why,
};

/// Tasks in a page that names no number.
const PAGE: u32 = 50;
/// The most.
const LONGEST_PAGE: u32 = 500;
/// How far down the queue a task's place is looked for.
const DEEPEST: u32 = 5_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    state: Option<String>,
    lane: Option<String>,
    before: Option<TaskId>,
    limit: Option<u32>,
}

pub(super) async fn list(State(door): State<Door>, Asked(wanted): Asked<Wanted>) -> Result<Json<TaskPage>, Refused> {
    let open = match wanted.state.as_deref() {
        None | Some("all") => None,
        Some("open") => Some(true),
        Some("ended") => Some(false),
        Some(_) => return Err(Refused::bad_field("state", "it is one of open, ended, all")),
    };
    let limit = wanted.limit.unwrap_or(PAGE);
    if !(1..=LONGEST_PAGE).contains(&limit) {
        return Err(Refused::bad_field("limit", format!("it is from 1 to {LONGEST_PAGE}")));
    }
    if let Some(before) = &wanted.before
        && door.queue.show(before.clone()).await?.is_none()
    {
        return Err(Refused::bad_field("before", "there is no such task"));
    }
    // One more than asked for tells whether there is a next page.
    let views = door.queue.list(TaskFilter { open, lane: wanted.lane, before: wanted.before, limit: limit + 1 }).await?;
    let page = usize::try_from(limit).unwrap_or(usize::MAX);
    let next = if views.len() > page { views.get(page - 1).map(|last| last.row.task.id.clone()) } else { None };
    Ok(Json(TaskPage { tasks: views.iter().take(page).map(show::summary).collect(), next }))
}

pub(super) async fn show(State(door): State<Door>, Named(id): Named) -> Result<Json<TaskDetail>, Refused> {
    detail(&door, id).await.map(Json)
}

/// One task with all that may be asked of it.
pub(super) async fn detail(door: &Door, id: TaskId) -> Result<TaskDetail, Refused> {
    seen(door, id).await?.whole(door).await
}

/// A task as it is seen at a look: of a long result only its beginning is read.
pub(super) struct Seen {
    pub(super) detail: TaskDetail,
    long_result: Option<AttemptId>,
}

impl Seen {
    /// What is told of it: with the whole result.
    pub(super) async fn whole(mut self, door: &Door) -> Result<TaskDetail, Refused> {
        if let (Some(result), Some(attempt)) = (&mut self.detail.result, self.long_result)
            && let Some(text) = door.queue.long_result(attempt).await?
        {
            result.text = text;
        }
        Ok(self.detail)
    }
}

pub(super) async fn seen(door: &Door, id: TaskId) -> Result<Seen, Refused> {
    let Some(view) = door.queue.show(id.clone()).await? else { return Err(Refused::no_such_task(id.as_str())) };
    let position = if view.word() == "waiting" {
        let waiting = door.queue.waiting(DEEPEST).await?;
        waiting.iter().position(|other| other.row.task.id == id).and_then(|at| u64::try_from(at + 1).ok())
    } else {
        None
    };
    let events = door.queue.events(id).await?;
    let pulse = door.progress.pulse(&view.row.task.id).filter(|_| view.word() == "running");
    let mut detail = show::detail(&view, position, &events, door.chat.as_deref(), &door.workers, pulse.as_ref());
    // What its agent tells and asks for are the agent's own words; what it has begun to write may end within a secret.
    if let Some(tells) = detail.now.as_mut().and_then(|now| now.tells.as_mut()) {
        *tells = door.secrets.clean_cut(tells);
    }
    for question in detail.asks.iter_mut().map(|asked| &mut asked.question) {
        question.title = door.secrets.clean(&question.title);
        question.detail = question.detail.as_deref().map(|detail| door.secrets.clean(detail));
    }
    if !detail.asks.is_empty() {
        detail.reason = detail.reason.map(|reason| door.secrets.clean(&reason));
    }
    Ok(Seen { detail, long_result: show::long_result(&view) })
}

pub(super) async fn why(State(door): State<Door>, Named(id): Named) -> Result<Json<WhyView>, Refused> {
    let Some(standing) = door.queue.standing(id.clone()).await? else { return Err(Refused::no_such_task(id.as_str())) };
    let last_line = log::last_line(&door, &standing.view).await;
    let link = |at| door.chat.as_ref().map(|chat| chat.link(at));
    let why = why::why(&standing, door.queue.rules(), &link, None, last_line);
    let moves = why.moves().into_iter().filter_map(command).map(str::to_owned).collect();
    Ok(Json(WhyView {
        id,
        state: why.state.clone(),
        why: why.lines(Reader::Terminal).iter().map(|line| door.secrets.clean(line)).collect(),
        moves,
    }))
}

/// The verb of the command line that does what a button does; `None`: there is none.
fn command(verb: Verb) -> Option<&'static str> {
    match verb {
        Verb::Cancel | Verb::Stop => Some("cancel"),
        Verb::Retry => Some("retry"),
        Verb::Release => Some("release"),
        Verb::Logs => Some("logs"),
        Verb::Resume => Some("resume"),
        Verb::Hasten => Some("hasten"),
        Verb::Raise => Some("raise"),
        Verb::Accept => Some("accept"),
        Verb::Permit | Verb::PermitAlways | Verb::Deny => Some("permit"),
        Verb::Why | Verb::LetRun | Verb::Interrupt | Verb::SetShown | Verb::SetThreads => None,
    }
}

pub(super) async fn submit(
    State(door): State<Door>,
    Asker(by): Asker,
    Body(ask): Body<SubmitAsk>,
) -> Result<(StatusCode, Json<Taken>), Refused> {
    if check::command_in(&ask.text).is_some() {
        let why = "it has a tag `[check:!…]`: a command of its own, which may have come with a text from elsewhere, is given in `checks`";
        return Err(Refused::bad_field("text", why));
    }
    let id = ask.task_id.unwrap_or_else(|| {
        let unix_ms = u64::try_from(door.clock.now().timestamp_millis()).unwrap_or(0);
        TaskId::generated(unix_ms, door.entropy.bytes())
    });
    let taken = door
        .desk
        .submit(Request {
            source: "cli",
            key: id.to_string(),
            id,
            by,
            text: ask.text,
            asked: parse::Asked {
                model: ask.model,
                thinking: ask.thinking,
                agent: ask.agent,
                timeout: ask.timeout,
                priority: ask.priority,
                budget: ask.budget,
                checks: ask.checks,
                isolation: ask.isolation.into_iter().collect(),
            },
            attachments: Vec::new(),
            announce: true,
        })
        .await?;
    let state = door.queue.show(taken.task.clone()).await?.map_or("waiting", |view| view.word());
    let status = if taken.new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(Taken { id: taken.task, new: taken.new, state: state.to_owned() })))
}
