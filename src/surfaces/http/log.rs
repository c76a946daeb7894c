//! `GET /v1/tasks/{id}/log`: what a task's agent has said, a part of it or as it comes.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use axum::{
    Json,
    body::{Body, Bytes},
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use futures_util::{StreamExt as _, stream};
use orchestrator_core::{
    domain::id::TaskId,
    ports::rows::AttemptRow,
    queue::board::TaskView,
    wording::{redact::Pieces, views::LogChunk},
};
use serde::Deserialize;

use super::{
    Door,
    answer::{Asked, Named, Refused},
    why,
};

/// The log in an attempt's working folder. Source: contract 003 §3.
const FILE: &str = "agent-output.log";
/// The most that one answer holds.
const CHUNK: u64 = 256 * 1024;
/// How often a followed log is looked at.
const LOOK: Duration = Duration::from_millis(250);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    attempt: Option<u32>,
    tail: Option<usize>,
    from: Option<u64>,
    #[serde(default)]
    follow: bool,
}

pub(super) async fn log(State(door): State<Door>, Named(id): Named, Asked(wanted): Asked<Wanted>) -> Result<Response, Refused> {
    let view = view(&door, &id).await?;
    if wanted.follow && wanted.attempt.is_none() && view.attempts.is_empty() && view.row.ended.is_none() {
        return Ok(follow(door, id, None, 0));
    }
    let attempt = chosen(&view, wanted.attempt)?;
    let path = path(&door.workers, attempt, &id);
    let start = match (wanted.from, wanted.tail) {
        (Some(_), Some(_)) => return Err(Refused::bad_field("tail", "it can't stand beside `from`")),
        (Some(from), None) => from,
        (None, Some(lines)) => read(&door, &path, 0).await?.map_or(0, |file| start_of_tail(file, lines).unwrap_or(0)),
        (None, None) => 0,
    };
    if wanted.follow {
        return Ok(follow(door, id, Some(attempt.number), start));
    }
    let ended = !attempt.state.is_live();
    let Some(file) = read(&door, &path, start).await? else {
        if attempt.workspace_removed {
            return Err(Refused::new(
                StatusCode::NOT_FOUND,
                "log_removed",
                format!("The workspace of `{id}` was removed, and its log with it."),
            ));
        }
        return Ok(Json(LogChunk {
            agent_id: attempt.agent_id.clone(),
            attempt: attempt.number,
            text: String::new(),
            from: start,
            next: start,
            ended,
        })
        .into_response());
    };
    let bytes = part(file).map_err(|error| unreadable(&id, &error))?;
    let next = start + u64::try_from(bytes.len()).unwrap_or(0);
    let text = door.secrets.clean_cut(&String::from_utf8_lossy(&bytes));
    Ok(Json(LogChunk { agent_id: attempt.agent_id.clone(), attempt: attempt.number, text, from: start, next, ended }).into_response())
}

/// The last line that a task's working agent has said; `None`: it has said nothing, or its log can't be read.
pub(super) async fn last_line(door: &Door, view: &TaskView) -> Option<String> {
    let attempt = view.latest().filter(|attempt| attempt.state.is_live())?;
    let path = path(&door.workers, attempt, &view.row.task.id);
    let mut file = read(door, &path, 0).await.ok()??;
    let end = tokio::task::spawn_blocking(move || -> io::Result<Vec<u8>> {
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(why::LOG_END)))?;
        part(file)
    });
    why::last_line(&door.secrets.clean_cut(&String::from_utf8_lossy(&end.await.ok()?.ok()?)))
}

async fn view(door: &Door, id: &TaskId) -> Result<TaskView, Refused> {
    door.queue.show(id.clone()).await?.ok_or_else(|| Refused::no_such_task(id.as_str()))
}

fn chosen(view: &TaskView, number: Option<u32>) -> Result<&AttemptRow, Refused> {
    let found = match number {
        None => view.latest(),
        Some(number) => view.attempts.iter().find(|attempt| attempt.number == number),
    };
    found.ok_or_else(|| {
        let id = &view.row.task.id;
        let message = number.map_or_else(
            || format!("`{id}` has not been started yet, so there is no log."),
            |number| format!("`{id}` has no attempt {number}."),
        );
        Refused::new(StatusCode::NOT_FOUND, "no_attempt", message)
    })
}

fn path(workers: &Path, attempt: &AttemptRow, id: &TaskId) -> PathBuf {
    workers.join(&attempt.agent_id).join("tasks").join(id.as_str()).join(FILE)
}

/// Opens the log at a place; `None` if there is none (yet).
async fn read(door: &Door, path: &Path, start: u64) -> Result<Option<File>, Refused> {
    let (workers, path) = (door.workers.clone(), path.to_owned());
    let opened = tokio::task::spawn_blocking(move || open(&workers, &path, start)).await;
    match opened {
        Ok(Ok(file)) => Ok(Some(file)),
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Ok(Err(error)) => Err(Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "log", format!("The log could not be read: {error}."))),
        Err(error) => Err(Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "log", format!("The log could not be read: {error}."))),
    }
}

/// The folder is an agent's: a link in it must not lead us anywhere else.
fn open(workers: &Path, path: &Path, start: u64) -> io::Result<File> {
    let folder = path.parent().unwrap_or(workers);
    let (below, folder) = (folder.strip_prefix(workers).unwrap_or(folder), folder.canonicalize()?);
    if folder != workers.canonicalize()?.join(below) {
        return Err(io::Error::other("its folder was replaced by a link"));
    }
    let mut file = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(folder.join(FILE))?;
    if !file.metadata()?.is_file() || file.metadata()?.nlink() > 1 {
        return Err(io::Error::other("it is no plain file"));
    }
    file.seek(SeekFrom::Start(start))?;
    Ok(file)
}

fn part(file: File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(CHUNK).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Where the last `lines` lines begin, as far as one answer's length reaches back.
fn start_of_tail(mut file: File, lines: usize) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let from = length.saturating_sub(CHUNK);
    file.seek(SeekFrom::Start(from))?;
    let bytes = part(file)?;
    Ok(from + u64::try_from(tail(&bytes, lines)).unwrap_or(0))
}

/// Where the last `lines` lines begin; a line feed at the end begins no line.
fn tail(bytes: &[u8], lines: usize) -> usize {
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    if lines == 0 {
        return bytes.len();
    }
    body.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n').nth(lines - 1).map_or(0, |(at, _)| at + 1)
}

/// The log as it is and as it grows, until the attempt has ended, as plain text. Without a number: of the first attempt that there will be.
fn follow(door: Door, id: TaskId, number: Option<u32>, start: u64) -> Response {
    struct Following {
        door: Door,
        id: TaskId,
        number: Option<u32>,
        at: u64,
        said: Pieces,
        over: bool,
    }
    let closing = door.closing.clone();
    let parts =
        stream::unfold(Following { door, id, number, at: start, said: Pieces::default(), over: false }, |mut following| async move {
            while !following.over {
                // Looked up first: what was written until the end is then read after it.
                let view = following.door.queue.show(following.id.clone()).await.ok().flatten()?;
                let attempt = match following.number {
                    Some(number) => view.attempts.iter().find(|attempt| attempt.number == number),
                    None => view.attempts.first(),
                };
                let Some(attempt) = attempt else {
                    if view.row.ended.is_some() {
                        return None;
                    }
                    tokio::time::sleep(LOOK).await;
                    continue;
                };
                following.number = Some(attempt.number);
                let path = path(&following.door.workers, attempt, &following.id);
                let file = read(&following.door, &path, following.at).await.ok()?;
                let bytes = file.and_then(|file| part(file).ok()).unwrap_or_default();
                if !bytes.is_empty() {
                    following.at += u64::try_from(bytes.len()).unwrap_or(0);
                    let piece = following.said.next(&following.door.secrets, &bytes);
                    if piece.is_empty() {
                        continue;
                    }
                    return Some((Ok::<_, io::Error>(Bytes::from(piece)), following));
                }
                if !attempt.state.is_live() {
                    following.over = true;
                    let rest = following.said.last(&following.door.secrets);
                    return (!rest.is_empty()).then(|| (Ok(Bytes::from(rest)), following));
                }
                tokio::time::sleep(LOOK).await;
            }
            None
        });
    let body = Body::from_stream(parts.take_until(closing.cancelled_owned()));
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response()
}

fn unreadable(id: &TaskId, error: &io::Error) -> Refused {
    Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "log", format!("The log of `{id}` could not be read: {error}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_is_whole_lines() {
        let text = b"one\ntwo\nthree\n";

        assert_eq!(&text[tail(text, 2)..], b"two\nthree\n");
        assert_eq!(&text[tail(text, 9)..], text);
        assert_eq!(&text[tail(text, 0)..], b"");
        assert_eq!(&b"one\ntwo"[tail(b"one\ntwo", 1)..], b"two");
    }

    #[test]
    fn a_link_out_of_the_workspace_is_not_followed() {
        let root = tempfile::tempdir().unwrap();
        let workers = root.path().join("workers");
        let folder = workers.join("agent-1-x/tasks/7");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(root.path().join("secret"), "token").unwrap();
        std::os::unix::fs::symlink(root.path().join("secret"), folder.join(FILE)).unwrap();

        assert!(open(&workers, &folder.join(FILE), 0).is_err());

        std::fs::rename(&folder, workers.join("agent-1-x/tasks/8")).unwrap();
        std::os::unix::fs::symlink(root.path(), &folder).unwrap();
        std::fs::write(root.path().join(FILE), "outside").unwrap();
        assert!(open(&workers, &folder.join(FILE), 0).is_err());
    }
}
