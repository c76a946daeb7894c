//! Follows what a running agent prints: what it does, what it has spent, when it was last heard. Nothing here is stored: it is read again after a restart.

use std::{
    convert::Infallible,
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};

use super::{
    asking::Asking,
    checking,
    making::{self, Run},
    means::Means,
    metering::Meter,
    plain_file::{self, Found},
    reader::Reader,
    transcript,
    workspace::{LOG, Workspace},
};
use crate::domain::{
    agent::AgentName,
    lease::Fence,
    price,
    progress::Pulse,
    reading::{Format, Signal},
};

/// Between two looks at an agent's output.
const LOOKS: Duration = Duration::from_secs(2);
/// The same where money is to be held to a ceiling: what is used between two looks is what it may be overdrawn by.
const METERED_LOOKS: Duration = Duration::from_millis(200);
/// The same of an agent that may ask something: a person waits less gladly than a budget.
const ASKING_LOOKS: Duration = Duration::from_millis(500);
/// Most bytes that are read in one look: a flood is followed later, or not at all.
const AT_ONCE: u64 = 4 << 20;
/// How much of a log is looked at for its last line, in bytes.
const LAST_WORDS: u64 = 4 << 10;
/// Longest line that is waited for.
const LINE: usize = 1 << 20;

/// Follows an agent's output until it is dropped.
///
/// # Cancel safety
///
/// Cancel safe: the pulse goes with it.
pub(super) async fn follow(means: &Means, run: &Run, agent: &AgentName, since: DateTime<Utc>) -> Infallible {
    let beating = means.pulses.beating(&run.task.id);
    let definition = means.settings.agents.get(agent);
    let reading = definition.map(|definition| Arc::clone(&definition.reading)).unwrap_or_default();
    let tokenless = definition.is_some_and(|definition| !definition.reports_usage);
    let mut reader = Reader::new(&reading, 0);
    let mut tail =
        (reading.format == Format::Jsonl).then(|| Tail { path: making::stdout(&means.settings, run.attempt), read: 0, rest: Vec::new() });
    // An agent may remove its log, which is in its folder; not so what is kept of its output.
    let mut heard_in = vec![run.workspace.file(LOG), making::stdout(&means.settings, run.attempt)];
    let checked = checking::signs(&means.settings, run);
    let being_checked = checked.first().cloned();
    heard_in.extend(checked);
    let metered = reading.format == Format::Jsonl && !tokenless;
    let bounded = run.task.wishes.budget.is_some() || !means.queue.rules().ceilings.of(&run.task).is_empty();
    let mut meter = Meter::new(means, run.attempt, Fence(run.fence), &run.task.id);
    let mut asking = Asking::of(means, definition, run.attempt, Fence(run.fence));
    loop {
        let pause = match &asking {
            Some(asking) if asking.waits() => METERED_LOOKS,
            _ if bounded => METERED_LOOKS,
            Some(_) => ASKING_LOOKS,
            None => LOOKS,
        };
        // What ends sooner is told by its result.
        tokio::time::sleep(pause).await;
        let (looked, heard_in, being_checked) = (tail.take(), heard_in.clone(), being_checked.clone());
        let workspace = run.workspace.clone();
        let seen = tokio::task::spawn_blocking(move || {
            let times = heard_in.iter().filter_map(|path| std::fs::symlink_metadata(path).and_then(|seen| seen.modified()).ok());
            let heard_at = times.max().map(DateTime::<Utc>::from);
            let mut tail = looked;
            let lines = tail.as_mut().map(Tail::lines).unwrap_or_default();
            let last_line = if tail.is_none() { last_line(&workspace) } else { None };
            (tail, lines, last_line, heard_at, being_checked.is_some_and(|path| path.exists()))
        });
        let Ok((kept, lines, last_line, heard_at, is_being_checked)) = seen.await else { continue };
        tail = kept;
        for line in &lines {
            reader.line(line);
            if let Some(asking) = &mut asking {
                asking.line(line);
            }
        }
        if let Some(asking) = &mut asking {
            asking.look().await;
        }
        // A log may be older than the run, or the clock was put back meanwhile.
        let heard_at = heard_at.filter(|at| *at >= since).unwrap_or(since);
        let spent = reader.spent();
        let priced = price::price(&spent, &means.settings.catalogue, run.task.wishes.model.as_ref(), tokenless);
        let told = !spent.by_model.is_empty() || spent.cost.is_some();
        // What has ended spends nothing more.
        if let Some(cost) = priced.cost.filter(|_| told && bounded && !is_being_checked) {
            meter.reads(cost).await;
        }
        let (waited, waits) = asking.as_ref().map(Asking::waited).unwrap_or_default();
        let mut story = reader.story().clone();
        if is_being_checked {
            let names: Vec<String> = run.task.wishes.checks.iter().map(ToString::to_string).collect();
            story.add(Signal::ToolStarted, &format!("it has ended; its work is being checked ({})", names.join(", ")));
        }
        let pulse = Pulse { metered, story, usage: priced.usage, cost: priced.cost.filter(|_| told), last_line, heard_at, waited, waits };
        beating.is(pulse);
    }
}

/// The last line of an agent's log that says anything.
fn last_line(workspace: &Workspace) -> Option<String> {
    if !workspace.is_intact() {
        return None;
    }
    let log = transcript::tail(&workspace.file(LOG), LAST_WORDS).text;
    log.lines().rev().find(|line| !line.trim().is_empty()).map(str::to_owned)
}

/// A file that grows.
struct Tail {
    path: PathBuf,
    read: u64,
    /// The beginning of a line whose end has not come.
    rest: Vec<u8>,
}

impl Tail {
    /// The lines that have come since the last look.
    fn lines(&mut self) -> Vec<String> {
        let Found::Plain(file) = plain_file::open(&self.path) else { return Vec::new() };
        let Ok(bytes) = self.grown(file) else { return Vec::new() };
        self.read += bytes.len() as u64;
        self.rest.extend(bytes);
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else {
            if self.rest.len() > LINE {
                self.rest.clear();
            }
            return Vec::new();
        };
        let whole: Vec<u8> = self.rest.drain(..=end).collect();
        whole
            .split(|byte| *byte == b'\n')
            .filter(|line| line.len() <= LINE)
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect()
    }

    fn grown(&self, mut file: File) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(self.read))?;
        file.take(AT_ONCE).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs::OpenOptions, io::Write as _};

    use super::*;
    use crate::runner::workspace::tests::Folder;

    #[test]
    fn a_line_is_told_once_it_is_whole() {
        let folder = Folder::new();
        let path = folder.path().join("stdout");
        let write =
            |text: &[u8]| OpenOptions::new().append(true).create(true).open(&path).and_then(|mut file| file.write_all(text)).unwrap();
        let mut tail = Tail { path: path.clone(), read: 0, rest: Vec::new() };
        let mut lines = || tail.lines().into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>();

        assert!(lines().is_empty(), "there is no file yet");
        write("one\ntwo \u{e4}".as_bytes());
        assert_eq!(lines(), ["one"]);
        assert!(lines().is_empty());
        write(b" more\nthree\nfo");
        assert_eq!(lines(), ["two \u{e4} more", "three"]);
        write(&vec![b'x'; LINE + 10]);
        assert!(lines().is_empty());
        write(b"\nfive\n");
        assert_eq!(lines().last().map(String::as_str), Some("five"), "what is too long is passed over");
    }
}
