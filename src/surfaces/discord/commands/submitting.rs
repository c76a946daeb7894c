//! What `/task`, its form and "Run as task" have in common: the request is brought to the desk, and the answer gains the link when the task's
//! message stands.

use orchestrator_core::{
    domain::{id::TaskId, retry::Delays, task::Attachment},
    intake::{
        desk::{Request, Taken},
        parse::Asked,
    },
    queue::QueueError,
    wording::answers,
};
use serenity::model::channel::Attachment as DiscordAttachment;
use tokio::time::{Instant, sleep};

use super::{failing::CommandError, visit::Visit};

/// A task as it was asked for.
pub(super) struct Wanted {
    /// The interaction with which it began. It names the task, and is the key under which it is taken once.
    pub(super) began: u64,
    pub(super) text: String,
    pub(super) asked: Asked,
    pub(super) attachments: Vec<Attachment>,
}

/// Submits and answers. A refusal is left to the caller: a form gives its text back.
pub(super) async fn submit(visit: &Visit<'_>, wanted: Wanted) -> Result<(), CommandError> {
    let deps = visit.deps;
    let key = wanted.began.to_string();
    let Ok(id) = key.parse::<TaskId>() else { return Ok(()) };
    let request = Request {
        source: "interaction",
        key,
        id,
        by: visit.actor.clone(),
        text: wanted.text,
        asked: wanted.asked,
        attachments: wanted.attachments,
        announce: true,
    };
    let Taken { task, new, .. } = deps.desk.submit(request).await?;
    if visit.repeated {
        return Ok(());
    }
    if !new {
        let state = deps.queue.show(task.clone()).await?.map_or("unknown", |view| view.word());
        visit.say(answers::known(&task, state)).await;
        return Ok(());
    }
    visit.say(answers::queued(&task, None)).await;
    match link(visit, &task).await {
        Ok(Some(link)) => visit.say(answers::queued(&task, Some(&link))).await,
        Ok(None) => {}
        // The task is taken and said to be; its link is an extra.
        Err(error) => tracing::warn!(task.id = %task, %error, "{task}: its message could not be looked up: {error}"),
    }
    Ok(())
}

/// Where the task's message is, once it stands; `None`: it has taken too long.
async fn link(visit: &Visit<'_>, task: &TaskId) -> Result<Option<String>, QueueError> {
    let deps = visit.deps;
    if deps.desk.rules().task_channels.is_empty() {
        return Ok(None);
    }
    let until = Instant::now() + deps.timing.link;
    let looks = Delays::new(deps.timing.look, deps.timing.look * 20);
    for look in 1.. {
        sleep(looks.before(look)).await;
        if let Some(at) = deps.queue.show(task.clone()).await?.and_then(|view| view.row.message) {
            return Ok(Some(deps.chat.link(at)));
        }
        if Instant::now() >= until {
            break;
        }
    }
    Ok(None)
}

/// A file as the stages know it.
pub(super) fn attachment(file: &DiscordAttachment) -> Attachment {
    Attachment { name: file.filename.clone(), url: file.url.clone(), size: u64::from(file.size) }
}
