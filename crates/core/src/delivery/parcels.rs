//! Posts: letters are packed, sent under their nonce, searched for when its window is over, and never lost.

use super::{
    enclosed,
    means::{Lane, Means, Step},
};
use crate::{
    domain::{
        id::{LetterId, ParcelId},
        outbound::{Address, Letter, Post, ResultFacts},
        retry::POST_RETRIES,
        task::MessageRef,
    },
    ports::{
        chat::{ChatError, From, Heard, Remedy},
        rows::{LetterRow, ParcelRow},
    },
    queue::{
        QueueError,
        outbound::{Outgoing, Undelivered},
    },
    wording::{alerts, announcements, artifacts, card, entry, notices, permission},
};

/// More letters than Discord takes embeds are never packed. Source: Discord developer documentation, "Create Message", field `embeds`.
const LETTERS_PER_PARCEL: u32 = 10;
/// A message of 2,000 characters holds two dozen notices of the usual kind, and hardly ever more than this.
const NOTICES_PER_PARCEL: u32 = 40;
/// From so many waiting results on, the channel is the bottleneck and several share one message.
const CROWD: usize = 3;
/// Nothing of a parcel can be older than its first send; but that is told by our clock, and the age of a message by Discord's.
const CLOCKS_DIFFER: chrono::Duration = chrono::Duration::hours(26);
/// How many pages of a channel's history are searched for a parcel that may stand.
const SEARCHED_PAGES: u32 = 20;

/// Sends the next parcel of an address.
pub(super) async fn step(means: &Means, to: Address, hurry: bool) -> Result<Step, QueueError> {
    let parcel = match means.queue.outgoing(to, LETTERS_PER_PARCEL, NOTICES_PER_PARCEL).await? {
        Outgoing::Nothing => return Ok(Step::Nothing),
        Outgoing::Parcel(parcel)
            if !(means.settings.delays.is_due(parcel.progress.due_at, means.clock.now())
                || hurry && parcel.progress.waits_for_return()) =>
        {
            return Ok(Step::NotBefore(parcel.progress.due_at));
        }
        Outgoing::Parcel(parcel) => *parcel,
        Outgoing::Letters(letters) => {
            let (ids, post) = compose(means, &letters);
            let Some(parcel) = means.queue.pack(to, ids, post).await? else { return Ok(Step::Went) };
            parcel
        }
    };
    match stands_already(means, &parcel).await {
        Ok(Some(at)) => {
            tracing::info!(parcel = %parcel.id, "parcel {} was found in the channel's history: it had arrived", parcel.id);
            means.queue.delivered(parcel.id, at).await?;
            return Ok(Step::Went);
        }
        Ok(None) => {}
        Err(error) if error.remedy() == Remedy::Never => return held(means, &parcel, &error).await,
        Err(error) => return failed(means, &parcel, &error).await,
    }
    let whole = enclosed::enclosed(means, &parcel.post).await?;
    let sent = means.chat.post(means.spoken(to), &parcel.id, whole.post).await;
    drop(whole.room);
    means.note_token(Lane::Posts(to), sent.as_ref().err());
    match sent {
        Ok(at) => {
            means.queue.delivered(parcel.id, at).await?;
            Ok(Step::Went)
        }
        Err(error) => failed(means, &parcel, &error).await,
    }
}

/// Takes the letters that go together, and words them.
fn compose(means: &Means, letters: &[(LetterRow, Option<Box<ResultFacts>>)]) -> (Vec<LetterId>, Post) {
    let ids = |n: usize| letters.iter().take(n).map(|(row, _)| row.id).collect::<Vec<_>>();
    let results: Vec<&ResultFacts> = letters.iter().map_while(|(_, facts)| facts.as_deref()).collect();
    let plain = |content: String| Post { content, ..Post::default() };
    let (count, mut post) = match &letters[0].0.letter {
        // A second entry of a task answers its first: it stands alone.
        Letter::Result { .. } if results.len() >= CROWD && results.iter().take(CROWD).all(|facts| facts.answers.is_none()) => {
            let alone = results.iter().take_while(|facts| facts.answers.is_none()).count();
            let (post, fitted) = entry::batch(&results[..alone]);
            (fitted.max(1), post)
        }
        Letter::Result { .. } => (1, results.first().map(|facts| alone(means, facts)).unwrap_or_default()),
        Letter::Spawned { .. } | Letter::Finished { .. } => {
            let all: Vec<String> = letters.iter().map_while(|(row, _)| notices::notice(&whole(means, &row.letter))).collect();
            let (post, joined) = notices::join(all.iter().map(String::as_str));
            (joined.max(1), post)
        }
        Letter::Announcement { task } => (1, announcements::announcement(task)),
        Letter::Question { to, task, question } => (1, Post { reply_to: *to, ..permission::question(task, question) }),
        Letter::Reply { to, text } => (1, Post { reply_to: Some(*to), ..plain(text.clone()) }),
        Letter::Told { .. } => (1, results.first().map(|facts| card::told(facts)).unwrap_or_default()),
        Letter::Operator { text } => (1, plain(text.clone())),
    };
    redact(means, &mut post);
    (ids(count), post)
}

/// A result's entry as a message of its own, with files that the agent has left.
fn alone(means: &Means, facts: &ResultFacts) -> Post {
    let mut post = entry::entry(facts);
    artifacts::attach(&mut post, facts, means.settings.attach_files);
    post
}

/// A notice's text was cut when it was written.
fn whole(means: &Means, letter: &Letter) -> Letter {
    match letter {
        Letter::Spawned { agent_id, text } => Letter::Spawned { agent_id: agent_id.clone(), text: uncut(means, text) },
        other => other.clone(),
    }
}

/// A text that was cut out of a longer one, with no half of a secret left.
pub(super) fn uncut(means: &Means, text: &str) -> String {
    let secrets: Vec<&str> = means.settings.secrets.iter().map(crate::domain::agent::Secret::expose).collect();
    crate::wording::redact::redact_cut(text, &secrets)
}

pub(super) fn redact(means: &Means, post: &mut Post) {
    let secrets: Vec<&str> = means.settings.secrets.iter().map(crate::domain::agent::Secret::expose).collect();
    let clean = |text: &mut String| *text = crate::wording::redact::redact(text, &secrets);
    clean(&mut post.content);
    post.embeds.iter_mut().for_each(|embed| clean(&mut embed.description));
    post.files.iter_mut().for_each(|file| clean(&mut file.text));
}

/// Looks for a parcel whose nonce protects it no longer in the channel's history. A parcel that was not found is protected anew.
async fn stands_already(means: &Means, parcel: &ParcelRow) -> Result<Option<MessageRef>, ChatError> {
    let now = means.clock.now();
    // A first send that is yet to come says that the clock was put back, and nothing of the nonce.
    let age = parcel.progress.first_sent_at.and_then(|first| (now - first).to_std().ok());
    if age.is_some_and(|age| age < means.settings.nonce_window) {
        return Ok(None);
    }
    let oldest = parcel.progress.first_sent_at.map(|first| first - CLOCKS_DIFFER);
    let mut from = From::End;
    for _ in 0..SEARCHED_PAGES {
        let page = means.chat.history(parcel.to.channel, from, 100).await?;
        if let Some(found) = page.iter().find(|heard| is(heard, &parcel.post)) {
            return Ok(Some(found.at));
        }
        let Some(first) = page.first() else { break };
        if oldest.is_some_and(|oldest| first.written_at < oldest) {
            break;
        }
        from = From::Before(first.at.message);
    }
    means.queue.sent_afresh(parcel.id.clone()).await.map_err(|error| ChatError::NotSent { reason: error.to_string() })?;
    Ok(None)
}

/// Whether a message of ours is this post: same text, same boxes, as far as Discord keeps white space, and not the answer to somebody else, who
/// may have been told the same. An answer whose message is gone is shown as none.
fn is(heard: &Heard, post: &Post) -> bool {
    let same = |a: &str, b: &str| a.split_whitespace().eq(b.split_whitespace());
    heard.ours
        && heard.reply_to.is_none_or(|answered| post.reply_to.is_some_and(|to| to.message == answered))
        && same(&heard.content, &post.content)
        && heard.embeds.len() == post.embeds.len()
        && heard.embeds.iter().zip(&post.embeds).all(|(there, here)| same(there, &here.description))
}

async fn failed(means: &Means, parcel: &ParcelRow, error: &ChatError) -> Result<Step, QueueError> {
    match error.remedy() {
        Remedy::Retry { at_least } => {
            let failures = parcel.progress.failures + 1;
            let delay = means.settings.delays.before(failures).max(at_least);
            let line = if failures <= POST_RETRIES {
                format!("Discord post failed ({}), retry {failures}/{POST_RETRIES} in {}s...", error.short(), delay.as_secs())
            } else {
                format!("Discord post failed ({}) after {POST_RETRIES} retries: it is kept and posted when Discord is back", error.short())
            };
            if failures <= POST_RETRIES {
                tracing::warn!(parcel = %parcel.id, "{line}");
            } else {
                tracing::error!(parcel = %parcel.id, "{line}");
            }
            note(means, &parcel.id, &line).await?;
            let due_at = means.clock.now() + delay;
            means.queue.put_off(parcel.id.clone(), failures, due_at, error.to_string()).await?;
            Ok(Step::Failed(due_at))
        }
        Remedy::Never => {
            let line = format!("Discord post failed ({}), not tried again: {error}", error.short());
            tracing::error!(parcel = %parcel.id, "{line}");
            note(means, &parcel.id, &line).await?;
            // What only a thread was told stands in the results too: somebody has closed the thread, and no harm is done.
            let only_told = means.queue.is_told_in_thread(parcel.id.clone()).await?;
            if !only_told {
                keep_text(means, parcel).await?;
            }
            let alert = alerts::undeliverable(parcel.to.channel, &error.to_string(), &means.settings.undelivered.display().to_string());
            means.queue.undeliverable(parcel.id.clone(), error.to_string(), (!only_told).then_some(alert)).await?;
            Ok(Step::Went)
        }
    }
}

/// The channel's history can't be read, so nobody knows whether the parcel stands: it is held, and the operator is told once.
async fn held(means: &Means, parcel: &ParcelRow, error: &ChatError) -> Result<Step, QueueError> {
    let due_at = means.clock.now() + means.settings.delays.before(u32::MAX);
    let line = format!("It is not known whether the post arrived, and the channel's history can't be read ({error}): it is held");
    if parcel.progress.last_error.as_deref() != Some(line.as_str()) {
        tracing::error!(parcel = %parcel.id, "{line}");
        note(means, &parcel.id, &line).await?;
        keep_text(means, parcel).await?;
        means.queue.tell_operator(alerts::unconfirmed(parcel.to.channel, &means.settings.undelivered.display().to_string())).await?;
    }
    means.queue.put_off(parcel.id.clone(), parcel.progress.failures, due_at, line).await?;
    Ok(Step::NotBefore(due_at))
}

/// Tells the logs of a parcel's tasks what happened to it.
async fn note(means: &Means, parcel: &ParcelId, line: &str) -> Result<(), QueueError> {
    for Undelivered { task, agent_id } in means.queue.tasks_in(parcel.clone()).await? {
        means.log.note(&means.settings.workers.join(agent_id), &task, line);
    }
    Ok(())
}

/// What no channel takes is kept as a file, whole.
async fn keep_text(means: &Means, parcel: &ParcelRow) -> Result<(), QueueError> {
    let whole = enclosed::enclosed(means, &Post { left: Vec::new(), ..parcel.post.clone() }).await?;
    let boxes: String = whole.post.embeds.iter().map(|embed| format!("\n\n{}", embed.description)).collect();
    let files: String = whole.post.files.iter().map(|file| format!("\n\n--- {} ---\n{}", file.name, file.text)).collect();
    let path = means.settings.undelivered.join(format!("{}.md", parcel.id));
    let kept = std::fs::create_dir_all(&means.settings.undelivered)
        .and_then(|()| std::fs::write(&path, format!("{}{boxes}{files}\n", whole.post.content)));
    if let Err(error) = kept {
        tracing::error!(%error, "what could not be posted could not be kept at {} either: {error}", path.display());
    }
    Ok(())
}
