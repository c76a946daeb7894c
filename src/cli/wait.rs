//! Waiting for a task: its progress from the service, or, where none can be reached, from the reactions on its message and from #results.

use std::time::Duration;

use orchestrator_core::{
    domain::{
        attempt::Outcome,
        id::{ChannelId, TaskId},
        money::Usd,
        task::{MessageRef, show_duration},
    },
    ports::{
        chat::{Chat as _, ChatError, From, Heard},
        clock::Clock as _,
    },
    queue::marks::{CLAIMED, REFUSED},
    wording::{checks, entry, figures, harmless, views::TaskDetail},
};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::{
    Context,
    client::{Client, ServerEvents},
    exit::{Exit, Failure},
};
use crate::{
    adapters::{discord::Sender, system_clock::SystemClock},
    config::Config,
};

/// How long a running service may take to hear of a message.
const HEARING: Duration = Duration::from_secs(20);
/// How often a service that has not heard is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(300);
/// How often Discord is asked: two requests each time.
const LOOK: Duration = Duration::from_secs(2);
/// How long the reply to a refused task is waited for.
const REPLY_PATIENCE: Duration = Duration::from_secs(5);
/// How long an ended task's entry in #results is waited for.
const ENTRY_PATIENCE: Duration = Duration::from_secs(60);
/// How often the line with the elapsed time is renewed.
const TICK: Duration = Duration::from_secs(1);

pub(super) async fn run(
    context: &Context,
    config: &Config,
    sender: &Sender,
    id: &TaskId,
    at: Option<MessageRef>,
    at_most: Option<Duration>,
) -> Result<Exit, Failure> {
    // No end: a century is longer than any task.
    let until = Instant::now() + at_most.unwrap_or(Duration::from_secs(100 * 365 * 86_400));
    let waited = timeout_at(until, async {
        if let Some(service) = Client::of_service(config)?
            && let Some(ended) = from_service(context, &service, sender, id, at).await?
        {
            return Ok(told(context, &ended));
        }
        match at {
            Some(at) => from_discord(context, config, sender, id, at).await,
            None => Err(Failure::new(
                Exit::Unreachable,
                format!("The service went away; the task `{id}` goes on or is found again at its next start."),
            )),
        }
    })
    .await;
    waited.unwrap_or_else(|_| {
        let shown = show_duration(at_most.unwrap_or_default());
        Err(Failure::new(
            Exit::StillGoing,
            format!("`{id}` has not ended within {shown}; it goes on. `orchestrator status {id}` tells how far it is."),
        ))
    })
}

/// Follows a task's states until it has ended; `None` if the service does not hear of it or goes away.
async fn from_service(
    context: &Context,
    service: &Client,
    sender: &Sender,
    id: &TaskId,
    at: Option<MessageRef>,
) -> Result<Option<TaskDetail>, Failure> {
    let heard_by = Instant::now() + HEARING;
    let (mut asked, mut look_at) = (false, Instant::now() + LOOK);
    let response = loop {
        match service.stream(&format!("/tasks/{id}/events")).await {
            Ok(response) => break response,
            Err(failure) if failure.exit == Exit::NotFound && Instant::now() < heard_by => {
                if !asked {
                    asked = true;
                    let _looks_by_itself: Result<Value, Failure> = service.post("/look", &json!({})).await;
                }
                // A task that was refused is never heard of: its message shows it.
                if let (Some(at), true) = (at, Instant::now() >= look_at) {
                    look_at = Instant::now() + LOOK;
                    if let Ok(Some(heard)) = sender.message(at).await
                        && seen(&heard) == Seen::Refused
                    {
                        return Err(refused(sender, at).await);
                    }
                }
                context.voice.progress("waiting for the service to take it …");
                tokio::time::sleep(ASK_AGAIN).await;
            }
            Err(failure) if matches!(failure.exit, Exit::NotFound | Exit::Unreachable) => return Ok(None),
            Err(failure) => return Err(failure),
        }
    };
    let mut events = ServerEvents::of(response);
    let mut last: Option<TaskDetail> = None;
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            () = tokio::time::sleep(TICK), if context.voice.err_is_terminal => {
                if let Some(detail) = &last {
                    context.voice.progress(&progress(detail, true));
                }
                continue;
            }
        };
        let Some(event) = event else { return Ok(None) };
        let Ok(detail) = serde_json::from_str::<TaskDetail>(&event.data) else { return Ok(None) };
        if event.name == "ended" {
            context.voice.clear();
            return Ok(Some(detail));
        }
        context.voice.progress(&progress(&detail, context.voice.err_is_terminal));
        last = Some(detail);
    }
}

fn progress(detail: &TaskDetail, with_time: bool) -> String {
    let summary = &detail.summary;
    let mut parts = vec![format!("{} {}", summary.id, summary.state.replace('_', " "))];
    if let (true, Some(since)) = (with_time, summary.started_at) {
        parts.push(show_duration((SystemClock.now() - since).to_std().unwrap_or_default()));
    }
    if let Some(agent) = summary.agent_id.as_ref().filter(|_| summary.state == "running") {
        parts.push(agent.clone());
    }
    if let Some(now) = &detail.now {
        let cost = now.cost_nanos.map(|nanos| Usd::from_nanos(nanos).to_string());
        parts.extend(cost.or_else(|| now.tokens.map(|tokens| figures::tokens(Some(&tokens)))));
        parts.extend(now.tells.clone());
    }
    parts.extend(detail.reason.clone());
    parts.join(" · ")
}

/// Prints how a task ended: the result on standard output, the reason beside it.
fn told(context: &Context, ended: &TaskDetail) -> Exit {
    let outcome = ended.summary.outcome.unwrap_or(Outcome::Failed);
    if context.voice.json {
        context.voice.result(ended, String::new);
        return Exit::of(outcome);
    }
    if let Some(result) = &ended.result {
        if !result.text.is_empty() {
            context.voice.foreign(&format!("{}\n", result.text.trim_end_matches('\n')));
        }
        if outcome != Outcome::Succeeded
            && let Some(tail) = &result.log_tail
        {
            context.voice.note(&format!("The end of its log:\n{}", harmless::without_escapes(tail)));
        }
    }
    for line in ended.attempts.last().and_then(|attempt| attempt.checked.as_ref()).map(checks::in_terminal).unwrap_or_default() {
        context.voice.note(&line);
    }
    let reason = ended.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    context.voice.note(&format!("[{}] {} · {}{reason}", outcome.tag(), ended.summary.id, ended.summary.cost));
    Exit::of(outcome)
}

/// What can be seen of a task in Discord.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Waiting,
    Claimed,
    Refused,
    Ended(Outcome),
}

fn seen(heard: &Heard) -> Seen {
    let has = |emoji: &str| heard.our_reactions.iter().any(|put| put.trim_end_matches('\u{fe0f}') == emoji);
    let ended = [Outcome::Succeeded, Outcome::TimedOut, Outcome::Cancelled].into_iter().find(|outcome| has(outcome.mark()));
    match ended {
        Some(outcome) => Seen::Ended(outcome),
        // ❌ beside ✅ is the end of a task that ran; alone it is a refusal.
        None if has(CLAIMED) && has(REFUSED) => Seen::Ended(Outcome::Failed),
        None if has(REFUSED) => Seen::Refused,
        None if has(CLAIMED) => Seen::Claimed,
        None => Seen::Waiting,
    }
}

/// Why, in the words of the reply, which may come after the sign.
async fn refused(sender: &Sender, at: MessageRef) -> Failure {
    let until = Instant::now() + REPLY_PATIENCE;
    let reply = loop {
        let page = sender.history(at.channel, From::After(at.message), 100).await.unwrap_or_default();
        let reply = page.into_iter().find(|heard| heard.ours && heard.reply_to == Some(at.message));
        if reply.is_some() || Instant::now() >= until {
            break reply;
        }
        tokio::time::sleep(ASK_AGAIN).await;
    };
    let link = sender.link(at);
    Failure::new(
        Exit::Refused,
        match reply {
            Some(reply) => format!("The task was refused: {}\n{link}", harmless::without_escapes(&reply.content)),
            None => format!("The task was refused; the reply to it says why: {link}"),
        },
    )
}

/// Follows the reactions on a task's message, then reads its entry.
async fn from_discord(context: &Context, config: &Config, sender: &Sender, id: &TaskId, at: MessageRef) -> Result<Exit, Failure> {
    let outcome = loop {
        match sender.message(at).await {
            Ok(None) => return Err(Failure::new(Exit::NotFound, format!("The message of `{id}` was deleted."))),
            Ok(Some(heard)) => match seen(&heard) {
                Seen::Ended(outcome) => break outcome,
                Seen::Refused => return Err(refused(sender, at).await),
                Seen::Claimed => context.voice.progress(&format!("{id} claimed (✅); waiting for its result …")),
                Seen::Waiting => context.voice.progress(&format!("{id} waits for a bot to claim it …")),
            },
            Err(ChatError::Unauthorized) => return Err(super::posting::refused(&ChatError::Unauthorized, "TASK_QUEUE_CHANNEL")),
            Err(error) => context.voice.progress(&format!("{error}; asking again …")),
        }
        tokio::time::sleep(LOOK).await;
    };
    context.voice.clear();
    let results = config.discord.as_ref().ok().map(|discord| discord.results);
    let entry = match results {
        Some(results) => entry_of(sender, results, id, at).await,
        None => None,
    };
    let outcome = entry.as_deref().and_then(|text| tagged(text, id)).unwrap_or(outcome);
    context.voice.result(&json!({"id": id, "outcome": outcome, "entry": entry}), || match &entry {
        Some(text) => text.clone(),
        None => format!("[{}] {id} (its entry in #results was not found)", outcome.tag()),
    });
    Ok(Exit::of(outcome))
}

/// The text of a task's entry in #results, as soon as it stands.
async fn entry_of(sender: &Sender, results: ChannelId, id: &TaskId, at: MessageRef) -> Option<String> {
    let until = Instant::now() + ENTRY_PATIENCE;
    loop {
        // The entry is younger than its task; ids grow with time.
        let mut from = From::After(at.message);
        while let Ok(page) = sender.history(results, from, 100).await {
            let found = page.iter().find_map(|heard| {
                let texts = std::iter::once(&heard.content).chain(&heard.embeds);
                texts.filter(|text| entry::marks_of(text).iter().any(|(task, _)| task == id)).map(String::clone).next()
            });
            if found.is_some() {
                return found;
            }
            match page.last() {
                Some(last) if page.len() == 100 => from = From::After(last.at.message),
                _ => break,
            }
        }
        if Instant::now() >= until {
            return None;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The outcome that an entry's first line names.
fn tagged(text: &str, id: &TaskId) -> Option<Outcome> {
    let line = text.lines().find(|line| line.contains(id.as_str()))?;
    [Outcome::Succeeded, Outcome::Failed, Outcome::TimedOut, Outcome::Cancelled, Outcome::Interrupted, Outcome::OverBudget]
        .into_iter()
        .find(|outcome| line.contains(&format!("[{}]", outcome.tag())))
}
