//! What is done to tasks and to the service: cancel, retry, hold, release, reclaim, look, pause, resume.

use axum::{Json, extract::State, http::StatusCode};
use orchestrator_core::{
    domain::{
        actor::{Actor, Right},
        id::{MessageId, TaskId},
        money::Usd,
        task::MessageRef,
    },
    intake::{desk::DeskError, hear::Heed},
    ports::{
        agent_runner::StopReason,
        chat::{Chat, From, Heard},
    },
    queue::{control::Cancelled, marks::CLAIMED},
    wording::{
        fit, harmless,
        refusals::Refusal,
        views::{Done, PauseAsk, Paused, PermitAsk, RaiseAsk, Reclaimed},
    },
};
use serde_json::{Value, json};

use super::{
    Door,
    actor::Asker,
    answer::{Body, Named, Refused},
};

/// Messages in one page. Source: Discord developer documentation, "Get Channel Messages", parameter `limit`.
const PAGE: u8 = 100;
/// How many pages of a channel a reclaim of everything reads.
const PAGES: usize = 50;
/// Reactions that say that a task has ended. Source: contract 003 §2.
const ENDED: [&str; 4] = ["🏁", "❌", "⏱", "🛑"];

pub(super) async fn cancel(State(door): State<Door>, Asker(by): Asker, Named(id): Named) -> Result<Json<Done>, Refused> {
    let message = match door.desk.cancel(&by, id.clone()).await? {
        Cancelled::BeforeItRan => format!("`{id}` waited and will not run."),
        Cancelled::Stopping(attempt) => {
            if let Some(runner) = &door.stopper {
                runner.stop(attempt, StopReason::Cancelled).await;
            }
            format!("`{id}` runs; its agent is being stopped.")
        }
    };
    done(&door, id, message).await
}

pub(super) async fn retry(State(door): State<Door>, Asker(by): Asker, Named(id): Named) -> Result<Json<Done>, Refused> {
    door.desk.retry(&by, id.clone()).await?;
    let message = format!("`{id}` will run again.");
    done(&door, id, message).await
}

pub(super) async fn hold(State(door): State<Door>, Asker(by): Asker, Named(id): Named) -> Result<Json<Done>, Refused> {
    door.desk.hold(&by, id.clone()).await?;
    let message = format!("`{id}` is held until it is released.");
    done(&door, id, message).await
}

pub(super) async fn release(State(door): State<Door>, Asker(by): Asker, Named(id): Named) -> Result<Json<Done>, Refused> {
    door.desk.release(&by, id.clone()).await?;
    let message = format!("`{id}` is not held.");
    done(&door, id, message).await
}

pub(super) async fn hasten(State(door): State<Door>, Asker(by): Asker, Named(id): Named) -> Result<Json<Done>, Refused> {
    let message = if door.desk.hasten(&by, id.clone()).await? {
        format!("`{id}` is tried again now.")
    } else {
        return Err(Refused::new(StatusCode::CONFLICT, "waits_for_no_time", format!("`{id}` does not wait for a later time.")));
    };
    done(&door, id, message).await
}

pub(super) async fn raise(
    State(door): State<Door>,
    Asker(by): Asker,
    Named(id): Named,
    Body(ask): Body<RaiseAsk>,
) -> Result<Json<Done>, Refused> {
    let more = ask.more_usd.parse::<Usd>().ok().filter(|more| *more > Usd::ZERO);
    let more = more.ok_or_else(|| Refusal::BadBudget { given: ask.more_usd.clone() }).map_err(DeskError::from)?;
    let budget = door.desk.raise(&by, id.clone(), more).await?;
    let message = format!("`{id}` may cost {budget} in all now.");
    done(&door, id, message).await
}

pub(super) async fn accept(State(door): State<Door>, Asker(by): Asker, Named(id): Named) -> Result<Json<Done>, Refused> {
    if !door.desk.accept(&by, id.clone()).await? {
        let why = format!("`{id}` is no task that was stopped at its ceiling and waits for a decision.");
        return Err(Refused::new(StatusCode::CONFLICT, "nothing_to_accept", why));
    }
    let message = format!("`{id}`: what there is of its result is taken as it is.");
    done(&door, id, message).await
}

pub(super) async fn permit(
    State(door): State<Door>,
    Asker(by): Asker,
    Named(id): Named,
    Body(ask): Body<PermitAsk>,
) -> Result<Json<Done>, Refused> {
    match door.desk.permit(&by, id.clone(), ask.number, ask.answer).await? {
        Ok(question) => {
            let title = door.secrets.clean(&harmless::one_line(&question.title));
            done(&door, id.clone(), format!("`{id}`: {} is answered with \"{}\".", fit::cut(&title, 160), ask.answer)).await
        }
        Err(why) => Err(Refused::new(StatusCode::CONFLICT, "not_asked", format!("{why}."))),
    }
}

async fn done(door: &Door, id: TaskId, message: String) -> Result<Json<Done>, Refused> {
    let state = door.queue.show(id.clone()).await?.map_or("unknown", |view| view.word()).to_owned();
    Ok(Json(Done { id, state, message }))
}

/// One message becomes a task whatever signs it carries.
pub(super) async fn reclaim(State(door): State<Door>, Asker(by): Asker, Named(id): Named) -> Result<Json<Reclaimed>, Refused> {
    operates(&door, &by)?;
    let mut reclaimed = Reclaimed::default();
    if door.queue.show(id.clone()).await?.is_some() {
        reclaimed.known.push(id);
        return Ok(Json(reclaimed));
    }
    let message: MessageId = id.as_str().parse().map_err(|_| Refused::no_such_task(id.as_str()))?;
    let chat = chat(&door)?;
    for channel in door.desk.rules().task_channels.clone() {
        if let Some(heard) = chat.message(MessageRef { channel, message }).await? {
            take(&door, &heard, &mut reclaimed).await?;
            return Ok(Json(reclaimed));
        }
    }
    Err(Refused::no_such_task(id.as_str()))
}

/// Every message that was claimed, has not ended, and is not known to the store: what is left when the store was lost.
pub(super) async fn reclaim_all(State(door): State<Door>, Asker(by): Asker) -> Result<Json<Reclaimed>, Refused> {
    operates(&door, &by)?;
    let chat = chat(&door)?;
    let mut reclaimed = Reclaimed::default();
    for channel in door.desk.rules().task_channels.clone() {
        let (mut from, mut lost) = (From::End, Vec::new());
        for _ in 0..PAGES {
            let page = chat.history(channel, from, PAGE).await?;
            let Some(oldest) = page.first() else { break };
            from = From::Before(oldest.at.message);
            let is_whole_channel = page.len() < usize::from(PAGE);
            for heard in page.into_iter().rev() {
                let carries = |emoji: &str| heard.our_reactions.iter().any(|put| put.trim_end_matches('\u{fe0f}') == emoji);
                if carries(CLAIMED) && !ENDED.into_iter().any(carries) {
                    lost.push(heard);
                } else {
                    reclaimed.left += 1;
                }
            }
            if is_whole_channel {
                break;
            }
        }
        // Oldest first, as they would have run.
        for heard in lost.iter().rev() {
            take(&door, heard, &mut reclaimed).await?;
        }
    }
    Ok(Json(reclaimed))
}

async fn take(door: &Door, heard: &Heard, reclaimed: &mut Reclaimed) -> Result<(), Refused> {
    match door.desk.reclaim(heard).await? {
        Heed::Task(task) => reclaimed.taken.push(task),
        Heed::Asked(task) => reclaimed.asked.push(task),
        Heed::Known(task) => reclaimed.known.push(task),
        Heed::Refused => reclaimed.refused.push(heard.at.message.into()),
        Heed::Ignored => reclaimed.left += 1,
    }
    Ok(())
}

fn chat(door: &Door) -> Result<&dyn Chat, Refused> {
    door.chat.as_deref().ok_or_else(|| {
        Refused::new(StatusCode::SERVICE_UNAVAILABLE, "no_discord", "Discord is not configured here, so its messages can't be read.")
    })
}

pub(super) async fn look(State(door): State<Door>) -> (StatusCode, Json<Value>) {
    door.look.notify_one();
    (StatusCode::ACCEPTED, Json(json!({"message": "The queue is looked at."})))
}

pub(super) async fn pause(State(door): State<Door>, Asker(by): Asker, Body(ask): Body<PauseAsk>) -> Result<Json<Paused>, Refused> {
    operates(&door, &by)?;
    let stopped = door.queue.pause(by.name().to_owned(), ask.stop_running).await?;
    if door.about.service {
        tracing::warn!(by = by.name(), stopped, "{} paused everything; {stopped} agents are being stopped", by.name());
    }
    Ok(Json(Paused { stopped }))
}

pub(super) async fn resume(State(door): State<Door>, Asker(by): Asker) -> Result<Json<Value>, Refused> {
    operates(&door, &by)?;
    door.queue.resume(by.name().to_owned()).await?;
    tracing::info!(by = by.name(), "{} resumed", by.name());
    Ok(Json(json!({"message": "Tasks are started again."})))
}

fn operates(door: &Door, by: &Actor) -> Result<(), Refused> {
    Ok(door.desk.may(by, Right::Operate, false)?)
}
