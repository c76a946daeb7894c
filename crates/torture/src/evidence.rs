//! What the judges look at: taken from the world from outside, and plain enough to be doctored by their tests.

use std::{collections::BTreeMap, fs};

use orchestrator_sandbox::{
    Snowflake,
    world::message::{EPHEMERAL, Message},
};
use serde_json::Value;

use crate::{
    agents::API_KEY,
    fate::Fate,
    processes::Process,
    settings::Settings,
    store::{Reader, Store},
    task::Tag,
    world::World,
};

/// How the history went, as far as its player knows.
#[derive(Clone, Debug)]
pub(crate) struct Course {
    pub(crate) settings: Settings,
    pub(crate) fates: Vec<Fate>,
    /// How often the service was killed or stopped before the last stop.
    pub(crate) stops: u64,
    pub(crate) clock_moved: bool,
    /// All that the command line has said.
    pub(crate) said: String,
    /// How the last service ended.
    pub(crate) last_exit: Option<i32>,
    /// What `list --json` said before that.
    pub(crate) listed: Option<Value>,
}

/// An entry in #results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) task: String,
    pub(crate) tag: Tag,
    /// The attempt's number; none: it never ran.
    pub(crate) number: Option<u32>,
    /// The cost that it shows, in billionths of a dollar.
    pub(crate) cost: Option<i64>,
    /// Its text, with the files of its message.
    pub(crate) text: String,
}

/// A line that an agent has appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) task: String,
    pub(crate) attempt: String,
    pub(crate) label: String,
}

/// A message of #task-queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) id: u64,
    pub(crate) ours: bool,
    pub(crate) content: String,
    pub(crate) reply_to: Option<u64>,
    /// What it says, if it is the card of a task.
    pub(crate) card: Option<String>,
    /// The reactions of our bot.
    pub(crate) signs: Vec<String>,
}

/// All of it.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    pub(crate) course: Course,
    pub(crate) entries: Vec<Entry>,
    /// Entries that begin like one and can't be read.
    pub(crate) garbled: Vec<String>,
    pub(crate) runs: Vec<Run>,
    /// The agent ids that checks have appended, one for each time that one was run.
    pub(crate) checked: Vec<String>,
    /// The attempts whose agents were told that they may, one for each time.
    pub(crate) permitted: Vec<String>,
    pub(crate) store: Store,
    pub(crate) shown: Vec<Shown>,
    /// Notices of agents that ended, and how often each was posted.
    pub(crate) finished: BTreeMap<String, usize>,
    /// Requests of ours that took a ✅ away.
    pub(crate) ticks_removed: Vec<String>,
    pub(crate) left: Vec<Process>,
    pub(crate) controls: Vec<String>,
    /// Where secrets were found.
    pub(crate) leaks: Vec<String>,
}

impl Evidence {
    /// Takes it from a world whose service was stopped.
    pub(crate) fn collect(world: &World, course: Course) -> Self {
        let bots: Vec<(Snowflake, String)> =
            world.sandbox.look(|discord| discord.users().filter(|user| user.bot).map(|user| (user.id, user.token.clone())).collect());
        let is_ours = |message: &Message| bots.iter().any(|(bot, _)| *bot == message.author);
        let mut entries = Vec::new();
        let mut garbled = Vec::new();
        let results: Vec<Message> =
            world.sandbox.look(|discord| discord.messages_in("results").filter(|message| is_ours(message)).cloned().collect());
        for message in results {
            let files: String = message
                .attachments
                .iter()
                .filter_map(|file| world.sandbox.look(|discord| discord.file(file.id)))
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                .collect();
            let boxes = message.embeds.iter().filter_map(|embed| embed["description"].as_str());
            for text in std::iter::once(message.content.as_str()).chain(boxes).filter(|text| text.starts_with("**[")) {
                match entry(text) {
                    Some(entry) => entries.push(Entry { text: format!("{text}\n{files}"), ..entry }),
                    None => garbled.push(text.to_owned()),
                }
            }
        }
        let store = Reader::open(&world.store_path()).and_then(|reader| reader.read());
        let store = store.unwrap_or_else(|error| Store { integrity: format!("it can't be read: {error}"), ..Store::default() });
        let mut evidence = Self {
            entries,
            garbled,
            runs: world.text("runs.txt").lines().map(run).collect(),
            checked: world.text("checks.txt").lines().map(str::to_owned).collect(),
            permitted: world.text("permits.txt").lines().map(str::to_owned).collect(),
            store,
            shown: world.sandbox.look(|discord| {
                let signs = |message: &Message| {
                    let ours = message.reactions.iter().filter(|one| one.users.iter().any(|user| bots.iter().any(|(bot, _)| bot == user)));
                    ours.map(|one| one.emoji.as_str().replace('\u{fe0f}', "")).collect()
                };
                let messages = discord.messages_in("task-queue").filter(|message| message.flags & EPHEMERAL == 0);
                let shown = messages.map(|message| Shown {
                    id: message.id.get(),
                    ours: is_ours(message),
                    content: message.content.clone(),
                    reply_to: message.reply_to.map(Snowflake::get),
                    card: message.embeds.first().filter(|_| message.content.is_empty() && is_ours(message)).and_then(description),
                    signs: signs(message),
                });
                shown.collect()
            }),
            finished: finished(world),
            ticks_removed: ticks_removed(world),
            left: world.processes(),
            controls: controls(world),
            leaks: Vec::new(),
            course,
        };
        let secrets: Vec<&str> = bots.iter().map(|(_, token)| token.as_str()).chain([API_KEY]).collect();
        evidence.leaks = leaks(world, &secrets, &evidence.course.said);
        evidence
    }

    /// The fate of a task, by its id.
    pub(crate) fn fate(&self, id: &str) -> Option<&Fate> {
        self.course.fates.iter().find(|fate| fate.id.as_deref() == Some(id))
    }

    /// A task's entries, oldest first.
    pub(crate) fn entries_of<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().filter(move |entry| entry.task == id)
    }
}

fn description(embed: &Value) -> Option<String> {
    embed["description"].as_str().map(str::to_owned)
}

/// Reads an entry. Source of its form: contract 003 §5.
fn entry(text: &str) -> Option<Entry> {
    let (tag, rest) = text.strip_prefix("**[")?.split_once("]** `")?;
    let (task, _) = rest.split_once('`')?;
    let figures = text.lines().nth(2)?;
    let (_, number) = figures.rsplit_once("**Attempt:** ")?;
    let (_, cost) = figures.split_once("**Cost:** ")?;
    let cost = cost.split(' ').next()?;
    Some(Entry {
        task: task.to_owned(),
        tag: Tag::of_text(tag)?,
        number: if number == "none" { None } else { Some(number.trim().parse().ok()?) },
        cost: nanos(cost),
        text: text.to_owned(),
    })
}

/// `$0.001215` in billionths of a dollar; nothing for `N/A`.
fn nanos(shown: &str) -> Option<i64> {
    let (dollars, fraction) = shown.strip_prefix('$')?.split_once('.').unwrap_or((shown.strip_prefix('$')?, ""));
    let whole: i64 = dollars.replace(',', "").parse().ok()?;
    let fraction: i64 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    Some(whole * 1_000_000_000 + fraction)
}

fn run(line: &str) -> Run {
    let mut words = line.split_whitespace().map(str::to_owned);
    let mut next = || words.next().unwrap_or_default();
    Run { task: next(), attempt: next(), label: next() }
}

fn finished(world: &World) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    world.sandbox.look(|discord| {
        for message in discord.messages_in("worker-pool") {
            for line in message.content.lines().filter(|line| line.contains("Agent `")) {
                *counts.entry(line.to_owned()).or_default() += 1;
            }
        }
    });
    counts
}

fn ticks_removed(world: &World) -> Vec<String> {
    let removes = |method: &str, path: &str| {
        method == "DELETE" && path.contains("/reactions") && (path.contains('✅') || path.ends_with("/reactions"))
    };
    let log = world.sandbox.log();
    let requests = log.iter().filter_map(|record| record.request());
    requests.filter(|request| request.by_bot && removes(&request.method, &request.path)).map(|request| request.path.clone()).collect()
}

fn controls(world: &World) -> Vec<String> {
    let Ok(listed) = fs::read_dir(world.path(".runtime/attempts")) else { return Vec::new() };
    listed.flatten().filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Names of places that hold a secret.
fn leaks(world: &World, secrets: &[&str], said: &str) -> Vec<String> {
    let holds = |text: &str| secrets.iter().any(|secret| !secret.is_empty() && text.contains(secret));
    let mut found = Vec::new();
    for name in ["bot.log", "runs.txt"] {
        if holds(&world.text(name)) {
            found.push(name.to_owned());
        }
    }
    let environments =
        fs::read_dir(world.dir()).into_iter().flatten().flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    found.extend(environments.filter(|name| name.starts_with("env-")).filter(|name| holds(&world.text(name))));
    if holds(said) {
        found.push("what the command line said".to_owned());
    }
    world.sandbox.look(|discord| {
        for channel in discord.channels() {
            for message in discord.messages(channel.id) {
                let by_bot = discord.user(message.author).is_some_and(|user| user.bot);
                let boxes: String = message.embeds.iter().map(ToString::to_string).collect();
                if by_bot && (holds(&message.content) || holds(&boxes)) {
                    found.push(format!("message {} in #{}", message.id, channel.name));
                }
                for file in message.attachments.iter().filter(|_| by_bot) {
                    let bytes = discord.file(file.id).unwrap_or_default();
                    if holds(&String::from_utf8_lossy(&bytes)) {
                        found.push(format!("file {} of message {} in #{}", file.filename, message.id, channel.name));
                    }
                }
            }
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_read_by_its_first_and_third_line() {
        let text = "**[SUCCESS]** `42` by **agent-1**\n**Model:** x · **Thinking:** medium\n**Tokens:** 1 · **Cost:** $0.001215 · **Duration:** 1s · **Attempt:** 2\nok";

        let read = entry(text).unwrap();

        assert_eq!((read.task.as_str(), read.tag, read.number, read.cost), ("42", Tag::Success, Some(2), Some(1_215_000)));
        assert_eq!(entry("**[SUCCESS]** `42` by nobody"), None);
    }

    #[test]
    fn dollars_are_read_to_the_billionth() {
        for (shown, read) in [
            ("$0", Some(0)),
            ("$1.5", Some(1_500_000_000)),
            ("$0.000000001", Some(1)),
            ("$1,000.25", Some(1_000_250_000_000)),
            ("N/A", None),
        ] {
            assert_eq!(nanos(shown), read, "{shown}");
        }
    }
}
