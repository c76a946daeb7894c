//! Buttons and selects. What a press asks, about what and of which state stands in its id; everything else is in the store, so that it is
//! obeyed, or explained, however old its message is and whatever was restarted since.

use std::sync::Arc;

use orchestrator_core::{
    domain::{
        attempt::Outcome,
        component::{ParsePressError, Press, Verb},
        id::TaskId,
        money::Usd,
        outbound::Post,
        step::Blocked,
    },
    intake::desk::DeskError,
    ports::agent_runner::StopReason,
    queue::{
        board::{Closed, Doing, TaskView},
        control::Cancelled,
    },
    wording::{
        answers::{self, hints},
        permission,
        refusals::Refusal,
    },
};
use serenity::{
    http::Http,
    model::{
        application::{ComponentInteraction, ComponentInteractionDataKind},
        channel::MessageFlags,
    },
};

use super::{Deps, call::Call, failing::CommandError, logs, reply::said, settings, status, visit::Visit, why};
use crate::surfaces::show;

/// What one press lets a task cost more.
const STEP: Usd = Usd::from_nanos(1_000_000_000);

/// Something was pressed or chosen.
pub(super) async fn pressed(deps: &Arc<Deps>, http: &Http, component: &ComponentInteraction) {
    let Some(visit) = Visit::enter(deps, http, Call::from(component)).await else { return };
    let given = &component.data.custom_id;
    let press = given.parse::<Press>();
    if let Err(ParsePressError::Foreign { .. }) = &press {
        tracing::info!("a button that is out of date was pressed: {given}");
        visit.reply.tell(&said(hints::stale_button())).await;
        return;
    }
    // What only its reader sees may be changed; what everybody sees stays, and he is answered beside it.
    let is_his = component.message.flags.is_some_and(|flags| flags.contains(MessageFlags::EPHEMERAL));
    let changes = is_his && press.as_ref().is_ok_and(|press| changes_its_message(press.verb));
    let acknowledged = if changes { visit.acknowledged_as_change().await } else { visit.acknowledged().await };
    let visit = match acknowledged {
        Ok(visit) if visit.repeated => return,
        Ok(visit) => visit,
        Err(error) => return tracing::warn!(%error, "a press was not carried out: {error}"),
    };
    let done = match &press {
        Ok(press) => {
            tracing::info!("{} pressed {press}", visit.actor.name());
            obey(&visit, press, chosen(component)).await
        }
        Err(ParsePressError::OtherVersion { subject, .. } | ParsePressError::Foreign { given: subject }) => {
            of_another_version(&visit, subject).await
        }
    };
    match done {
        Ok(post) => visit.reply.say(&post).await,
        Err(error) => match error.words() {
            Some(words) if changes => visit.reply.say_beside(&said(words)).await,
            Some(words) => visit.say(words).await,
            None => {}
        },
    }
}

/// Whether a press is answered in the message on which it was made: a question that is answered, a setting that is shown.
fn changes_its_message(verb: Verb) -> bool {
    match verb {
        Verb::Stop | Verb::LetRun | Verb::SetShown | Verb::SetThreads => true,
        Verb::Cancel
        | Verb::Retry
        | Verb::Release
        | Verb::Hasten
        | Verb::Interrupt
        | Verb::Logs
        | Verb::Why
        | Verb::Resume
        | Verb::Raise
        | Verb::Accept
        | Verb::Permit
        | Verb::PermitAlways
        | Verb::Deny => false,
    }
}

fn chosen(component: &ComponentInteraction) -> Option<&str> {
    match &component.data.kind {
        ComponentInteractionDataKind::StringSelect { values } => values.first().map(String::as_str),
        _ => None,
    }
}

async fn obey(visit: &Visit<'_>, press: &Press, chosen: Option<&str>) -> Result<Post, CommandError> {
    match press.verb {
        Verb::Resume => resume(visit).await,
        Verb::SetShown | Verb::SetThreads => settings::set(visit, press, chosen).await,
        Verb::Cancel
        | Verb::Stop
        | Verb::LetRun
        | Verb::Retry
        | Verb::Release
        | Verb::Hasten
        | Verb::Interrupt
        | Verb::Raise
        | Verb::Accept
        | Verb::Permit
        | Verb::PermitAlways
        | Verb::Deny
        | Verb::Logs
        | Verb::Why => of_a_task(visit, press).await,
    }
}

async fn resume(visit: &Visit<'_>) -> Result<Post, CommandError> {
    let is_paused = matches!(visit.deps.queue.closed().await?, Some(Closed::Paused { .. }));
    if !is_paused {
        return Ok(said(answers::not_paused()));
    }
    visit.deps.desk.resume(&visit.actor).await?;
    Ok(said(answers::resumed()))
}

async fn of_a_task(visit: &Visit<'_>, press: &Press) -> Result<Post, CommandError> {
    let (deps, by) = (visit.deps, &visit.actor);
    let id: TaskId = press.subject.parse().map_err(|_| Refusal::NoSuchTask { given: press.subject.clone() })?;
    let view = deps.desk.controlled(by, &id).await?;
    match press.verb {
        Verb::Logs => return Ok(logs::log_of(deps, &view).await),
        Verb::Why => return why::why_of(visit, &id).await,
        _ => {}
    }
    if let (Verb::Cancel | Verb::Stop | Verb::Interrupt, Doing::Running { attempt }) = (press.verb, view.doing())
        && let Some((reason, by)) = &attempt.stop
    {
        return Ok(said(answers::stopping_already(&id, by, *reason == StopReason::OverBudget)));
    }
    if let Some(answer) = permission::answer(press.verb) {
        return match deps.desk.permit(by, id.clone(), Some(press.version), answer).await? {
            Ok(question) => Ok(said(permission::answered(&id, &question, answer))),
            // Read anew: somebody else may have been faster.
            Err(_) => out_of_date(visit, &deps.desk.controlled(by, &id).await?).await,
        };
    }
    if press.version != view.begun() {
        return out_of_date(visit, &view).await;
    }
    match act(visit, press.verb, &view).await {
        Ok(Some(post)) => Ok(post),
        Ok(None) => out_of_date(visit, &view).await,
        // Somebody else was faster.
        Err(CommandError::Desk(DeskError::Refused(refusals)))
            if matches!(refusals.as_slice(), [Refusal::HasEnded { .. } | Refusal::HasNotEnded { .. }]) =>
        {
            out_of_date(visit, &deps.desk.controlled(by, &id).await?).await
        }
        Err(error) => Err(error),
    }
}

/// Does what is asked; `None`: it makes no sense in the task's state.
async fn act(visit: &Visit<'_>, verb: Verb, view: &TaskView) -> Result<Option<Post>, CommandError> {
    let (desk, by, id) = (&visit.deps.desk, &visit.actor, view.row.task.id.clone());
    Ok(match (verb, view.doing()) {
        (Verb::Cancel, Doing::Running { attempt }) => Some(answers::stop_it(&id, view.begun(), show::started_at(attempt))),
        (Verb::Cancel, Doing::Waiting | Doing::Parked { .. } | Doing::OutOfQuota(_) | Doing::Delayed { .. } | Doing::Blocked { .. })
        | (Verb::Stop, Doing::Running { .. }) => Some(said(match desk.cancel(by, id.clone()).await? {
            Cancelled::BeforeItRan => answers::cancelled(&id),
            Cancelled::Stopping(_) => answers::stopping(&id),
        })),
        (Verb::LetRun, Doing::Running { .. }) => Some(said(answers::runs_on(&id))),
        (Verb::Retry, Doing::Ended { .. } | Doing::Blocked { .. }) => {
            desk.retry(by, id.clone()).await?;
            Some(said(answers::retried(&id)))
        }
        (Verb::Release, Doing::Blocked { reason: Blocked::Paused }) => {
            desk.release(by, id.clone()).await?;
            Some(said(answers::released(&id)))
        }
        (Verb::Raise, Doing::Running { .. } | Doing::Parked { .. } | Doing::Ended { outcome: Outcome::OverBudget, .. }) => {
            Some(said(answers::raised(&id, desk.raise(by, id.clone(), STEP).await?)))
        }
        (Verb::Accept, Doing::Ended { outcome: Outcome::OverBudget, .. }) if desk.accept(by, id.clone()).await? => {
            Some(said(answers::accepted(&id)))
        }
        (Verb::Interrupt, Doing::Running { .. }) if desk.interrupt(by, id.clone()).await? => Some(said(answers::interrupted(&id))),
        (Verb::Hasten, Doing::Delayed { .. } | Doing::OutOfQuota(_)) if desk.hasten(by, id.clone()).await? => {
            Some(said(answers::hastened(&id)))
        }
        _ => None,
    })
}

/// Says that nothing was done, and shows what is true.
async fn out_of_date(visit: &Visit<'_>, view: &TaskView) -> Result<Post, CommandError> {
    Ok(Post { content: hints::stale_press(), ..status::detail_of(visit.deps, view).await? })
}

async fn of_another_version(visit: &Visit<'_>, subject: &str) -> Result<Post, CommandError> {
    let known = match subject.parse::<TaskId>() {
        Ok(id) => visit.deps.queue.show(id).await?,
        Err(_) => None,
    };
    let Some(view) = known else { return Ok(said(hints::other_version_of_something())) };
    let view = visit.deps.desk.controlled(&visit.actor, &view.row.task.id).await?;
    Ok(Post { content: hints::other_version(), ..status::detail_of(visit.deps, &view).await? })
}
