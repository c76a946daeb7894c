//! What goes along with a post and stands somewhere else until it is sent: long results, and files that an agent has left.

use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use super::means::Means;
use crate::{
    domain::{
        agent::Secret,
        id::AttemptId,
        outbound::{LeftFile, Post, PostFile},
    },
    queue::QueueError,
    wording::{entry, redact::Known},
};

/// Bytes of files from which on a post takes its turn: large ones are in memory one at a time.
const LARGE: u64 = 1 << 20;

/// A post with all that goes along.
pub(super) struct Enclosed {
    /// The post as it is sent.
    pub(super) post: Post,
    /// What it takes of the memory, until it is sent.
    pub(super) room: Option<OwnedSemaphorePermit>,
}

/// Reads what goes along with a post. What can't be had any more is told of in its place, and so is a file that holds a secret which can't be
/// taken out.
///
/// # Errors
///
/// [`QueueError::Store`].
pub(super) async fn enclosed(means: &Means, post: &Post) -> Result<Enclosed, QueueError> {
    let bytes: u64 = post.files.iter().map(PostFile::size).chain(post.left.iter().map(|file| file.size)).sum();
    let room = if bytes > LARGE { Arc::clone(&means.large).acquire_owned().await.ok() } else { None };
    let mut post = post.clone();
    let known = Arc::new(Known::of(means.settings.secrets.iter().map(Secret::expose)));
    for file in &mut post.files {
        if let Some(result) = file.result.take() {
            file.text = long_result(means, &known, result.attempt).await?;
        }
    }
    if !post.left.is_empty() {
        post.left = left(means, known, post.left).await;
    }
    Ok(Enclosed { post, room })
}

/// A long result as a file holds it. It was cleaned of the secrets of its time: there may be others now.
async fn long_result(means: &Means, known: &Arc<Known>, attempt: AttemptId) -> Result<String, QueueError> {
    let Some(text) = means.queue.long_result(attempt).await? else { return Ok("The result is not kept any more.\n".to_owned()) };
    let known = Arc::clone(known);
    let clean = move || {
        let mut text = known.clean_whole(text);
        text.truncate(entry::in_a_file(&text).len());
        text
    };
    Ok(tokio::task::spawn_blocking(clean).await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic())))
}

async fn left(means: &Means, known: Arc<Known>, mut left: Vec<LeftFile>) -> Vec<LeftFile> {
    let (log, workers) = (means.log.clone(), means.settings.workers.clone());
    let read = tokio::task::spawn_blocking(move || {
        for file in &mut left {
            let found = log.left(&workers.join(&file.agent_id), &file.task, &file.path, file.size);
            match found.and_then(|bytes| known.clean_file(bytes).ok_or_else(|| "it holds a secret of the orchestrator".to_owned())) {
                Ok(bytes) => file.bytes = bytes,
                Err(why) => {
                    file.bytes = format!("{} was not attached: {why}.\n", file.path).into_bytes();
                    file.name.push_str(".not-attached.txt");
                }
            }
        }
        left
    });
    read.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}
