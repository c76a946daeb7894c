//! `/why`: why a task is where it is, and what would move it. And "Why did this happen?", in the menu of a message.

use std::sync::Arc;

use orchestrator_core::{
    domain::{
        actor::{Actor, Right},
        agent::Secret,
        attempt::AttemptState,
        id::{ChannelId, MessageId, RoleId, TaskId},
        outbound::Post,
        task::MessageRef,
    },
    ports::rows::TaskFilter,
    queue::board::{Doing, TaskView, standing::Standing},
    wording::{
        answers::hints,
        because,
        redact::redact_cut,
        refusals::Refusal,
        why::{self, Why},
    },
};
use serenity::model::channel::Message;

use super::{Context, Deps, failing::CommandError, suggest, visit::Visit};
use crate::surfaces::why as facts;

/// How many words in back-ticks of a message are tried for a task's id.
const TRIED: usize = 20;

/// Say why a task is not moving, and what would move it.
#[poise::command(slash_command, interaction_context = "Guild")]
pub(super) async fn why(
    ctx: Context<'_>,
    #[description = "The task's id; leave it out for your newest one"]
    #[autocomplete = "suggest::tasks"]
    task: Option<String>,
) -> Result<(), CommandError> {
    let Some(visit) = Visit::of(ctx).await? else { return Ok(()) };
    let id = match task {
        Some(given) => Some(visit.task(&given).await?),
        None => meant(&visit).await?,
    };
    let post = match id {
        Some(id) => why_of(&visit, &id).await?,
        None => Post { content: hints::no_task_yet(), ..Post::default() },
    };
    visit.reply.say(&post).await;
    Ok(())
}

#[poise::command(context_menu_command = "Why did this happen?", interaction_context = "Guild")]
pub(super) async fn why_did_this_happen(ctx: Context<'_>, #[description = "The message"] message: Message) -> Result<(), CommandError> {
    let Some(visit) = Visit::of(ctx).await? else { return Ok(()) };
    visit.deps.desk.may(&visit.actor, Right::Submit, true)?;
    let post = match about(visit.deps, &message).await? {
        Some(id) => {
            let (why, standing) = gathered(&visit, &id).await?;
            let events: Vec<_> = standing.events.iter().map(|event| (event.at, because::happened(&event.what))).collect();
            why::story(&why, &events)
        }
        None if is_refused(visit.deps, &message).await? => Post { content: hints::was_refused(), ..Post::default() },
        None => Post { content: hints::no_task_s_message(), ..Post::default() },
    };
    visit.reply.say(&post).await;
    Ok(())
}

/// Why a task is where it is, if the asker may control it.
pub(super) async fn why_of(visit: &Visit<'_>, id: &TaskId) -> Result<Post, CommandError> {
    Ok(why::answer(&gathered(visit, id).await?.0))
}

/// The asker's newest open task; else his newest; else, of an operator, anybody's.
async fn meant(visit: &Visit<'_>) -> Result<Option<TaskId>, CommandError> {
    let deps = visit.deps;
    deps.desk.may(&visit.actor, Right::ControlOwn, true)?;
    let own = TaskFilter { lane: Some(visit.actor.lane()), limit: 1, ..TaskFilter::default() };
    let mut wanted = vec![TaskFilter { open: Some(true), ..own.clone() }, own];
    if deps.desk.may(&visit.actor, Right::ControlOwn, false).is_ok() {
        wanted.push(TaskFilter { limit: 1, ..TaskFilter::default() });
    }
    for filter in wanted {
        if let Some(view) = deps.queue.list(filter).await?.first() {
            return Ok(Some(view.row.task.id.clone()));
        }
    }
    Ok(None)
}

/// The facts of a task, if the asker may control it.
async fn gathered(visit: &Visit<'_>, id: &TaskId) -> Result<(Why, Standing), CommandError> {
    let deps = visit.deps;
    deps.desk.controlled(&visit.actor, id).await?;
    let unknown = || Refusal::NoSuchTask { given: id.to_string() };
    let standing = deps.queue.standing(id.clone()).await?.ok_or_else(unknown)?;
    let last_line = last_line(deps, &standing.view).await;
    let why = facts::why(&standing, deps.queue.rules(), &|at| Some(deps.chat.link(at)), may_resume(deps, &visit.actor), last_line);
    Ok((why, standing))
}

/// Who may resume everything, if the asker may not.
fn may_resume(deps: &Deps, by: &Actor) -> Option<Vec<RoleId>> {
    match deps.desk.may(by, Right::Operate, false) {
        Ok(()) => None,
        Err(Refusal::NotAllowed { roles, .. }) => Some(roles),
        Err(_) => Some(Vec::new()),
    }
}

/// The last line of the log of an agent that works.
async fn last_line(deps: &Deps, view: &TaskView) -> Option<String> {
    let Doing::Running { attempt } = view.doing() else { return None };
    let AttemptState::Running { .. } = attempt.state else { return None };
    let (log, workspace, task) = (Arc::clone(&deps.log), deps.workers.join(&attempt.agent_id), view.row.task.id.clone());
    let tail = tokio::task::spawn_blocking(move || log.tail(&workspace, &task, facts::LOG_END)).await.ok()?.ok()?;
    // Before it is cut: of a secret no half may be left.
    let secrets: Vec<&str> = deps.secrets.iter().map(Secret::expose).collect();
    facts::last_line(&redact_cut(&tail.text, &secrets))
}

/// The task that a message is about: its own, one that it names, or one that the message which it answers is about.
async fn about(deps: &Deps, message: &Message) -> Result<Option<TaskId>, CommandError> {
    if let Some(id) = of_message(deps, message.id.get()).await? {
        return Ok(Some(id));
    }
    let texts = std::iter::once(message.content.as_str()).chain(message.embeds.iter().filter_map(|embed| embed.description.as_deref()));
    for word in texts.flat_map(in_back_ticks).take(TRIED) {
        if let Some(id) = named(deps, word).await? {
            return Ok(Some(id));
        }
    }
    if let Some(answered) = answered(message)
        && let Some(id) = of_message(deps, answered).await?
    {
        return Ok(Some(id));
    }
    // A task's thread has the id of its card.
    Ok(deps.queue.task_of_card(MessageId::new(message.channel_id.get())).await?)
}

/// The task whose own message this is, or whose card.
async fn of_message(deps: &Deps, message: u64) -> Result<Option<TaskId>, CommandError> {
    let message = MessageId::new(message);
    match deps.queue.task_of_message(message).await? {
        Some(id) => Ok(Some(id)),
        None => Ok(deps.queue.task_of_card(message).await?),
    }
}

/// The task that a word names, by its id or by its agent's.
async fn named(deps: &Deps, word: &str) -> Result<Option<TaskId>, CommandError> {
    let Ok(id) = word.parse::<TaskId>() else { return Ok(None) };
    if deps.queue.show(id.clone()).await?.is_some() {
        return Ok(Some(id));
    }
    if word.starts_with("agent-") { Ok(deps.queue.task_of_agent(word.to_owned()).await?) } else { Ok(None) }
}

fn in_back_ticks(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2).filter(|word| !word.is_empty())
}

fn answered(message: &Message) -> Option<u64> {
    let answered = message.message_reference.as_ref().and_then(|reference| reference.message_id);
    answered.or(message.referenced_message.as_ref().map(|answered| answered.id)).map(serenity::model::id::MessageId::get)
}

/// Whether the message, or the one that it answers, was refused.
async fn is_refused(deps: &Deps, message: &Message) -> Result<bool, CommandError> {
    let channel = message.channel_id.get();
    for id in [Some(message.id.get()), answered(message)].into_iter().flatten() {
        let at = MessageRef { channel: ChannelId::new(channel), message: MessageId::new(id) };
        if deps.queue.has_refused(at).await? {
            return Ok(true);
        }
    }
    Ok(false)
}
